"""Generated data is let go of, through whatever streams were derived from it."""

import gc
import weakref

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B

N = 6


@pytest.fixture
def generated():
    """A lazily made benchmark, and weak references to the tensors that were made."""
    made = []

    def days():
        for day in range(N):
            x = torch.zeros(4, 3)
            made.append(weakref.ref(x))
            yield TensorDataset(x, torch.tensor([0, 1, 2, 3]) + day)

    train = B.LazyStreamDefinition(days(), N, [0] * N)
    test = B.LazyStreamDefinition((TensorDataset(torch.zeros(1), torch.zeros(1)),), 1, [0])
    return B.lazy_benchmark(train, test), made


def alive(made):
    """How many datasets there are; not counting the last one, which the generator itself holds."""
    gc.collect()
    return sum(reference() is not None for reference in made[:-1])


def halves(dataset):
    return dataset.subset([0, 1]), dataset.subset([2, 3])


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"split_strategy": halves}], ids=["random", "custom"]
)
def test_a_validation_stream_lets_go_when_both_streams_are_done(generated, options):
    benchmark, made = generated
    split = B.benchmark_with_validation_stream(benchmark, 0.5, **options)
    for i in range(N):
        assert len(split.train_stream[i].dataset) == 2
        split.train_stream.drop_previous_experiences(i)
        assert len(split.valid_stream[i].dataset) == 2
        if i:
            split.valid_stream.drop_previous_experiences(i - 1)
        assert alive(made) == 0
    assert len(split.valid_stream[N - 1].dataset) == 2  # train has dropped it, valid has not


def test_a_split_that_repeats_keeps_nothing_alive(generated):
    benchmark, made = generated
    split = B.benchmark_with_validation_stream(benchmark, 0.5)
    for i, experience in enumerate(split.train_stream):
        assert len(experience.dataset) == 2
        benchmark.train_stream.drop_previous_experiences(i)
    del experience
    assert alive(made) == 0


DERIVED = {
    "class lists": lambda bm: B.with_classes_timeline(bm).train_stream,
    "task labels": lambda bm: B.with_task_labels(bm.train_stream),
    "tasks": lambda bm: B.task_incremental_benchmark(bm, reset_task_labels=True).train_stream,
}


@pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)
def test_derived_streams_pass_it_on(generated, derive):
    benchmark, made = generated
    stream = derive(benchmark)
    for i in range(N):
        assert len(stream[i].dataset) == 4
        stream.drop_previous_experiences(i)
    assert alive(made) == 0
    with pytest.raises(RuntimeError, match="experience 2 was dropped"):
        len(stream[2].dataset)


@pytest.mark.parametrize("custom", [None, lambda e: halves(e.dataset)], ids=["size", "custom"])
def test_pieces_let_go_of_experiences_that_are_done(generated, custom):
    benchmark, made = generated
    stream = B.data_incremental_benchmark(benchmark, 2, custom_split_strategy=custom).train_stream
    for i in range(2 * N):
        assert len(stream[i].dataset) == 2
        stream.drop_previous_experiences(i)
        assert alive(made) == max(N - 1 - (i + 1) // 2, 0)


def test_online_parts_let_go_of_experiences_that_are_done(generated):
    benchmark, made = generated
    stream = B.split_online_stream(benchmark.train_stream, 3, seed=0)
    assert len(stream) == 2 * N
    for i in range(2 * N):
        assert len(stream[i].dataset) == (1 if i % 2 else 3)
        stream.drop_previous_experiences(i)
        assert alive(made) == max(N - 1 - (i + 1) // 2, 0)


def test_dropping_from_data_that_is_not_generated_has_no_effect():
    data = TensorDataset(torch.arange(8.0), torch.arange(8) % 2)
    stream = B.with_classes_timeline(B.nc_benchmark(data, data, 2, False)).train_stream
    stream.drop_previous_experiences(1)
    assert [len(e.dataset) for e in stream] == [4, 4]
    B.class_incremental_benchmark(
        {"train": data}, num_experiences=2
    ).train_stream.drop_previous_experiences(-1)


def test_an_online_stream_of_a_users_strategy_keeps_no_parts():
    data = TensorDataset(torch.arange(8.0), torch.arange(8) % 2)
    origin = B.nc_benchmark(data, data, 2, False, shuffle=False).train_stream
    made = []

    def parts(experience):
        for part in B.FixedSizeExperienceSplitter(experience, 2, shuffle=False):
            made.append(weakref.ref(part))
            yield part

    stream = B.split_online_stream(origin, 2, experience_split_strategy=parts)
    for experience in stream:
        assert len(experience.dataset) == 2
    del experience
    assert len(made) == 4
    gc.collect()
    assert not any(part() for part in made)
    assert [int(s[0]) for e in stream for s in e.dataset] == [0, 2, 4, 6, 1, 3, 5, 7]
    assert [e.current_experience for e in stream] == [0, 1, 2, 3]
    once = B.split_online_stream((e for e in origin), 2, experience_split_strategy=parts)
    assert len(list(once)) == len(list(once)) == 4
