"""An error while a stream is read never makes the stream shorter."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.scenarios.class_lists import ClassTimeline
from avalanche.benchmarks.scenarios.dataset_experience import map_stream


def nc():
    numbers = torch.arange(20)
    data = TensorDataset(numbers.float(), numbers % 5)
    return B.nc_benchmark(data, data, 5, False, shuffle=False)


class Failing:
    """A function that fails at its second call, and only then."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        if self.calls == 2:
            raise OSError("transient")
        return self.function(*args)


def test_pieces_go_on_where_they_were():
    split = Failing(lambda e: [e.dataset])
    stream = B.data_incremental_benchmark(nc(), 4, custom_split_strategy=split).train_stream
    with pytest.raises(OSError, match="transient"):
        len(stream)
    assert [len(e.dataset) for e in stream] == [4] * 5
    assert [int(s[0]) for s in stream[1].dataset] == [1, 6, 11, 16]


def test_class_lists_go_on_where_they_were():
    look = Failing(lambda label: [label])
    timeline = ClassTimeline(lambda: (look(label) for label in range(4)))
    with pytest.raises(OSError, match="transient"):
        timeline.future(0)
    assert timeline.future(0) == [1, 2, 3]
    assert timeline.every() == [0, 1, 2, 3]


def test_a_generator_that_failed_fails_again():
    make = Failing(lambda i: B.DatasetExperience(dataset=[i]))
    stream = B.CLStream("train", (make(i) for i in range(4)))
    for _ in range(2):
        with pytest.raises(OSError, match="transient"):
            list(stream)
    assert next(iter(stream)).dataset == [0]


def test_a_stream_that_can_start_anew_goes_on():
    made = B.CLStream("train", (B.DatasetExperience(dataset=[i]) for i in range(4)))
    stream = map_stream(made, Failing(lambda e, i: e._copy()))
    with pytest.raises(OSError, match="transient"):
        list(stream)
    assert [e.dataset for e in stream] == [[0], [1], [2], [3]]


def test_online_parts_of_a_strategy_that_fails_once():
    stream = B.split_online_stream(nc().train_stream, 2, experience_split_strategy=Failing(list_of))
    with pytest.raises(OSError, match="transient"):
        list(stream)
    assert len(list(stream)) == 5


def list_of(experience):
    return [experience]


class Sizes:
    """Experiences with a dataset whose length can't be read the second time."""

    length = Failing(lambda: 4)

    def __len__(self):
        return self.length()


def test_the_length_of_an_online_stream():
    origins = [B.DatasetExperience(dataset=Sizes()) for _ in range(3)]
    stream = B.split_online_stream(origins, 2)
    with pytest.raises(OSError, match="transient"):
        len(stream)
    assert len(stream) == 6


def test_generated_datasets():
    def days():
        yield from (TensorDataset(torch.zeros(2), torch.tensor([0, 1])) for _ in range(1))
        raise OSError("gone")

    stream = B.LazyStreamDefinition(days(), 3, [0] * 3)
    benchmark = B.lazy_benchmark(stream, B.LazyStreamDefinition(days(), 1, [0]))
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            len(benchmark.train_stream[2].dataset)
    assert len(benchmark.train_stream[0].dataset) == 2
