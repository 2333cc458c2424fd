"""Memories of past samples, for replay: usable inside a strategy, an agent, or alone."""

from avalanche.training.storage_policy.balanced import (
    BalancedExemplarsBuffer,
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
)
from avalanche.training.storage_policy.base import ExemplarsBuffer
from avalanche.training.storage_policy.reservoir import ReservoirSamplingBuffer

__all__ = [
    "BalancedExemplarsBuffer",
    "ClassBalancedBuffer",
    "ExemplarsBuffer",
    "ExperienceBalancedBuffer",
    "ReservoirSamplingBuffer",
]
