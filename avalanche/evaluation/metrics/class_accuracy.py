"""Accuracy of every class apart."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Mode,
    PluginMetric,
    ResetAt,
)
from avalanche.evaluation.metric_results import MetricValue
from avalanche.evaluation.metric_utils import get_metric_key
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.accuracy import class_labels, correct_predictions
from avalanche.evaluation.metrics.by_task import (
    OnTaskSums,
    split_task_and_class,
    task_and_class,
    task_ids,
)
from avalanche.evaluation.metrics.elements import has_elements, label_elements, of_each_element

__all__ = [
    "ClassAccuracy",
    "ClassAccuracyPluginMetric",
    "EpochClassAccuracy",
    "ExperienceClassAccuracy",
    "MinibatchClassAccuracy",
    "RunningEpochClassAccuracy",
    "StreamClassAccuracy",
    "TrackedClassesType",
    "class_accuracy_metrics",
]

#: Classes to report: for every task, or for all tasks the same.
TrackedClassesType = Mapping[int, Iterable[int]] | Iterable[int]


class ClassAccuracy(OnTaskSums[dict[int, dict[int, float]]]):
    r"""Accuracy of every class apart, for every task: the share of the class's samples that are
    recognised, :math:`\frac{1}{n_c} \sum_{i: y_i = c} [\hat y_i = c]`.

    Args:
        classes: the classes to report, also those without samples, whose accuracy is 0: for every
            task a list, or one list for all tasks. None for those that appear.

    Example:
        >>> import torch
        >>> accuracy = ClassAccuracy()
        >>> accuracy.update(torch.tensor([1, 0, 2]), torch.tensor([1, 1, 2]), task_labels=0)
        >>> accuracy.result()
        {0: {1: 0.5, 2: 1.0}}
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        super().__init__()
        self._for_all: list[int] | None = None
        self._for_task: dict[int, list[int]] | None = None
        if isinstance(classes, Mapping):
            self._for_task = {int(task): sorted(map(int, of)) for task, of in classes.items()}
        elif classes is not None:
            self._for_all = sorted(map(int, classes))

    def update(self, predicted_y: Tensor, true_y: Tensor, task_labels: int | Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: labels ``(batch,)`` or scores ``(batch, classes)``; of elements
                ``(batch, ...)`` or ``(batch, classes, ...)``.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``; of elements
                ``(batch, ...)``.
            task_labels: one label for all, or shape ``(batch,)``.

        Raises:
            ValueError: lengths differ, or shapes do not fit.
        """
        correct = correct_predictions(predicted_y, true_y)
        task_labels = of_each_element(task_labels, len(true_y), len(correct))
        if has_elements(predicted_y, true_y):
            labels = label_elements(predicted_y, true_y).flatten()
        else:
            labels = class_labels(true_y)
        self._sums.add(task_and_class(task_labels, labels), correct)

    def result(self) -> dict[int, dict[int, float]]:
        """Accuracy per task and class, sorted."""
        found: dict[int, dict[int, float]] = {}
        for pair, accuracy in self._sums.means().items():
            task, label = split_task_and_class(pair)
            found.setdefault(task, {})[label] = accuracy
        tracked = self._for_task
        if self._for_all is not None:
            tracked = dict.fromkeys(found or [0], self._for_all)
        if tracked is None:
            return found
        return {
            task: {label: found.get(task, {}).get(label, 0.0) for label in labels}
            for task, labels in sorted(tracked.items())
        }


class ClassAccuracyPluginMetric(GenericPluginMetric[dict[int, dict[int, float]]]):
    """Class accuracy that follows a strategy; the base of the classes below.

    One value per task and class, the class at the end of the name.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
        classes: see :class:`ClassAccuracy`.
    """

    def __init__(
        self,
        reset_at: ResetAt,
        emit_at: EmitAt,
        mode: Mode,
        classes: TrackedClassesType | None = None,
    ) -> None:
        self._class_accuracy = ClassAccuracy(classes)
        super().__init__(self._class_accuracy, reset_at, emit_at, mode)

    def update(self, strategy: Any) -> None:
        """Count the current batch."""
        self._class_accuracy.update(strategy.mb_output, strategy.mb_y, task_ids(strategy))

    def _package_result(self, strategy: Any) -> list[MetricValue]:
        step, add_exp = strategy.clock.train_iterations, self._emit_at == "experience"
        has_labels = getattr(strategy.experience, "task_labels", None) is not None
        result, made = self.result(), []
        for task, classes in result.items():
            add_task = task if has_labels or len(result) > 1 else False
            for label, accuracy in classes.items():
                key = get_metric_key(self, strategy, add_exp, add_task, detail=str(label))
                made.append(MetricValue(self, key, accuracy, step))
        return made

    def __str__(self) -> str:
        return f"Top1_{at.named('ClassAcc', self._reset_at, self._emit_at)}"


class MinibatchClassAccuracy(ClassAccuracyPluginMetric):
    """Training accuracy per class of every minibatch: ``Top1_ClassAcc_MB``.

    Args:
        classes: see :class:`ClassAccuracy`.
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        super().__init__(*at.MINIBATCH, classes)


class EpochClassAccuracy(ClassAccuracyPluginMetric):
    """Training accuracy per class over every epoch: ``Top1_ClassAcc_Epoch``.

    Args:
        classes: see :class:`ClassAccuracy`.
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        super().__init__(*at.EPOCH, classes)


class RunningEpochClassAccuracy(ClassAccuracyPluginMetric):
    """Training accuracy per class since the epoch began: ``Top1_RunningClassAcc_Epoch``.

    Args:
        classes: see :class:`ClassAccuracy`.
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        super().__init__(*at.RUNNING_EPOCH, classes)


class ExperienceClassAccuracy(ClassAccuracyPluginMetric):
    """Evaluation accuracy per class of every experience: ``Top1_ClassAcc_Exp``.

    Args:
        classes: see :class:`ClassAccuracy`.
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        super().__init__(*at.EXPERIENCE, classes)


class StreamClassAccuracy(ClassAccuracyPluginMetric):
    """Evaluation accuracy per class over the stream: ``Top1_ClassAcc_Stream``.

    Args:
        classes: see :class:`ClassAccuracy`.
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        super().__init__(*at.STREAM, classes)


def class_accuracy_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
    classes: TrackedClassesType | None = None,
) -> list[PluginMetric[Any]]:
    """Accuracy of every class apart, at the granularities that are switched on.

    Args:
        minibatch: of every training minibatch.
        epoch: over every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of every evaluated experience.
        stream: over every evaluated stream.
        classes: the classes to report; see :class:`ClassAccuracy`.

    Example:
        >>> [str(metric) for metric in class_accuracy_metrics(epoch=True, stream=True)]
        ['Top1_ClassAcc_Epoch', 'Top1_ClassAcc_Stream']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchClassAccuracy),
            (epoch, EpochClassAccuracy),
            (epoch_running, RunningEpochClassAccuracy),
            (experience, ExperienceClassAccuracy),
            (stream, StreamClassAccuracy),
        ],
        classes,
    )
