"""The model's weights as a value, for loggers that store models."""

import io
from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metric_utils import get_metric_key

__all__ = ["WeightCheckpoint"]


class WeightCheckpoint(PluginMetric[bytes | None]):
    """The weights after every training experience: ``WeightCheckpoint``.

    A value is the bytes of a file: ``torch.load(io.BytesIO(value), weights_only=True)`` gives the
    ``state_dict``. :class:`~avalanche.logging.WandBLogger` stores it as an artifact; other loggers
    leave it out. An evaluator with ``collect_all=True`` keeps all of them in memory. To go on with
    an interrupted run use :mod:`avalanche.checkpointing` instead.

    Example:
        >>> checkpoint = WeightCheckpoint()
        >>> checkpoint.update({"weight": torch.ones(2)})
        >>> torch.load(io.BytesIO(checkpoint.result()), weights_only=True)
        {'weight': tensor([1., 1.])}
    """

    def __init__(self) -> None:
        self.weights: bytes | None = None

    def __str__(self) -> str:
        return "WeightCheckpoint"

    def update(self, weights: dict[str, Tensor]) -> None:
        """Take the weights, a ``state_dict``."""
        file = io.BytesIO()
        torch.save(weights, file)
        self.weights = file.getvalue()

    def result(self) -> bytes | None:
        """The weights taken last, as the bytes of a file; None before any."""
        return self.weights

    def reset(self) -> None:
        """Forget the weights."""
        self.weights = None

    def after_training_exp(self, strategy: Any) -> MetricResult:
        """Emit the weights."""
        self.update(strategy.model.state_dict())
        key = get_metric_key(self, strategy, add_experience=True, add_task=False)
        return MetricValue(self, key, self.weights, strategy.clock.train_iterations)
