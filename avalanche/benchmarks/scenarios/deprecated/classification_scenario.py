"""Classification benchmarks, as 0.6 has them."""

from ..classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
)

GenericCLScenario = ClassificationScenario
GenericClassificationExperience = ClassificationExperience

__all__ = [
    "ClassificationExperience",
    "ClassificationScenario",
    "ClassificationStream",
    "GenericCLScenario",
    "GenericClassificationExperience",
]
