"""Where 0.6 has benchmarks with new classes."""

from .nc_scenario import NCExperience, NCScenario, NCStream

__all__ = [
    "NCExperience",
    "NCScenario",
    "NCStream",
]
