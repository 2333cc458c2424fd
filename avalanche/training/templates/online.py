"""The older names of templates for online streams. The supervised loop does all of it."""

from typing import Any

from avalanche.training.templates.meta_learning import SupervisedMetaLearningTemplate
from avalanche.training.templates.sgd import BaseSGDTemplate
from avalanche.training.templates.supervised import SupervisedTemplate

__all__ = [
    "BaseOnlineSGDTemplate",
    "OnlineSupervisedMetaLearningTemplate",
    "OnlineSupervisedTemplate",
]

BaseOnlineSGDTemplate = BaseSGDTemplate


class OnlineSupervisedTemplate(SupervisedTemplate):
    """The supervised loop with ``train_passes`` for ``train_epochs``.

    Args:
        *args: as of :class:`SupervisedTemplate`.
        train_passes: passes over each experience.
        **base: as of :class:`SupervisedTemplate`.
    """

    def __init__(self, *args: Any, train_passes: int = 1, **base: Any) -> None:
        super().__init__(*args, **{"train_epochs": train_passes, **base})


class OnlineSupervisedMetaLearningTemplate(SupervisedMetaLearningTemplate):
    """The meta-learning loop with ``train_passes`` for ``train_epochs``."""

    def __init__(self, *args: Any, train_passes: int = 1, **base: Any) -> None:
        super().__init__(*args, **{"train_epochs": train_passes, **base})
