"""Incoming batches: each one as often as asked, with random samples of the memory."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.training.incoming import IncomingDataLoader


def data(first, count):
    return TensorDataset(torch.arange(first, first + count))


@pytest.mark.parametrize("shuffle", [False, True], ids=["in order", "shuffled"])
@pytest.mark.parametrize("repeat", [1, 3])
def test_every_incoming_sample_comes_exactly_as_often_as_asked(shuffle, repeat):
    options = {"batch_size": 4, "repeat": repeat, "shuffle": shuffle}
    loader = IncomingDataLoader(data(0, 10), data(100, 6), **options)
    batches = [b[0].tolist() for b in loader]
    assert len(batches) == len(loader) == 3 * repeat
    new = [[v for v in b if v < 100] for b in batches]
    assert sorted(v for b in new for v in b) == sorted([*range(10)] * repeat)
    assert all(new[i] == new[i - i % repeat] for i in range(len(new)))
    assert [len(b) for b in new] == [4] * 2 * repeat + [2] * repeat
    for b in batches:
        old = [v for v in b if v >= 100]
        assert len(set(old)) == 4, "a share of the memory without repetition"


def test_the_memory_is_drawn_at_random_even_without_shuffling():
    counts = torch.zeros(20)
    for _ in range(400):
        loader = IncomingDataLoader(data(-1, 1), data(0, 20), batch_size=1, batch_size_mem=2)
        counts[next(iter(loader))[0][1:]] += 1
    expected = 400 * 2 / 20
    assert ((counts - expected) ** 2 / expected).sum() < 45  # chi-square, 19 degrees, p = 0.0007


def test_small_and_empty_memories():
    loader = IncomingDataLoader(data(0, 3), data(9, 1), batch_size=2)
    assert [b[0].tolist() for b in loader] == [[0, 1, 9], [2, 9]]
    loader = IncomingDataLoader(data(0, 3), data(9, 0), batch_size=2, drop_last=True)
    assert [b[0].tolist() for b in loader] == [[0, 1]]
    assert len(loader) == 1
    loader = IncomingDataLoader(data(0, 1), data(9, 0), batch_size=2, drop_last=True)
    with pytest.warns(UserWarning, match="no batch is left of 1 samples with batch_size=2"):
        assert list(loader) == []


def test_workers_read_the_same_batches():
    batches = []
    for workers in (0, 1):
        torch.manual_seed(1)
        loader = IncomingDataLoader(
            data(0, 6), data(100, 6), batch_size=2, shuffle=True, num_workers=workers
        )
        batches.append([b[0].tolist() for b in loader])
    assert batches[0] == batches[1]


@pytest.mark.parametrize("name", ["batch_size", "repeat"])
def test_impossible_counts_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}=0: expected an int above zero"):
        IncomingDataLoader(data(0, 2), data(9, 0), **{"batch_size": 1, name: 0})


@pytest.mark.parametrize("size", [-1, 1.5, True], ids=["negative", "fractional", "bool"])
def test_impossible_shares_of_the_memory_are_refused(size):
    with pytest.raises(ValueError, match=f"batch_size_mem={size}: expected a whole number"):
        IncomingDataLoader(data(0, 2), data(9, 3), batch_size=2, batch_size_mem=size)


def test_a_share_of_0_leaves_the_memory_out():
    loader = IncomingDataLoader(data(0, 3), data(9, 3), batch_size=2, batch_size_mem=0)
    assert [b[0].tolist() for b in loader] == [[0, 1], [2]]
