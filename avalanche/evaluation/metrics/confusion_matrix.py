"""Confusion matrices: which class is taken for which."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from avalanche.evaluation.cm_image import default_cm_image_creator
from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricResult,
    MetricValue,
)
from avalanche.evaluation.metric_utils import get_metric_key
from avalanche.evaluation.metrics.confusion_counts import ConfusionMatrix, Normalize
from avalanche.evaluation.metrics.wandb_matrix import WandBStreamConfusionMatrix

__all__ = [
    "ConfusionMatrix",
    "StreamConfusionMatrix",
    "WandBStreamConfusionMatrix",
    "confusion_matrix_metrics",
]


class StreamConfusionMatrix(PluginMetric[Tensor]):
    """Confusion matrix over every evaluated stream: ``ConfusionMatrix_Stream``.

    Args:
        num_classes: size of the matrix; None to grow with the classes that appear.
        normalize: see :class:`ConfusionMatrix`.
        save_image: emit the tensor and a picture of it, of which each logger takes what it can
            show, instead of the tensor alone. The picture is drawn only if a logger takes it.
        image_creator: function of the matrix and its class labels that draws the picture.
        absolute_class_order: draw classes by number; otherwise in the order in which the stream
            brings them.
        class_names: names of the classes, by number, for the picture.
    """

    def __init__(
        self,
        num_classes: int | None = None,
        normalize: Normalize = None,
        save_image: bool = True,
        image_creator: Callable[[Tensor, Sequence[Any]], Any] = default_cm_image_creator,
        absolute_class_order: bool = False,
        class_names: Sequence[str] | None = None,
    ) -> None:
        self._class_names = class_names
        self._matrix = ConfusionMatrix(num_classes, normalize)
        self._save_image = save_image
        self._image_creator = image_creator
        self._absolute_class_order = absolute_class_order
        self._classes_met: list[int] = []

    def __str__(self) -> str:
        return "ConfusionMatrix_Stream"

    def reset(self) -> None:
        """Forget everything."""
        self._matrix.reset()
        self._classes_met = []

    def result(self) -> Tensor:
        """The matrix so far."""
        return self._matrix.result()

    def update(self, true_y: Tensor, predicted_y: Tensor) -> None:
        """Take one more batch, true labels first."""
        self._matrix.update(true_y, predicted_y)

    def before_eval(self, strategy: Any) -> MetricResult:
        """Start again."""
        self.reset()
        return None

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Note the order of the classes."""
        self._classes_met.extend(
            getattr(strategy.experience, "classes_in_this_experience", None) or ()
        )
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Count the batch."""
        self.update(strategy.mb_y, strategy.mb_output)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the matrix."""
        if strategy.experience is None:
            return None
        matrix = self.result()
        value: Any = matrix
        if self._save_image:
            order = self._class_order(len(matrix))
            draw = LazyValue(self._image_creator, matrix[order][:, order], self._labels(order))
            value = AlternativeValues(draw, matrix)
        key = get_metric_key(self, strategy, add_task=False)
        return MetricValue(self, key, value, strategy.clock.train_iterations, covers_stream=True)

    def _labels(self, order: list[int]) -> list[Any]:
        names = self._class_names
        return list(order) if names is None else [names[label] for label in order]

    def _class_order(self, size: int) -> list[int]:
        if self._absolute_class_order:
            return list(range(size))
        met = [label for label in dict.fromkeys(self._classes_met) if label < size]
        return met + sorted(set(range(size)) - set(met))


def confusion_matrix_metrics(
    num_classes: int | None = None,
    normalize: Normalize = None,
    save_image: bool = True,
    image_creator: Callable[[Tensor, Sequence[Any]], Any] = default_cm_image_creator,
    class_names: Sequence[str] | None = None,
    stream: bool = False,
    wandb: bool = False,
    absolute_class_order: bool = False,
) -> list[PluginMetric[Any]]:
    """Confusion matrices.

    Args:
        num_classes: size of the matrix; None to grow with the classes that appear.
        normalize: None for counts, or shares of ``"true"``, ``"pred"``, ``"all"``.
        save_image: also a picture, for loggers that show pictures.
        image_creator: function of the matrix and its class labels that draws the picture.
        class_names: names of the classes, by number, for the picture.
        stream: over every evaluated stream.
        wandb: an interactive matrix for :class:`~avalanche.logging.WandBLogger`.
        absolute_class_order: draw classes by number rather than in the stream's order.

    Raises:
        ModuleNotFoundError: ``wandb=True`` without the extra ``wandb``.
    """
    metrics: list[PluginMetric[Any]] = []
    if stream:
        metrics.append(
            StreamConfusionMatrix(
                *(num_classes, normalize, save_image, image_creator),
                *(absolute_class_order, class_names),
            )
        )
    if wandb:
        metrics.append(WandBStreamConfusionMatrix(class_names))
    return metrics
