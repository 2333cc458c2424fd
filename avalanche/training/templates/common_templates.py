"""The path of avalanche-lib 0.6 for the templates that strategies derive from."""

from avalanche.training.templates.meta_learning import SupervisedMetaLearningTemplate
from avalanche.training.templates.online import (
    OnlineSupervisedMetaLearningTemplate,
    OnlineSupervisedTemplate,
)
from avalanche.training.templates.supervised import SupervisedTemplate

__all__ = [
    "OnlineSupervisedMetaLearningTemplate",
    "OnlineSupervisedTemplate",
    "SupervisedMetaLearningTemplate",
    "SupervisedTemplate",
]
