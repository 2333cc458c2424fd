"""Where 0.6 has benchmarks with new instances."""

from .ni_scenario import NIExperience, NIScenario, NIStream

__all__ = [
    "NIExperience",
    "NIScenario",
    "NIStream",
]
