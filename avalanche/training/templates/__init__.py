"""Templates: the loops that strategies are made of."""

from avalanche.training.templates.base import BaseTemplate
from avalanche.training.templates.flow import DeepLearningStrategy
from avalanche.training.templates.flow_multi_task import MTDeepLearningStrategy
from avalanche.training.templates.meta_learning import SupervisedMetaLearningTemplate
from avalanche.training.templates.online import (
    BaseOnlineSGDTemplate,
    OnlineSupervisedMetaLearningTemplate,
    OnlineSupervisedTemplate,
)
from avalanche.training.templates.sgd import BaseSGDTemplate
from avalanche.training.templates.supervised import SupervisedTemplate

__all__ = [
    "BaseOnlineSGDTemplate",
    "BaseSGDTemplate",
    "BaseTemplate",
    "DeepLearningStrategy",
    "MTDeepLearningStrategy",
    "OnlineSupervisedMetaLearningTemplate",
    "OnlineSupervisedTemplate",
    "SupervisedMetaLearningTemplate",
    "SupervisedTemplate",
]
