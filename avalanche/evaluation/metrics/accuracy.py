"""Accuracy: the share of samples whose class was predicted."""

import weakref
from typing import Any

import torch.nn.functional as F
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
from avalanche.evaluation.metrics.elements import (
    as_rows,
    count_labels,
    label_elements,
    of_each_element,
)

__all__ = [
    "Accuracy",
    "AccuracyPerTaskPluginMetric",
    "AccuracyPluginMetric",
    "EpochAccuracy",
    "ExperienceAccuracy",
    "MinibatchAccuracy",
    "RunningEpochAccuracy",
    "StreamAccuracy",
    "TaskAwareAccuracy",
    "TrainedExperienceAccuracy",
    "accuracy_metrics",
]


def class_labels(values: Tensor) -> Tensor:
    """Class of every sample, shape ``(batch,)``, from labels, ``(batch,)`` or ``(batch, 1)``, or
    from one score per class."""
    if values.dim() < 2:
        return values
    return values.squeeze(1) if values.shape[1] == 1 else values.argmax(dim=1)


def class_scores(predicted_y: Tensor, true_y: Tensor | None = None) -> Tensor:
    """Scores ``(batch, classes)``, from those of a binary model with one unit too.

    Where targets are as binary cross-entropy takes them, floats or a column ``(batch, 1)``, a
    single score per sample is the logit of class 1 against class 0, whose score is 0. With labels
    ``(batch,)`` it is that of the only class, as in a head that will grow.
    """
    if predicted_y.dim() != 2 or predicted_y.shape[1] != 1 or not predicted_y.is_floating_point():
        return predicted_y
    binary = true_y is not None and (true_y.is_floating_point() or true_y.dim() > 1)
    return F.pad(predicted_y, (1, 0)) if binary else predicted_y


def predicted_classes(predicted_y: Tensor, true_y: Tensor) -> Tensor:
    """Predicted class of every sample, ``(batch,)``, from labels or scores."""
    scores = class_scores(predicted_y, true_y)
    if scores.dim() == 2 and scores.is_floating_point():
        return scores.argmax(dim=1)
    return class_labels(scores)


def correct_predictions(predicted_y: Tensor, true_y: Tensor) -> Tensor:
    """Which predictions are right, bool of shape ``(batch,)`` or ``(elements,)``.

    Args:
        predicted_y: labels ``(batch,)`` or scores ``(batch, classes)``; see :func:`class_scores`
            for a single one. With a class for every element, ``(batch, ...)`` or
            ``(batch, classes, ...)``.
        true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``; of elements ``(batch, ...)``.

    Raises:
        ValueError: the two differ in length, or their shapes do not fit.
    """
    if len(predicted_y) != len(true_y):
        raise ValueError(
            f"predicted_y has {len(predicted_y)} rows and true_y has {len(true_y)} (shapes "
            f"{tuple(predicted_y.shape)} and {tuple(true_y.shape)}): expected one prediction per "
            "true label"
        )
    many = predicted_y.dim() > 2 and predicted_y.is_floating_point() and predicted_y.shape[1] > 1
    if many:  # without a copy of all the scores
        labels = label_elements(predicted_y, true_y)
        return (predicted_y.argmax(dim=1) == labels).flatten()
    predicted_y, true_y = as_rows(predicted_y, true_y)
    return predicted_classes(predicted_y, true_y) == class_labels(true_y)


class Accuracy(Metric[float]):
    r"""Accuracy, :math:`\frac1n \sum_i [\hat y_i = y_i]`; 0 without data.

    Counts stay on the device until :meth:`result` is called. A single score per sample,
    ``(batch, 1)``, is the logit of class 1 against class 0 where targets are floats or a column,
    as binary cross-entropy takes them; with labels ``(batch,)`` it is that of the only class.

    Example:
        >>> import torch
        >>> accuracy = Accuracy()
        >>> scores = torch.tensor([[0.1, 0.9], [0.8, 0.2]])
        >>> accuracy.update(scores, torch.tensor([1, 1]))
        >>> accuracy.result()
        0.5
    """

    def __init__(self) -> None:
        self._correct: Tensor | int = 0
        self._total = 0

    def update(self, predicted_y: Tensor, true_y: Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: labels ``(batch,)`` or scores ``(batch, classes)``; with a class for every
                element, such as a pixel, ``(batch, ...)`` or ``(batch, classes, ...)``.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``; of elements
                ``(batch, ...)``. All elements count the same.

        Raises:
            ValueError: the two differ in length, or their shapes do not fit.
        """
        correct = correct_predictions(predicted_y, true_y)
        self.add(correct.sum(), len(correct))

    def add(self, correct: Tensor | int, total: int) -> None:
        """Take ``correct`` right answers out of ``total``."""
        self._correct = self._correct + correct
        self._total += total

    def compute(self) -> Tensor | float:
        """The accuracy as a 0-dim tensor on the device, if there were data."""
        if not self._total:
            return 0.0
        correct = self._correct
        if isinstance(correct, Tensor) and correct.device.type != "mps":
            correct = correct.double()
        return correct / self._total

    def result(self) -> float:
        """The accuracy, in [0, 1]."""
        return float(self.compute())

    def reset(self) -> None:
        """Forget everything."""
        self._correct = 0
        self._total = 0

    def state_dict(self) -> dict[str, Any]:
        """The two counts."""
        return {"correct": int(self._correct), "total": self._total}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._correct, self._total = state["correct"], state["total"]


class TaskAwareAccuracy(OnTaskSums[dict[int, float]]):
    """Accuracy of every task apart.

    Example:
        >>> import torch
        >>> accuracy = TaskAwareAccuracy()
        >>> predicted, true = torch.tensor([1, 0, 2]), torch.tensor([1, 1, 2])
        >>> accuracy.update(predicted, true, task_labels=torch.tensor([0, 0, 4]))
        >>> accuracy.result()
        {0: 0.5, 4: 1.0}
    """

    def update(self, predicted_y: Tensor, true_y: Tensor, task_labels: int | Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: labels ``(batch,)`` or scores ``(batch, classes)``.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``.
            task_labels: one label for all, or shape ``(batch,)``.

        Raises:
            ValueError: lengths differ, or shapes do not fit.
        """
        correct = correct_predictions(predicted_y, true_y)
        self._sums.add(of_each_element(task_labels, len(true_y), len(correct)), correct)

    def result(self, task_label: int | None = None) -> dict[int, float]:
        """Accuracy per task seen; of one task alone if it is given (0 if it was not seen)."""
        means = self._sums.means()
        return means if task_label is None else {task_label: means.get(task_label, 0.0)}

    def reset(self, task_label: int | None = None) -> None:
        """Forget everything, or one task."""
        self._sums.reset(task_label)


class CorrectCounter:
    """Counts a batch's right answers once for all the metrics that ask.

    Epoch, running, experience and stream accuracy all need the same number. Whether the batch is
    still the same is told by the identity and the version of its two tensors. Tensors of
    ``torch.inference_mode`` have no version, so these are counted for each metric.
    """

    def __init__(self) -> None:
        self._batch: tuple[Any, ...] | None = None
        self._count: Tensor | None = None

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        """Number of right answers in a batch, 0-dim.

        Raises:
            TypeError: the model answers with something else than a tensor, such as a dictionary.
        """
        if not isinstance(output, Tensor):
            raise TypeError(
                f"mb_output is a {type(output).__name__}: metrics of predictions need a tensor; "
                "let the model answer with the logits, or set strategy.mb_output to them in "
                "after_forward and after_eval_forward of a plugin"
            )
        if output.is_inference() or target.is_inference():
            return correct_predictions(output, target).sum()
        if self._batch is not None and self._count is not None:
            last_output, output_version, last_target, target_version = self._batch
            if (
                last_output() is output
                and last_target() is target
                and output_version == output._version
                and target_version == target._version
            ):
                return self._count
        self._count = correct_predictions(output, target).sum()
        self._batch = (
            weakref.ref(output),
            output._version,
            weakref.ref(target),
            target._version,
        )
        return self._count

    def __reduce__(self) -> tuple[type["CorrectCounter"], tuple[()]]:
        return CorrectCounter, ()


class CountedAccuracy(Accuracy):
    """Accuracy that shares the counting of every batch with others.

    Args:
        counter: the one that they share; its own by default.
    """

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__()
        self._count = CorrectCounter() if counter is None else counter

    def update(self, predicted_y: Tensor, true_y: Tensor) -> None:
        """Take one more batch."""
        self.add(self._count(predicted_y, true_y), count_labels(predicted_y, true_y))


class AccuracyPluginMetric(GenericPluginMetric[Any]):
    """Accuracy that follows a strategy; the base of the classes below.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        split_by_task: emit one value per task.
        counter: shared by the metrics of one call of :func:`accuracy_metrics`.
        trained_only: measure only what was learnt, in evaluation.
    """

    def __init__(
        self,
        reset_at: ResetAt,
        emit_at: EmitAt,
        mode: Mode,
        split_by_task: bool = False,
        counter: CorrectCounter | None = None,
        trained_only: bool = False,
    ) -> None:
        self._accuracy = CountedAccuracy(counter)
        self._per_task = TaskAwareAccuracy() if split_by_task else None
        super().__init__(self._per_task or self._accuracy, reset_at, emit_at, mode, trained_only)

    def update(self, strategy: Any) -> None:
        """Count the current batch."""
        if self._per_task is not None:
            if strategy.mb_task_id is None:
                raise ValueError(
                    f"{self} needs task labels and the samples carry no task label; "
                    "use a benchmark with task labels, or accuracy_metrics()"
                )
            self._per_task.update(strategy.mb_output, strategy.mb_y, strategy.mb_task_id)
        else:
            self._accuracy.update(strategy.mb_output, strategy.mb_y)

    def lazy_result(self) -> MetricType:
        """The accuracy, still on the device."""
        return self.result() if self._per_task is not None else self._accuracy.compute()

    def __str__(self) -> str:
        name = "Acc" if self._per_task is None else "TaskAcc"
        return f"Top1_{at.named(name, self._reset_at, self._emit_at)}"


class MinibatchAccuracy(AccuracyPluginMetric):
    """Training accuracy of every minibatch: ``Top1_Acc_MB``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(*at.MINIBATCH, counter=counter)


class EpochAccuracy(AccuracyPluginMetric):
    """Training accuracy over every epoch, while the model learns: ``Top1_Acc_Epoch``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(*at.EPOCH, counter=counter)


class RunningEpochAccuracy(AccuracyPluginMetric):
    """Training accuracy since the epoch began, every iteration: ``Top1_RunningAcc_Epoch``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(*at.RUNNING_EPOCH, counter=counter)


class ExperienceAccuracy(AccuracyPluginMetric):
    """Evaluation accuracy of every experience: ``Top1_Acc_Exp``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(*at.EXPERIENCE, counter=counter)


class StreamAccuracy(AccuracyPluginMetric):
    """Evaluation accuracy over all samples of the stream: ``Top1_Acc_Stream``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(*at.STREAM, counter=counter)


class TrainedExperienceAccuracy(AccuracyPluginMetric):
    """Evaluation accuracy over the experiences learnt so far: ``Accuracy_On_Trained_Experiences``.

    An experience counts if one with the same position was trained on, in whatever order. Nothing is
    emitted before the first training.
    """

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(*at.STREAM, counter=counter, trained_only=True)

    def __str__(self) -> str:
        return "Accuracy_On_Trained_Experiences"


class AccuracyPerTaskPluginMetric(AccuracyPluginMetric):
    """Accuracy of every task apart, one value per task label met: ``Top1_TaskAcc_Stream``, ...

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        super().__init__(reset_at, emit_at, mode, split_by_task=True)


def accuracy_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
    trained_experience: bool = False,
) -> list[PluginMetric[Any]]:
    """Accuracy at the granularities that are switched on.

    Args:
        minibatch: of every training minibatch.
        epoch: over every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of every evaluated experience.
        stream: over every evaluated stream.
        trained_experience: over the experiences of the stream that were learnt so far.

    Example:
        >>> [str(metric) for metric in accuracy_metrics(epoch=True, stream=True)]
        ['Top1_Acc_Epoch', 'Top1_Acc_Stream']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchAccuracy),
            (epoch, EpochAccuracy),
            (epoch_running, RunningEpochAccuracy),
            (experience, ExperienceAccuracy),
            (stream, StreamAccuracy),
            (trained_experience, TrainedExperienceAccuracy),
        ],
        CorrectCounter(),
    )
