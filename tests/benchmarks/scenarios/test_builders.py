"""Every builder of benchmarks keeps the promises of every benchmark."""

import pytest
import torch
from torch.utils.data import Subset, TensorDataset

from avalanche import benchmarks as B
from avalanche.testing import check_benchmark


def data(n=60, n_classes=6, first=0):
    numbers = torch.arange(n)
    return TensorDataset((numbers + first).float().reshape(-1, 1), numbers * 5 % n_classes)


def by_hand(seed):
    order = torch.randperm(60, generator=torch.Generator().manual_seed(seed)).split(20)
    return [Subset(data(), o.tolist()) for o in order]


def nc(seed, **options):
    return B.nc_benchmark(data(), data(30, 6, 1000), 3, False, seed=seed, **options)


def incremental(seed, **options):
    streams = {"train": data(), "test": data(30, 6, 1000)}
    return B.class_incremental_benchmark(streams, num_experiences=4, seed=seed, **options)


def from_datasets(seed):
    parts = [B.utils.as_classification_dataset(d) for d in by_hand(seed)]
    return B.with_classes_timeline(B.benchmark_from_datasets(train=parts, test=parts[:1]))


def online(seed):
    bm = nc(seed)
    stream = B.split_online_stream(bm.train_stream, 7, seed=seed)
    stream.name = "train"
    test = B.EagerCLStream("test", list(bm.test_stream))
    return B.with_classes_timeline(B.CLScenario([stream, test]))


def lazy(seed):
    def stream():
        return B.LazyStreamDefinition((d for d in by_hand(seed)), 3, [0, 1, 2])

    return B.lazy_benchmark(stream(), stream())


def tensors(seed):
    parts = [[*zip(*d, strict=True)] for d in by_hand(seed)]
    stacked = [[torch.stack(x), torch.stack(y)] for x, y in parts]
    return B.tensors_benchmark(stacked, stacked[:1], task_labels=[0, 0, 1])


def lists(seed, **options):
    train, test = [data(), data(30, 5, 100)], [data(), data(30, 5, 200)]
    return B.nc_benchmark(train, test, 2, True, seed=seed, **options)


MAKERS = {
    "nc_benchmark": nc,
    "nc_benchmark, remapped": lambda s: nc(s, class_ids_from_zero_from_first_exp=True),
    "nc_benchmark, one dataset each": lambda s: lists(s, one_dataset_per_exp=True),
    "ni_benchmark": lambda s: B.ni_benchmark(data(), data(30), 4, seed=s),
    "ni_benchmark, balanced": lambda s: B.ni_benchmark(
        data(), data(30), 4, seed=s, balance_experiences=True, task_labels=True
    ),
    "class_incremental_benchmark": incremental,
    "task_incremental_benchmark": lambda s: B.task_incremental_benchmark(incremental(s)),
    "new_instances_benchmark": lambda s: B.new_instances_benchmark(data(), data(30), 4, seed=s),
    "benchmark_from_datasets": from_datasets,
    "dataset_benchmark": lambda s: B.dataset_benchmark(by_hand(s), by_hand(s)[:1]),
    "tensors_benchmark": tensors,
    "lazy_benchmark": lazy,
    "data_incremental_benchmark": lambda s: B.data_incremental_benchmark(nc(s), 7),
    "data_incremental_benchmark, no labels": lambda s: B.data_incremental_benchmark(
        incremental(s), 7
    ),
    "benchmark_with_validation_stream": lambda s: B.benchmark_with_validation_stream(
        nc(s), 0.3, shuffle=True, seed=s
    ),
    "split_online_stream": online,
}


@pytest.mark.parametrize("name", MAKERS)
def test_conforms(name):
    before = torch.get_rng_state()
    check_benchmark(MAKERS[name])
    assert torch.equal(before, torch.get_rng_state())


def test_nothing_given_is_changed():
    train, test = data(), data(30, 6, 1000)
    copies = [t.clone() for d in (train, test) for t in d.tensors]
    order, counts = [5, 4, 3, 2, 1, 0], {0: 2}
    bm = B.nc_benchmark(train, test, 3, False, fixed_class_order=order, per_exp_classes=counts)
    before = [len(e.dataset) for e in bm.train_stream]
    B.benchmark_with_validation_stream(bm, 0.5).train_stream[0].dataset  # noqa: B018
    B.task_incremental_benchmark(bm, reset_task_labels=True).train_stream[0].dataset  # noqa: B018
    list(B.split_online_stream(bm.train_stream, 3))
    assert [len(e.dataset) for e in bm.train_stream] == before
    assert bm.task_labels == [[0], [0], [0]]
    assert (order, counts) == ([5, 4, 3, 2, 1, 0], {0: 2})
    tensors = [t for d in (train, test) for t in d.tensors]
    assert all(torch.equal(a, b) for a, b in zip(tensors, copies, strict=True))
