"""Random numbers are settled when a benchmark is made; reading it draws nothing."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.scenarios.draws import PrivateDraws


def nc():
    numbers = torch.arange(40)
    data = TensorDataset(numbers.float(), numbers % 4)
    return B.nc_benchmark(data, data, 4, False, seed=0)


def drawn(dataset):
    """A strategy that draws from the global generator."""
    order = torch.randperm(len(dataset))
    return dataset.subset(order[3:]), dataset.subset(order[:3])


LAZY = {
    "valid": lambda: B.benchmark_with_validation_stream(nc(), 0.5, shuffle=True),
    "balanced": lambda: B.benchmark_with_validation_stream(
        nc(), split_strategy=B.split_validation_class_balanced(0.5)
    ),
    "own": lambda: B.benchmark_with_validation_stream(nc(), split_strategy=drawn),
    "pieces": lambda: B.data_incremental_benchmark(nc(), 4, shuffle=True),
    "custom pieces": lambda: B.data_incremental_benchmark(
        nc(), 4, custom_split_strategy=lambda e: drawn(e.dataset)
    ),
    "online": lambda: B.CLScenario([B.split_online_stream(nc().train_stream, 3)]),
    "custom online": lambda: B.CLScenario(
        [
            B.split_online_stream(
                nc().train_stream,
                3,
                experience_split_strategy=lambda e: B.FixedSizeExperienceSplitter(e, 3),
            )
        ]
    ),
}


def contents(benchmark, between=lambda: None):
    found = {}
    for name, stream in benchmark.streams.items():
        for experience in stream:
            rows = [int(s[0]) for s in experience.dataset]
            found.setdefault(name, []).append(rows)
            between()
    return found


def states():
    numpy_state = str(np.random.get_state())
    return hash(torch.get_rng_state().numpy().tobytes()), numpy_state, random.getstate()


@pytest.mark.parametrize("make", LAZY.values(), ids=LAZY)
def test_when_experiences_are_read_changes_nothing(make):
    torch.manual_seed(5)
    first = make()
    torch.manual_seed(5)
    second = make()
    backwards = {
        name: [[int(s[0]) for s in e.dataset] for e in reversed(list(stream))]
        for name, stream in reversed(first.streams.items())
    }
    found = contents(second, lambda: torch.rand(1))
    assert {name: lists[::-1] for name, lists in backwards.items()} == found
    assert contents(second) == found
    torch.manual_seed(6)
    assert contents(make()) != found


@pytest.mark.parametrize("make", LAZY.values(), ids=LAZY)
def test_looking_at_a_benchmark_leaves_all_generators_alone(make):
    benchmark = make()
    before = states()
    benchmark.summary()
    contents(benchmark)
    assert states() == before


def test_making_a_benchmark_with_a_seed_leaves_all_generators_alone():
    before = states()
    contents(B.benchmark_with_validation_stream(nc(), 0.5, shuffle=True, seed=1))
    contents(B.benchmark_with_validation_stream(nc(), 0.5))
    contents(B.data_incremental_benchmark(nc(), 4))
    contents(B.CLScenario([B.split_online_stream(nc().train_stream, 3, seed=1)]))
    assert states() == before


def test_experiences_are_drawn_differently_without_a_seed():
    benchmark = B.benchmark_with_validation_stream(nc(), 5, shuffle=True)
    places = [[row // 4 for row in rows] for rows in contents(benchmark)["valid"]]
    assert len({tuple(p) for p in places}) > 1


def test_private_draws_go_on_and_repeat():
    draws = PrivateDraws(3, 2)
    before = torch.get_rng_state()
    found = []
    for _ in range(2):
        with draws.used():
            found.append(torch.rand(2))
    assert torch.equal(before, torch.get_rng_state())
    expected = torch.rand(4, generator=torch.Generator().manual_seed(5))
    assert torch.equal(torch.cat(found), expected)
