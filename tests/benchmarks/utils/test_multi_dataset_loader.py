"""Batches with a given number of samples of every dataset, against sequences worked out by hand."""

import itertools
import pickle

import pytest
import torch
from torch.utils.data import BatchSampler, ConcatDataset, DataLoader, TensorDataset

from avalanche.benchmarks.utils.data_loader import (
    MultiDatasetDataLoader,
    MultiDatasetSampler,
    MultiTaskDataLoader,
    TaskBalancedDataLoader,
    return_identity,
)


def numbers(n, first=0):
    return TensorDataset(torch.arange(first, first + n))


FIVE, THREE = numbers(5), numbers(3, 100)
CASES = [
    ({}, [[0, 1, 100, 101], [2, 3, 102], [4]]),
    ({"oversample": True}, [[0, 1, 100, 101], [2, 3, 102], [4, 100, 101]]),
    ({"ends": 1}, [[0, 1, 100, 101], [2, 3, 102]]),
    ({"ends": 0}, [[0, 1, 100, 101], [2, 3, 102], [4]]),
    ({"ends": 1, "oversample": True}, [[0, 1, 100, 101], [2, 3, 102]]),
    ({"drop_last": True}, [[0, 1, 100, 101], [2, 3, 102]]),
]


def made(ends=-1, oversample=False, **options):
    return MultiDatasetDataLoader([FIVE, THREE], [2, 2], ends, oversample, **options)


@pytest.mark.parametrize(("options", "expected"), CASES)
@pytest.mark.parametrize("workers", [0, 1])
def test_orders_by_hand(options, expected, workers):
    loader = made(**options, num_workers=workers)
    assert [b[0].tolist() for b in loader] == expected
    assert len(loader) == len(expected)


def test_never_ending_loaders_start_again_without_repeating_a_sample_in_a_batch():
    loader = made(never_ending=True, shuffle=True)
    batches = [b[0].tolist() for b in itertools.islice(loader, 150)]
    assert [len(b) for b in batches[:6]] == [4, 3, 3, 3, 4, 2]
    seen = [n for b in batches for n in b if n < 100]
    assert all(sorted(seen[i : i + 5]) == [0, 1, 2, 3, 4] for i in range(0, 250, 5))
    assert all(len(set(b)) == len(b) for b in batches)
    assert len(loader) == 10**10
    full = made(never_ending=True, shuffle=True, drop_last=True)
    assert {len(set(b[0].tolist())) for b in itertools.islice(full, 150)} == {4}


def test_empty_datasets_add_nothing():
    loader = MultiDatasetDataLoader([numbers(0), THREE], [2, 2])
    assert [b[0].tolist() for b in loader] == [[100, 101], [102]]
    assert list(MultiDatasetDataLoader([numbers(0)], [2])) == []


def test_loaders_are_picklable_and_shuffle_every_epoch():
    loader = pickle.loads(pickle.dumps(made(shuffle=True)))
    first, second = ([b[0].tolist() for b in loader] for _ in range(2))
    assert first != second
    flat = [sorted(n for batch in epoch for n in batch) for epoch in (first, second)]
    assert flat == [[0, 1, 2, 3, 4, 100, 101, 102]] * 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 1, 5, 6], [2, 3, 7], [4]]),
        ({"termination_dataset_idx": 1}, [[0, 1, 5, 6], [2, 3, 7]]),
        ({"oversample_small_datasets": True}, [[0, 1, 5, 6], [2, 3, 7], [4, 5, 6]]),
        ({"termination_dataset_idx": -1}, [[0, 1, 5, 6], [2, 3, 7], [4]]),
    ],
)
def test_the_sampler_serves_torchs_loader(options, expected):
    data = [FIVE, THREE]
    samplers = [BatchSampler(range(len(d)), 2, False) for d in data]
    sampler = MultiDatasetSampler(data, samplers, **options)
    assert list(sampler) == expected
    loader = DataLoader(ConcatDataset(data), batch_sampler=sampler)
    assert [len(b[0]) for b in loader] == [len(b) for b in expected]
    endless = MultiDatasetSampler(data, samplers, never_ending=True)
    assert list(itertools.islice(endless, 4))[3] == [0, 1, 7]


def test_older_names_and_helpers():
    loader = MultiTaskDataLoader(FIVE, batch_size=2)
    assert isinstance(loader, TaskBalancedDataLoader)
    assert [b[0].tolist() for b in loader] == [[0, 1], [2, 3], [4]]
    assert return_identity(3) == 3


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match=r"batch_sizes=\[2\]: expected 2 sizes"):
        MultiDatasetDataLoader([FIVE, THREE], [2])
    with pytest.raises(ValueError, match=r"batch_sizes\[1\]=0: expected an int above zero"):
        MultiDatasetDataLoader([FIVE, THREE], [2, 0])
    with pytest.raises(ValueError, match="termination_dataset=2: expected -1"):
        made(ends=2)
    with pytest.raises(ValueError, match="samplers: 1 for 2 datasets"):
        MultiDatasetSampler([FIVE, THREE], [range(2)])
    with pytest.raises(TypeError, match="collate_mbatches=.*pass collate_fn"):
        made(collate_mbatches=sum)
