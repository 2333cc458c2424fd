"""Online streams: every sample once, lazily, and the origin stays known."""

import tracemalloc

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks import MaskedAttributeError


def benchmark(n=40, task_labels=True):
    numbers = torch.arange(n)
    data = TensorDataset(numbers.float(), numbers % 4)
    return B.nc_benchmark(data, data, 2, task_labels, seed=0)


def samples(experience):
    return [int(s[0]) for s in experience.dataset]


def test_every_sample_comes_once_in_parts_of_the_size():
    bm = benchmark()
    online = B.split_online_stream(bm.train_stream, 6, seed=1)
    parts = [samples(e) for e in online]
    assert [len(p) for p in parts] == [6, 6, 6, 2, 6, 6, 6, 2]
    for origin, own in zip(bm.train_stream, (parts[:4], parts[4:]), strict=True):
        assert sorted(s for p in own for s in p) == sorted(samples(origin))
    assert (online.name, len(online)) == ("train_online", 8)
    assert [samples(e) for e in online] == parts
    assert [samples(online[i]) for i in (5, 0, 7)] == [parts[5], parts[0], parts[7]]
    assert [e.current_experience for e in online[2:4]] == [2, 3]


def test_the_order_is_that_of_avalanche_lib_for_the_same_seed():
    numbers = torch.arange(20)
    data = TensorDataset(numbers.float(), numbers % 4)
    stream = B.nc_benchmark(data, data, 2, True, seed=0).train_stream
    recorded = [
        [5, 0, 12],
        [9, 13, 1],
        [4, 17, 8],
        [16],
        [7, 2, 14],
        [11, 15, 3],
        [6, 19, 10],
        [18],
    ]
    assert [samples(e) for e in B.split_online_stream(stream, 3, seed=3)] == recorded


def test_without_shuffle_and_with_drop_last():
    stream = benchmark().train_stream
    online = B.split_online_stream(stream, 6, shuffle=False, drop_last=True)
    flat = samples(stream[0])
    assert [samples(e) for e in online[:3]] == [flat[:6], flat[6:12], flat[12:18]]
    ends = [(e.is_first_subexp, e.is_last_subexp, e.sub_stream_length) for e in online[:3]]
    assert ends == [(True, False, 3), (False, False, 3), (False, True, 3)]


def test_without_a_seed_the_order_is_random_but_stays():
    torch.manual_seed(0)
    stream = B.split_online_stream(benchmark().train_stream, 20)
    other = B.split_online_stream(benchmark().train_stream, 20)
    assert [samples(e) for e in stream] == [samples(e) for e in stream]
    assert [samples(e) for e in stream] != [samples(e) for e in other]


def test_class_lists_and_task_labels_are_those_of_the_origin():
    bm = benchmark()
    part = B.split_online_stream(bm.train_stream, 5, seed=0)[6]
    origin = bm.train_stream[1]
    for name in (
        "classes_in_this_experience",
        "previous_classes",
        "classes_seen_so_far",
        "future_classes",
        "task_labels",
        "task_label",
    ):
        assert getattr(part, name) == getattr(origin, name), name
        assert getattr(part.train(), name) == getattr(origin, name), name
    plain = B.benchmark_from_datasets(train=[e.dataset for e in bm.train_stream]).train_stream
    assert not hasattr(B.split_online_stream(plain, 5)[0], "classes_in_this_experience")


@pytest.mark.parametrize("name", ["is_first_subexp", "origin_experience", "subexp_size"])
def test_learners_see_boundaries_only_where_they_may(name):
    stream = benchmark().train_stream
    hidden = B.split_online_stream(stream, 5)[0]
    assert getattr(hidden, name) is not None
    with pytest.raises(MaskedAttributeError, match=name):
        getattr(hidden.train(), name)
    shown = B.split_online_stream(stream, 5, access_task_boundaries=True)[0]
    assert getattr(shown.train(), name) is not None
    assert shown.access_task_boundaries
    assert not hidden.access_task_boundaries


def test_an_own_strategy_and_generators():
    stream = benchmark().train_stream

    def halves(experience):
        return B.FixedSizeExperienceSplitter(experience, 10, shuffle=False)

    own = B.split_online_stream(stream, 1, experience_split_strategy=halves)
    assert [len(e.dataset) for e in own] == [10, 10, 10, 10]
    from_generator = B.split_online_stream((e for e in stream), 10, seed=0)
    assert [samples(e) for e in from_generator] == [
        samples(e) for e in B.split_online_stream(stream, 10, seed=0)
    ]


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match=r"experience_size=.*expected an int above zero"):
        B.split_online_stream(benchmark().train_stream, size)


def test_a_long_stream_keeps_nothing():
    data = TensorDataset(torch.zeros(20_000, 1), torch.arange(20_000) % 10)
    stream = B.nc_benchmark(data, data, 1, False, seed=0).train_stream
    online = B.split_online_stream(stream, 2, seed=0)
    tracemalloc.start()
    marks = []
    for number, experience in enumerate(online):
        len(experience.dataset)
        if number in (500, 9_500):
            marks.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert marks[1] - marks[0] < 50_000


def test_a_splitter_is_a_sequence_of_parts():
    splitter = B.FixedSizeExperienceSplitter(benchmark().train_stream[0], 8, seed=4)
    assert len(splitter) == 3
    assert samples(splitter[-1]) == samples(list(splitter)[2])
    with pytest.raises(IndexError, match=r"part 3: the experience has 3 parts"):
        splitter[3]


def test_several_sources_in_one_experience():
    datasets = [TensorDataset(torch.full((5,), float(i)), torch.arange(5)) for i in range(2)]
    both = B.dataset_benchmark([torch.utils.data.ConcatDataset(datasets)], [datasets[0]])
    parts = list(B.split_online_stream(both.train_stream, 4, seed=0))
    assert sorted(s for p in parts for s in samples(p)) == [0] * 5 + [1] * 5


def test_the_older_online_benchmark():
    bm = benchmark()
    online = B.OnlineCLScenario(bm.streams.values(), experience_size=10)
    assert list(online.streams) == ["train", "original_train", "original_test"]
    assert len(online.train_stream) == 4
    assert online.train_online_stream is online.train_stream
    assert [samples(e) for e in online.original_test_stream] == [samples(e) for e in bm.test_stream]
    assert online.n_classes == 4
    assert bm.train_stream[0].origin_stream is bm.train_stream
    one = B.OnlineCLScenario(bm.streams.values(), bm.train_stream[1], experience_size=10)
    assert len(one.train_stream) == 2
    fading = B.OnlineCLScenario(
        bm.streams.values(), stream_split_strategy="continuous_linear_decay"
    )
    assert len(fading.train_stream) == 20
    with pytest.raises(ValueError, match=r"stream_split_strategy='odd': expected one of"):
        B.OnlineCLScenario(bm.streams.values(), stream_split_strategy="odd")
    with pytest.raises(ValueError, match=r"expected one called 'train'"):
        B.OnlineCLScenario([bm.test_stream])


@pytest.mark.parametrize("cut", ["fixed_size_split", "continuous_linear_decay"])
@pytest.mark.parametrize("given", ["stream", "slice", "list", "tuple", "generator"])
def test_the_older_benchmark_cuts_whatever_holds_experiences(given, cut):
    bm = benchmark()
    stream = bm.train_stream
    experiences = {
        "stream": stream,
        "slice": stream[:2],
        "list": list(stream),
        "tuple": tuple(stream),
        "generator": (e for e in stream),
    }[given]
    online = B.OnlineCLScenario(bm.streams.values(), experiences, 10, stream_split_strategy=cut)
    for _ in range(2):
        parts = [samples(e) for e in online.train_stream]
        assert {s for p in parts for s in p} == set(samples(stream[0]) + samples(stream[1]))
        assert [len(p) for p in parts] == [10] * (4 if cut == "fixed_size_split" else 20)
