"""The confusion matrix as a chart of Weights & Biases."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricResult,
    MetricValue,
)
from avalanche.evaluation.metric_utils import get_metric_key
from avalanche.evaluation.metrics.confusion_counts import ConfusionMatrix
from avalanche.evaluation.wandb_package import load_wandb

__all__ = ["WandBStreamConfusionMatrix"]


class WandBStreamConfusionMatrix(PluginMetric[tuple[Tensor, Tensor]]):
    """Interactive confusion matrix over every evaluated stream: ``W&BConfusionMatrix_Stream``.

    The chart is made only if a :class:`~avalanche.logging.WandBLogger` takes it. Only counts are
    kept, whatever the size of the stream; loggers that show no charts get them as a matrix.

    Args:
        class_names: names of the classes, by number; the numbers by default.

    Raises:
        ModuleNotFoundError: the extra ``wandb`` is not installed.
    """

    def __init__(self, class_names: Sequence[str] | None = None) -> None:
        self.class_names = None if class_names is None else list(class_names)
        size = None if self.class_names is None else len(self.class_names)
        self._matrix = ConfusionMatrix(size)
        load_wandb("WandBStreamConfusionMatrix")

    def __str__(self) -> str:
        return "W&BConfusionMatrix_Stream"

    def reset(self) -> None:
        """Forget everything."""
        self._matrix.reset()

    def update(self, output: Tensor, target: Tensor) -> None:
        """Take one more batch.

        Args:
            output: scores ``(batch, classes)`` or labels ``(batch,)``.
            target: labels ``(batch,)``.
        """
        self._matrix.update(target, output)

    def result(self) -> tuple[Tensor, Tensor]:
        """Predicted and true labels of all samples, each ``(samples,)``, sorted."""
        return _pairs(self._matrix.result())

    def before_eval(self, strategy: Any) -> MetricResult:
        """Start again."""
        self.reset()
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Count the batch."""
        self.update(strategy.mb_output, strategy.mb_y)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the chart."""
        if strategy.experience is None:
            return None
        matrix = self._matrix.result()
        value = AlternativeValues(LazyValue(self._chart, matrix), matrix)
        key = get_metric_key(self, strategy, add_task=False)
        return MetricValue(self, key, value, strategy.clock.train_iterations, covers_stream=True)

    def _chart(self, matrix: Tensor) -> Any:
        names = self.class_names or [str(label) for label in range(len(matrix))]
        predicted, true = _pairs(matrix)
        return load_wandb(str(self)).plot.confusion_matrix(
            y_true=true.tolist(), preds=predicted.tolist(), class_names=names
        )


def _pairs(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The labels that a matrix of counts is made of."""
    true, predicted = torch.cartesian_prod(*[torch.arange(len(matrix))] * 2).unbind(-1)
    counts = matrix.flatten()
    return predicted.repeat_interleave(counts), true.repeat_interleave(counts)
