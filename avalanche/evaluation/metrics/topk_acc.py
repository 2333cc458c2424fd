"""Top-k accuracy: the share of samples whose class is among the k likeliest."""

from typing import Any

from torch import Tensor

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Mode,
    PluginMetric,
    ResetAt,
)
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.accuracy import class_labels, class_scores
from avalanche.evaluation.metrics.by_task import OnTaskSums, task_ids
from avalanche.evaluation.metrics.elements import as_rows, of_each_element

__all__ = [
    "EpochTopkAccuracy",
    "ExperienceTopkAccuracy",
    "MinibatchTopkAccuracy",
    "RunningEpochTopkAccuracy",
    "StreamTopkAccuracy",
    "TopkAccuracy",
    "TopkAccuracyPluginMetric",
    "TrainedExperienceTopkAccuracy",
    "topk_acc_metrics",
]


class TopkAccuracy(OnTaskSums[dict[int, float]]):
    r"""Share of samples whose class is among the ``top_k`` with the highest scores, for every task,
    :math:`\frac1n \sum_i [y_i \in \mathrm{top}_k(s_i)]`.

    With fewer than ``top_k`` classes every sample counts whose class has a score at all; a score of
    :math:`-\infty`, which a growing head gives to classes that it has no unit for, is none.

    Args:
        top_k: number of classes that count, at least 1.

    Raises:
        ValueError: ``top_k`` below 1.

    Example:
        >>> import torch
        >>> accuracy = TopkAccuracy(top_k=2)
        >>> scores = torch.tensor([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
        >>> accuracy.update(scores, torch.tensor([1, 2]), task_labels=0)
        >>> accuracy.result()
        {0: 0.5}
    """

    def __init__(self, top_k: int) -> None:
        if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
            raise ValueError(f"top_k={top_k!r}: expected a whole number of at least 1")
        super().__init__()
        self.top_k = top_k

    def update(self, predicted_y: Tensor, true_y: Tensor, task_labels: int | Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: scores ``(batch, classes)``; of elements ``(batch, classes, ...)``.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``; of elements
                ``(batch, ...)``.
            task_labels: one label for all, or shape ``(batch,)``.

        Raises:
            ValueError: ``predicted_y`` holds no scores, lengths differ, or shapes do not fit.
        """
        if predicted_y.dim() < 2 or len(predicted_y) != len(true_y):
            raise ValueError(
                f"predicted_y of shape {tuple(predicted_y.shape)} with {len(true_y)} true labels: "
                "expected one row of scores per label, (batch, classes)"
            )
        batch = len(true_y)
        predicted_y, true_y = as_rows(predicted_y.detach(), true_y)
        if predicted_y.dim() != 2:
            raise ValueError(
                f"predicted_y of {predicted_y.dtype} holds labels, expected one score per class; "
                "pass the model's output before argmax"
            )
        task_labels = of_each_element(task_labels, batch, len(true_y))
        scores = class_scores(predicted_y, true_y)
        values, best = scores.topk(min(self.top_k, scores.shape[1]))
        hits = (best == class_labels(true_y).unsqueeze(1)) & (values > float("-inf"))
        self._sums.add(task_labels, hits.any(dim=1))

    def result(self) -> dict[int, float]:
        """Accuracy per task seen."""
        return self._sums.means()

    def result_task_label(self, task_label: int) -> dict[int, float]:
        """Accuracy of one task; 0 if it was not seen."""
        return {task_label: self._sums.means().get(task_label, 0.0)}

    def reset(self, task_label: int | None = None) -> None:
        """Forget everything, or one task."""
        self._sums.reset(task_label)


class TopkAccuracyPluginMetric(GenericPluginMetric[dict[int, float]]):
    """Top-k accuracy that follows a strategy, one value per task; the base of the classes below.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        top_k: number of classes that count.
        trained_only: measure only what was learnt, in evaluation.
    """

    def __init__(
        self,
        reset_at: ResetAt,
        emit_at: EmitAt,
        mode: Mode,
        top_k: int,
        trained_only: bool = False,
    ) -> None:
        self.top_k = top_k
        self._topk = TopkAccuracy(top_k)
        super().__init__(self._topk, reset_at, emit_at, mode, trained_only)

    def update(self, strategy: Any) -> None:
        """Count the current batch."""
        self._topk.update(strategy.mb_output, strategy.mb_y, task_ids(strategy))

    def __str__(self) -> str:
        return f"Topk_{self.top_k}_{at.named('Acc', self._reset_at, self._emit_at)}"


class MinibatchTopkAccuracy(TopkAccuracyPluginMetric):
    """Training top-k accuracy of every minibatch: ``Topk_3_Acc_MB``.

    Args:
        top_k: number of classes that count.
    """

    def __init__(self, top_k: int) -> None:
        super().__init__(*at.MINIBATCH, top_k)


class EpochTopkAccuracy(TopkAccuracyPluginMetric):
    """Training top-k accuracy over every epoch: ``Topk_3_Acc_Epoch``.

    Args:
        top_k: number of classes that count.
    """

    def __init__(self, top_k: int) -> None:
        super().__init__(*at.EPOCH, top_k)


class RunningEpochTopkAccuracy(TopkAccuracyPluginMetric):
    """Training top-k accuracy since the epoch began: ``Topk_3_RunningAcc_Epoch``.

    Args:
        top_k: number of classes that count.
    """

    def __init__(self, top_k: int) -> None:
        super().__init__(*at.RUNNING_EPOCH, top_k)


class ExperienceTopkAccuracy(TopkAccuracyPluginMetric):
    """Evaluation top-k accuracy of every experience: ``Topk_3_Acc_Exp``.

    Args:
        top_k: number of classes that count.
    """

    def __init__(self, top_k: int) -> None:
        super().__init__(*at.EXPERIENCE, top_k)


class TrainedExperienceTopkAccuracy(TopkAccuracyPluginMetric):
    """Top-k accuracy over the experiences learnt so far: ``Topk_3_Acc_On_Trained_Experiences``.

    Args:
        top_k: number of classes that count.
    """

    def __init__(self, top_k: int) -> None:
        super().__init__(*at.STREAM, top_k, trained_only=True)

    def __str__(self) -> str:
        return f"Topk_{self.top_k}_Acc_On_Trained_Experiences"


class StreamTopkAccuracy(TopkAccuracyPluginMetric):
    """Evaluation top-k accuracy over the stream: ``Topk_3_Acc_Stream``.

    Args:
        top_k: number of classes that count.
    """

    def __init__(self, top_k: int) -> None:
        super().__init__(*at.STREAM, top_k)


def topk_acc_metrics(
    *,
    top_k: int = 3,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    trained_experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """Top-k accuracy at the granularities that are switched on.

    Args:
        top_k: number of classes that count, at least 1.
        minibatch: of every training minibatch.
        epoch: over every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of every evaluated experience.
        trained_experience: over the experiences of the stream that were learnt so far.
        stream: over every evaluated stream.

    Example:
        >>> [str(metric) for metric in topk_acc_metrics(top_k=2, epoch=True, epoch_running=True)]
        ['Topk_2_Acc_Epoch', 'Topk_2_RunningAcc_Epoch']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchTopkAccuracy),
            (epoch, EpochTopkAccuracy),
            (epoch_running, RunningEpochTopkAccuracy),
            (experience, ExperienceTopkAccuracy),
            (trained_experience, TrainedExperienceTopkAccuracy),
            (stream, StreamTopkAccuracy),
        ],
        top_k,
    )
