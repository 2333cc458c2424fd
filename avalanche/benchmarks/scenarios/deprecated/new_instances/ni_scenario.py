"""Benchmarks with new instances, as 0.6 has them."""

from ...new_instances import NIExperience, NIScenario, NIStream

__all__ = [
    "NIExperience",
    "NIScenario",
    "NIStream",
]
