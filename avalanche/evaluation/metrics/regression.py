"""What the metrics of regression share."""

from typing import Any, Protocol

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import EmitAt, GenericPluginMetric, Mode, ResetAt
from avalanche.evaluation.metric_results import MetricType
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.by_task import ByTask, OnBatches

__all__ = ["RegressionPluginMetric", "as_rows"]


def as_rows(predicted_y: Tensor, true_y: Tensor) -> tuple[Tensor, Tensor]:
    """Predictions and truths in double precision, each ``(batch, outputs)``.

    Raises:
        ValueError: they differ in size; ``(batch, 1)`` and ``(batch,)`` are the same.
    """
    if len(predicted_y) != len(true_y) or predicted_y.numel() != true_y.numel():
        raise ValueError(
            f"predicted_y of shape {tuple(predicted_y.shape)} with true_y of shape "
            f"{tuple(true_y.shape)}: expected the same shape, one prediction per true value"
        )
    exact = true_y.device.type != "mps"  # no double precision there
    dtype = torch.float64 if exact else torch.float32
    count, width = len(true_y), true_y[:1].numel() or 1
    predicted = predicted_y.detach().to(dtype).reshape(count, width)
    return predicted, true_y.to(dtype).reshape(count, width)


class OnDevice(OnBatches, Protocol):
    """A metric of predictions and truths that can leave its value on the device."""

    def compute(self) -> Tensor | float:
        """The value as a 0-dim tensor on the device, if there were data."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...


class RegressionPluginMetric(GenericPluginMetric[Any]):
    """A metric of outputs and targets that follows a strategy.

    Args:
        metric: the standalone metric, or one for every task.
        name: the metric's name without granularity.
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        trained_only: measure only what was learnt, in evaluation.
    """

    def __init__(
        self,
        metric: OnDevice | ByTask[Any],
        name: str,
        reset_at: ResetAt,
        emit_at: EmitAt,
        mode: Mode,
        trained_only: bool = False,
    ) -> None:
        self._of = metric
        self._name = name
        super().__init__(metric, reset_at, emit_at, mode, trained_only)

    def update(self, strategy: Any) -> None:
        """Take the current batch."""
        if not isinstance(self._of, ByTask):
            self._of.update(strategy.mb_output, strategy.mb_y)
            return
        if strategy.mb_task_id is None:
            raise ValueError(
                f"{self} needs task labels and the samples carry no task label; "
                "use a benchmark with task labels, or the metric without split_by_task"
            )
        self._of.update(strategy.mb_output, strategy.mb_y, strategy.mb_task_id)

    def lazy_result(self) -> MetricType:
        """The value, still on the device."""
        return self.result() if isinstance(self._of, ByTask) else self._of.compute()

    def __str__(self) -> str:
        if self._trained is not None:
            return f"{self._name}_On_Trained_Experiences"
        name = f"Task{self._name}" if isinstance(self._of, ByTask) else self._name
        return f"Top1_{at.named(name, self._reset_at, self._emit_at)}"
