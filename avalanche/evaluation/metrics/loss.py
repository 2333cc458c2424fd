"""The loss, averaged over samples."""

from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Metric,
    Mode,
    PluginMetric,
    ResetAt,
)
from avalanche.evaluation.metric_results import MetricType
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.by_task import OnTaskSums
from avalanche.evaluation.metrics.mean import Mean, as_summand

__all__ = [
    "EpochLoss",
    "ExperienceLoss",
    "Loss",
    "LossMetric",
    "LossPerTaskPluginMetric",
    "LossPluginMetric",
    "MinibatchLoss",
    "RunningEpochLoss",
    "StreamLoss",
    "TaskAwareLoss",
    "loss_metrics",
]


class LossMetric(Metric[float]):
    """Mean loss per sample, from the mean losses of batches; 0 without data.

    Example:
        >>> loss = LossMetric()
        >>> loss.update(torch.tensor(2.0), patterns=3)
        >>> loss.update(torch.tensor(1.0), patterns=1)
        >>> loss.result()
        1.75
    """

    def __init__(self) -> None:
        self._mean = Mean()

    def update(self, loss: Tensor, patterns: int) -> None:
        """Take one more batch.

        Args:
            loss: mean loss of the batch, a tensor of one element.
            patterns: number of samples in the batch.
        """
        if patterns:  # the mean loss of no sample is no number
            self._mean.update(loss, patterns)

    def compute(self) -> Tensor | float:
        """The mean as a 0-dim tensor on the device, if there were data."""
        return self._mean.compute()

    def result(self) -> float:
        """Mean loss per sample."""
        return self._mean.result()

    def reset(self) -> None:
        """Forget everything."""
        self._mean.reset()

    def state_dict(self) -> dict[str, Any]:
        """The sums so far."""
        return self._mean.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._mean.load_state_dict(state)


class TaskAwareLoss(OnTaskSums[dict[int, float]]):
    """Mean loss per sample of every task apart.

    A batch has one loss. Where it mixes tasks, that loss counts for each of them with the number of
    samples that the task has in the batch.

    Example:
        >>> loss = TaskAwareLoss()
        >>> loss.update(torch.tensor(2.0), 4, 0)
        >>> loss.update(torch.tensor(1.0), 2, torch.tensor([1, 1]))
        >>> loss.result()
        {0: 2.0, 1: 1.0}
    """

    def update(self, loss: Tensor, patterns: int, task_label: int | Tensor) -> None:
        """Take one more batch.

        Args:
            loss: mean loss of the batch, a tensor of one element.
            patterns: number of samples in the batch.
            task_label: one label for all, or shape ``(patterns,)``.
        """
        value = torch.as_tensor(as_summand(loss)).reshape(())
        self._sums.add(task_label, value.expand(patterns))

    def result(self) -> dict[int, float]:
        """Mean loss of every task seen."""
        return self._sums.means()

    def result_task_label(self, task_label: int) -> dict[int, float]:
        """Mean loss of one task; 0 if it was not seen."""
        return {task_label: self._sums.means().get(task_label, 0.0)}

    def reset_task_label(self, task_label: int) -> None:
        """Forget one task."""
        self._sums.reset(task_label)


class Loss(TaskAwareLoss):
    """:class:`TaskAwareLoss` as releases up to 0.5 had it, where the task may be left out.

    Example:
        >>> loss = Loss()
        >>> loss.update(torch.tensor(2.0), patterns=4, task_label=3)
        >>> loss.result(), loss.result(3), loss.result(0)
        ({3: 2.0}, {3: 2.0}, {0: 0.0})
    """

    def update(self, loss: Tensor, patterns: int, task_label: int | Tensor = 0) -> None:
        """Take one more batch, of task 0 if nothing else is said."""
        super().update(loss, patterns, task_label)

    def result(self, task_label: int | None = None) -> dict[int, float]:
        """Mean loss of every task seen, or of one task."""
        return super().result() if task_label is None else self.result_task_label(task_label)

    def reset(self, task_label: int | None = None) -> None:
        """Forget everything, or one task."""
        super().reset() if task_label is None else self.reset_task_label(task_label)


class LossPluginMetric(GenericPluginMetric[float]):
    """``strategy.loss`` over samples; the base of the classes below.

    In training the value includes what plugins added to the loss; in evaluation it is the criterion
    alone.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        self._loss = LossMetric()
        super().__init__(self._loss, reset_at, emit_at, mode)

    def update(self, strategy: Any) -> None:
        """Take the loss of the current batch."""
        self._loss.update(strategy.loss, len(strategy.mb_y))

    def lazy_result(self) -> MetricType:
        """The mean, still on the device."""
        return self._loss.compute()

    def __str__(self) -> str:
        return at.named("Loss", self._reset_at, self._emit_at)


class LossPerTaskPluginMetric(GenericPluginMetric[dict[int, float]]):
    """The loss of every task apart: ``TaskLoss_Stream``, ...; see :class:`TaskAwareLoss`.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        self._loss = TaskAwareLoss()
        super().__init__(self._loss, reset_at, emit_at, mode)

    def update(self, strategy: Any) -> None:
        """Take the loss of the current batch."""
        if strategy.mb_task_id is None:
            raise ValueError(
                f"{self} needs task labels and the samples carry no task label; "
                "use a benchmark with task labels, or loss_metrics()"
            )
        self._loss.update(strategy.loss, len(strategy.mb_y), strategy.mb_task_id)

    def __str__(self) -> str:
        return at.named("TaskLoss", self._reset_at, self._emit_at)


class MinibatchLoss(LossPluginMetric):
    """Training loss of every minibatch: ``Loss_MB``."""

    def __init__(self) -> None:
        super().__init__(*at.MINIBATCH)


class EpochLoss(LossPluginMetric):
    """Training loss over every epoch: ``Loss_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.EPOCH)


class RunningEpochLoss(LossPluginMetric):
    """Training loss since the epoch began, every iteration: ``RunningLoss_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.RUNNING_EPOCH)


class ExperienceLoss(LossPluginMetric):
    """Evaluation loss of every experience: ``Loss_Exp``."""

    def __init__(self) -> None:
        super().__init__(*at.EXPERIENCE)


class StreamLoss(LossPluginMetric):
    """Evaluation loss over all samples of the stream: ``Loss_Stream``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM)


def loss_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """The loss at the granularities that are switched on.

    Args:
        minibatch: of every training minibatch.
        epoch: over every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of every evaluated experience.
        stream: over every evaluated stream.

    Example:
        >>> [str(metric) for metric in loss_metrics(minibatch=True, experience=True)]
        ['Loss_MB', 'Loss_Exp']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchLoss),
            (epoch, EpochLoss),
            (epoch_running, RunningEpochLoss),
            (experience, ExperienceLoss),
            (stream, StreamLoss),
        ]
    )
