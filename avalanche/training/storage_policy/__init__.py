"""Memories of past samples, for replay: usable inside a strategy, an agent, or alone."""

from avalanche.training.storage_policy.balanced import (
    BalancedExemplarsBuffer,
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
)
from avalanche.training.storage_policy.base import ExemplarsBuffer
from avalanche.training.storage_policy.greedy import GreedyBalancingBuffer
from avalanche.training.storage_policy.grouped import BufferGroup, GroupedBuffer
from avalanche.training.storage_policy.parametric import ParametricBuffer
from avalanche.training.storage_policy.reservoir import ReservoirSamplingBuffer
from avalanche.training.storage_policy.selection import (
    ClassExemplarsSelectionStrategy,
    ClosestToCenterSelectionStrategy,
    ExemplarsSelectionStrategy,
    FeatureBasedExemplarsSelectionStrategy,
    HerdingSelectionStrategy,
    RandomExemplarsSelectionStrategy,
)

__all__ = [
    "BalancedExemplarsBuffer",
    "BufferGroup",
    "ClassBalancedBuffer",
    "ClassExemplarsSelectionStrategy",
    "ClosestToCenterSelectionStrategy",
    "ExemplarsBuffer",
    "ExemplarsSelectionStrategy",
    "ExperienceBalancedBuffer",
    "FeatureBasedExemplarsSelectionStrategy",
    "GreedyBalancingBuffer",
    "GroupedBuffer",
    "HerdingSelectionStrategy",
    "ParametricBuffer",
    "RandomExemplarsSelectionStrategy",
    "ReservoirSamplingBuffer",
]
