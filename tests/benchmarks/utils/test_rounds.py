"""A memory is read in rounds, each of them in a random order of its own."""

from collections import Counter

import torch
from scipy.stats import chisquare
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils.data_loader import ReplayDataLoader

MEMORY, SHARE, ROUND = 64, 8, 64 // 8


def rounds_of_the_memory(seed, rounds):
    """Numbers of the memory's samples as they come, one list for each round."""
    torch.manual_seed(seed)
    current = TensorDataset(torch.full((rounds * ROUND,), -1))
    memory = TensorDataset(torch.arange(MEMORY))
    loader = ReplayDataLoader(current, memory, True, 1, SHARE, shuffle=True)
    batches = [batch[0].tolist() for batch in loader]
    assert [len(batch) for batch in batches] == [1 + SHARE] * (rounds * ROUND)
    assert {batch[0] for batch in batches} == {-1}
    taken = [number for batch in batches for number in batch[1:]]
    return [taken[start : start + MEMORY] for start in range(0, len(taken), MEMORY)]


def test_every_round_is_a_new_permutation_of_the_memory():
    rounds = rounds_of_the_memory(0, 3)
    for taken in rounds:
        assert sorted(taken) == list(range(MEMORY))
        assert taken != list(range(MEMORY))
    assert len({tuple(taken) for taken in rounds}) == 3


def test_a_sample_comes_at_every_place_of_a_round_equally_often():
    places = Counter(rounds_of_the_memory(seed, 1)[0].index(0) for seed in range(500))
    assert chisquare([places[place] for place in range(MEMORY)]).pvalue > 1e-3
