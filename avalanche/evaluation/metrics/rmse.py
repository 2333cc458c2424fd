"""Root mean squared error."""

from typing import Any

from torch import Tensor

from avalanche.evaluation.metric_definitions import EmitAt, Metric, Mode, PluginMetric, ResetAt
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.by_task import ByTask
from avalanche.evaluation.metrics.mean import Mean
from avalanche.evaluation.metrics.regression import RegressionPluginMetric, as_rows

__all__ = [
    "RMSE",
    "EpochRMSE",
    "ExperienceRMSE",
    "MinibatchRMSE",
    "RMSEPerTaskPluginMetric",
    "RMSEPluginMetric",
    "RunningEpochRMSE",
    "StreamRMSE",
    "TaskAwareRMSE",
    "TrainedExperienceRMSE",
    "rmse_metrics",
]


class RMSE(Metric[float]):
    r"""Root of the mean squared error, :math:`\sqrt{\frac1n \sum_i (y_i - \hat y_i)^2}`; 0 without
    data.

    Squares are accumulated, so the value does not depend on how batches are cut; targets of several
    numbers count each number.

    Example:
        >>> import torch
        >>> error = RMSE()
        >>> error.update(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]))
        >>> error.update(torch.tensor([5.0, 2.0]), torch.tensor([1.0, 2.0]))
        >>> error.result()
        2.0
    """

    def __init__(self) -> None:
        self._mean = Mean()

    def update(self, predicted_y: Tensor, true_y: Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: shape ``(batch,)`` or ``(batch, outputs)``.
            true_y: the same shape.

        Raises:
            ValueError: shapes differ.
        """
        predicted, true = as_rows(predicted_y, true_y)
        if true.numel():
            self._mean.update((predicted - true).square().mean(), true.numel())

    def compute(self) -> Tensor | float:
        """The error as a 0-dim tensor on the device, if there were data."""
        return self._mean.compute() ** 0.5

    def result(self) -> float:
        """The error."""
        return float(self.compute())

    def reset(self) -> None:
        """Forget everything."""
        self._mean.reset()

    def state_dict(self) -> dict[str, Any]:
        """The sums so far."""
        return self._mean.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._mean.load_state_dict(state)


class TaskAwareRMSE(ByTask[RMSE]):
    """Root mean squared error of every task apart.

    Example:
        >>> import torch
        >>> metric = TaskAwareRMSE()
        >>> metric.update(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0]), task_labels=2)
        >>> metric.result()
        {2: 0.0}
    """

    def __init__(self) -> None:
        super().__init__(RMSE)


class RMSEPluginMetric(RegressionPluginMetric):
    """Root mean squared error that follows a strategy; the base of the classes below.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        split_by_task: emit one value per task.
        trained_only: measure only what was learnt, in evaluation.
    """

    NAME = "RMSE"
    MAKE = RMSE


class RMSEPerTaskPluginMetric(RMSEPluginMetric):
    """Root mean squared error of every task met: ``Top1_TaskRMSE_Stream``, ...

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        super().__init__(reset_at, emit_at, mode, split_by_task=True)


class MinibatchRMSE(RMSEPluginMetric):
    """Training error of every minibatch: ``Top1_RMSE_MB``."""

    def __init__(self) -> None:
        super().__init__(*at.MINIBATCH)


class EpochRMSE(RMSEPluginMetric):
    """Training error over every epoch: ``Top1_RMSE_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.EPOCH)


class RunningEpochRMSE(RMSEPluginMetric):
    """Training error since the epoch began, every iteration: ``Top1_RunningRMSE_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.RUNNING_EPOCH)


class ExperienceRMSE(RMSEPluginMetric):
    """Evaluation error of every experience: ``Top1_RMSE_Exp``."""

    def __init__(self) -> None:
        super().__init__(*at.EXPERIENCE)


class StreamRMSE(RMSEPluginMetric):
    """Evaluation error over all samples of the stream: ``Top1_RMSE_Stream``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM)


class TrainedExperienceRMSE(RMSEPluginMetric):
    """Evaluation error over what was learnt so far: ``RMSE_On_Trained_Experiences``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM, trained_only=True)


def rmse_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
    trained_experience: bool = False,
) -> list[PluginMetric[Any]]:
    """Root mean squared error at the granularities that are switched on.

    Args:
        minibatch: of every training minibatch.
        epoch: over every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of every evaluated experience.
        stream: over every evaluated stream.
        trained_experience: over the experiences of the stream that were learnt so far.

    Example:
        >>> [str(metric) for metric in rmse_metrics(epoch=True, stream=True)]
        ['Top1_RMSE_Epoch', 'Top1_RMSE_Stream']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchRMSE),
            (epoch, EpochRMSE),
            (epoch_running, RunningEpochRMSE),
            (experience, ExperienceRMSE),
            (stream, StreamRMSE),
            (trained_experience, TrainedExperienceRMSE),
        ]
    )
