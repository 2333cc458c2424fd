"""What the metrics of regression share."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

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
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        split_by_task: emit one value per task.
        trained_only: measure only what was learnt, in evaluation.
    """

    NAME: ClassVar[str]  # without granularity
    MAKE: ClassVar[Callable[[], OnDevice]]

    def __init__(
        self,
        reset_at: ResetAt,
        emit_at: EmitAt,
        mode: Mode,
        split_by_task: bool = False,
        trained_only: bool = False,
    ) -> None:
        make = type(self).MAKE
        self._of: OnDevice | ByTask[Any] = ByTask(make) if split_by_task else make()
        super().__init__(self._of, reset_at, emit_at, mode, trained_only)

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
            return f"{self.NAME}_On_Trained_Experiences"
        name = f"Task{self.NAME}" if isinstance(self._of, ByTask) else self.NAME
        return f"Top1_{at.named(name, self._reset_at, self._emit_at)}"
