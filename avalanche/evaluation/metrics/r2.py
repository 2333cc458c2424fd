"""Coefficient of determination."""

from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import EmitAt, Metric, Mode, PluginMetric, ResetAt
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.by_task import ByTask
from avalanche.evaluation.metrics.regression import RegressionPluginMetric, as_rows

__all__ = [
    "R2",
    "EpochR2",
    "ExperienceR2",
    "MinibatchR2",
    "R2PerTaskPluginMetric",
    "R2PluginMetric",
    "RunningEpochR2",
    "StreamR2",
    "TaskAwareR2",
    "TrainedExperienceR2",
    "r2_metrics",
]


class R2(Metric[float]):
    r"""Coefficient of determination,
    :math:`R^2 = 1 - \sum_i (y_i - \hat y_i)^2 / \sum_i (y_i - \bar y)^2`.

    Sums are accumulated, so the value does not depend on how batches are cut. Of targets of several
    numbers it is the mean over these. It is not a number with fewer than two samples; where all
    targets are the same it is 1 if they are met and 0 if not.

    Example:
        >>> import torch
        >>> metric = R2()
        >>> metric.update(predicted_y=torch.tensor([1.0, 2.0]), true_y=torch.tensor([0.0, 2.0]))
        >>> metric.result()
        0.5
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: Tensor | None = None
        self._spread: Tensor | None = None
        self._residual: Tensor | None = None

    def update(self, predicted_y: Tensor, true_y: Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: shape ``(batch,)`` or ``(batch, outputs)``.
            true_y: the same shape.

        Raises:
            ValueError: shapes differ.
        """
        predicted, true = as_rows(predicted_y, true_y)
        count = len(true)
        if not count:
            return
        mean = true.mean(dim=0)  # (outputs,)
        spread = (true - mean).square().sum(dim=0)
        residual = (true - predicted).square().sum(dim=0)
        if self._mean is None or self._spread is None or self._residual is None:
            self._mean, self._spread, self._residual = mean, spread, residual
        else:  # two samples' spreads put together: Chan, Golub and LeVeque 1979
            before = self._mean.to(mean.device)
            shift, total = mean - before, self._count + count
            self._spread = (
                self._spread.to(mean.device)
                + spread
                + shift.square() * (self._count * count / total)
            )
            self._mean = before + shift * (count / total)
            self._residual = self._residual.to(mean.device) + residual
        self._count += count

    def compute(self) -> Tensor | float:
        """The coefficient as a 0-dim tensor on the device, if there were data."""
        if self._count < 2 or self._spread is None or self._residual is None:
            return float("nan")
        shares = 1 - self._residual / self._spread
        constant = (self._residual == 0).to(shares.dtype)
        return torch.where(self._spread == 0, constant, shares).mean()

    def result(self) -> float:
        """The coefficient, at most 1."""
        return float(self.compute())

    def reset(self) -> None:
        """Forget everything."""
        self._count = 0
        self._mean = self._spread = self._residual = None

    def state_dict(self) -> dict[str, Any]:
        """The sums so far."""
        sums = self._mean, self._spread, self._residual
        return {"count": self._count, "sums": [None if s is None else s.cpu() for s in sums]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._count = state["count"]
        self._mean, self._spread, self._residual = state["sums"]


class TaskAwareR2(ByTask[R2]):
    """Coefficient of determination of every task apart.

    Example:
        >>> import torch
        >>> metric = TaskAwareR2()
        >>> metric.update(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0]), task_labels=2)
        >>> metric.result()
        {2: 1.0}
    """

    def __init__(self) -> None:
        super().__init__(R2)


class R2PluginMetric(RegressionPluginMetric):
    """Coefficient of determination that follows a strategy; the base of the classes below.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        split_by_task: emit one value per task.
        trained_only: measure only what was learnt, in evaluation.
    """

    NAME = "R2"
    MAKE = R2


class R2PerTaskPluginMetric(R2PluginMetric):
    """Coefficient of determination of every task met: ``Top1_TaskR2_Stream``, ...

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        super().__init__(reset_at, emit_at, mode, split_by_task=True)


class MinibatchR2(R2PluginMetric):
    """Training coefficient of every minibatch: ``Top1_R2_MB``."""

    def __init__(self) -> None:
        super().__init__(*at.MINIBATCH)


class EpochR2(R2PluginMetric):
    """Training coefficient over every epoch: ``Top1_R2_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.EPOCH)


class RunningEpochR2(R2PluginMetric):
    """Training coefficient since the epoch began, every iteration: ``Top1_RunningR2_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.RUNNING_EPOCH)


class ExperienceR2(R2PluginMetric):
    """Evaluation coefficient of every experience: ``Top1_R2_Exp``."""

    def __init__(self) -> None:
        super().__init__(*at.EXPERIENCE)


class StreamR2(R2PluginMetric):
    """Evaluation coefficient over all samples of the stream: ``Top1_R2_Stream``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM)


class TrainedExperienceR2(R2PluginMetric):
    """Evaluation coefficient over what was learnt so far: ``R2_On_Trained_Experiences``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM, trained_only=True)


def r2_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
    trained_experience: bool = False,
) -> list[PluginMetric[Any]]:
    """Coefficient of determination at the granularities that are switched on.

    Args:
        minibatch: of every training minibatch.
        epoch: over every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of every evaluated experience.
        stream: over every evaluated stream.
        trained_experience: over the experiences of the stream that were learnt so far.

    Example:
        >>> [str(metric) for metric in r2_metrics(epoch=True, stream=True)]
        ['Top1_R2_Epoch', 'Top1_R2_Stream']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchR2),
            (epoch, EpochR2),
            (epoch_running, RunningEpochR2),
            (experience, ExperienceR2),
            (stream, StreamR2),
            (trained_experience, TrainedExperienceR2),
        ]
    )
