"""The mixins of avalanche-lib 0.6, for templates that were put together from them.

Each is the template that has today what the mixin had: ``class Mine(BatchObservation,
SupervisedProblem, SGDUpdate, BaseSGDTemplate)`` is a :class:`SupervisedTemplate`.
"""

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
    "BatchObservation",
    "MetaUpdate",
    "OnlineObservation",
    "OnlineSupervisedMetaLearningTemplate",
    "OnlineSupervisedTemplate",
    "SGDUpdate",
    "SupervisedProblem",
]


class BatchObservation(BaseSGDTemplate):
    """Model and optimizer are adapted to every experience: what the loop does."""


class OnlineObservation(BaseSGDTemplate):
    """The same for parts of an online stream, at their boundaries if learners may know them."""


class SGDUpdate(BaseSGDTemplate):
    """Forward, backward and step for every batch: what the loop does."""


class SupervisedProblem(SupervisedTemplate):
    """Inputs, targets and task labels of a batch."""


class MetaUpdate(SupervisedMetaLearningTemplate):
    """Inner and outer updates for every batch."""
