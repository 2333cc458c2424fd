"""Experiences, streams and benchmarks."""

from .classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
)
from .domain_incremental import TransformedScenario
from .generic_scenario import (
    CLExperience,
    CLScenario,
    CLStream,
    EagerCLStream,
    ExperienceAttribute,
    ExperienceMode,
    MaskedAttributeError,
    SequenceCLStream,
    make_stream,
)
from .new_classes import NCExperience, NCScenario, NCStream, nc_benchmark

GenericCLScenario = ClassificationScenario
GenericClassificationExperience = ClassificationExperience

__all__ = [
    "CLExperience",
    "CLScenario",
    "CLStream",
    "ClassificationExperience",
    "ClassificationScenario",
    "ClassificationStream",
    "EagerCLStream",
    "ExperienceAttribute",
    "ExperienceMode",
    "GenericCLScenario",
    "GenericClassificationExperience",
    "MaskedAttributeError",
    "NCExperience",
    "NCScenario",
    "NCStream",
    "SequenceCLStream",
    "TransformedScenario",
    "make_stream",
    "nc_benchmark",
]
