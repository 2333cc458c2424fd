"""Benchmarks with new classes, as 0.6 has them."""

from ...new_classes import NCExperience, NCScenario, NCStream

__all__ = [
    "NCExperience",
    "NCScenario",
    "NCStream",
]
