"""Benchmarks, streams and experiences survive pickling, whatever they were derived from."""

import pickle

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from avalanche import benchmarks as B


def data(n=40):
    numbers = torch.arange(n)
    return TensorDataset(numbers.float(), numbers % 4)


def nc():
    return B.nc_benchmark(data(), data(), 4, False, seed=0)


def ci():
    return B.class_incremental_benchmark({"train": data(), "test": data()}, num_experiences=4)


def drawn(dataset):
    return dataset.subset(torch.arange(3)), dataset.subset(torch.arange(3, len(dataset)))


def pieces_of(experience):
    return drawn(experience.dataset)


def parts_of(experience):
    return B.FixedSizeExperienceSplitter(experience, 3)


def online(**options):
    return B.CLScenario([B.split_online_stream(nc().train_stream, 3, **options)])


MAKERS = {
    "nc": nc,
    "ni": lambda: B.ni_benchmark(data(), data(), 4, seed=0),
    "datasets": lambda: B.dataset_benchmark([data(), data()], [data()]),
    "class incremental": ci,
    "new instances": lambda: B.new_instances_benchmark(data(), data(), 4),
    "task incremental": lambda: B.task_incremental_benchmark(ci()),
    "task labels": lambda: B.with_task_labels(nc()),
    "valid": lambda: B.benchmark_with_validation_stream(ci(), 0.5, shuffle=True),
    "custom valid": lambda: B.benchmark_with_validation_stream(nc(), split_strategy=drawn),
    "online": online,
    "custom online": lambda: online(experience_split_strategy=parts_of),
    "online of valid": lambda: B.CLScenario(
        [B.split_online_stream(B.benchmark_with_validation_stream(ci(), 0.5).valid_stream, 3)]
    ),
    "fading": lambda: B.CLScenario(
        [B.split_continuous_linear_decay_stream(nc().train_stream, 3, 4, 4, True)]
    ),
    "old online": lambda: B.OnlineCLScenario(nc().streams.values(), experience_size=3),
    "pieces": lambda: B.data_incremental_benchmark(nc(), 3, shuffle=True),
    "pieces without tasks": lambda: B.data_incremental_benchmark(ci(), 3),
    "custom pieces": lambda: B.data_incremental_benchmark(nc(), 3, custom_split_strategy=pieces_of),
}


def contents(benchmark):
    return {
        name: [[int(s[0]) for s in e.dataset] for e in stream]
        for name, stream in benchmark.streams.items()
    }


def copy(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_benchmarks_streams_and_experiences(make):
    benchmark = make()
    fresh = copy(benchmark)
    assert contents(fresh) == contents(benchmark)
    assert contents(copy(benchmark)) == contents(benchmark)  # after reading
    stream = next(iter(benchmark.streams.values()))
    assert [len(e.dataset) for e in copy(stream)] == [len(e.dataset) for e in stream]
    first = next(iter(stream))
    again = copy(first)
    assert [int(s[0]) for s in again.dataset] == [int(s[0]) for s in first.dataset]
    for field in ("classes_in_this_experience", "future_classes", "task_labels"):
        if hasattr(first, field):
            assert getattr(again, field) == getattr(first, field)


def test_a_half_read_timeline_goes_on():
    benchmark = ci()
    assert benchmark.train_stream[1].previous_classes
    assert copy(benchmark).train_stream[0].future_classes == (
        benchmark.train_stream[0].future_classes
    )


def test_a_stream_of_a_generator_keeps_what_was_made_and_says_so():
    stream = B.CLStream("train", (B.DatasetExperience(dataset=[i]) for i in range(3)))
    next(iter(stream))
    again = copy(stream)
    assert next(iter(again)).dataset == [0]
    with pytest.raises(RuntimeError, match="only the 1 experiences that were made"):
        list(again)
    assert len(list(stream)) == 3
    days = B.LazyStreamDefinition((data() for _ in range(2)), 2, [0, 0])
    lazy = B.lazy_benchmark(days, B.LazyStreamDefinition((data() for _ in range(1)), 1, [0]))
    assert len(lazy.train_stream[0].dataset) == 40
    again = copy(lazy)
    assert len(again.train_stream[0].dataset) == 40
    with pytest.raises(RuntimeError, match="only the 1 datasets that were made"):
        len(again.train_stream[1].dataset)


def test_a_dataset_goes_to_a_spawned_worker():
    benchmark = B.benchmark_with_validation_stream(B.task_incremental_benchmark(ci()), 0.5)
    dataset = B.split_online_stream(benchmark.train_stream, 3)[1].dataset
    found = DataLoader(dataset, batch_size=2, num_workers=1, multiprocessing_context="spawn")
    expected = DataLoader(dataset, batch_size=2)
    for batch, wanted in zip(found, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(batch, wanted, strict=True))
