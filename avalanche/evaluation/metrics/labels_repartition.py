"""How many samples of each class a model sees."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.history_images import default_history_repartition_image_creator
from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Mode,
    PluginMetric,
)
from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricResult,
    MetricValue,
)
from avalanche.evaluation.metric_utils import get_metric_key, stream_type
from avalanche.evaluation.metrics.accuracy import class_labels
from avalanche.evaluation.metrics.by_task import (
    OnTaskSums,
    split_task_and_class,
    task_and_class,
    task_ids,
)

__all__ = ["LabelsRepartition", "LabelsRepartitionPlugin", "labels_repartition_metrics"]

ImageCreator = Callable[[Mapping[int, Sequence[int]], Sequence[int]], Any]
Counts = dict[int, dict[int, int]]
#: For every task, at which training iterations there were how many samples of each class.
Past = dict[int, list[tuple[int, dict[int, int]]]]


class LabelsRepartition(OnTaskSums[Counts]):
    """Number of samples per task and class.

    Example:
        >>> counts = LabelsRepartition()
        >>> counts.update([0, 0, 1], [3, 3, 2])
        >>> counts.result()
        {0: {3: 2}, 1: {2: 1}}
    """

    def __init__(self) -> None:
        super().__init__()
        self._order: dict[int, int] = {}

    def update(self, tasks: int | Tensor | Sequence[int], labels: Tensor | Sequence[int]) -> None:
        """Take one more batch.

        Args:
            tasks: task labels, ``(batch,)``, or one for all.
            labels: classes, ``(batch,)``, or one-hot ``(batch, classes)``.
        """
        classes = class_labels(torch.as_tensor(labels))
        tasks = tasks if isinstance(tasks, int) else torch.as_tensor(tasks)
        self._sums.add(task_and_class(tasks, classes), torch.ones_like(classes))

    def update_order(self, class_order: Iterable[int]) -> None:
        """Classes in the order in which the result shall bring them; others come after these."""
        self._order = {int(label): place for place, label in enumerate(class_order)}

    def result(self) -> Counts:
        """Counts per task and class."""
        found: Counts = {}
        for pair, (_, count) in self._sums.totals().items():
            task, label = split_task_and_class(pair)
            found.setdefault(task, {})[label] = count
        last = len(self._order)
        return {
            task: dict(sorted(of.items(), key=lambda item: (self._order.get(item[0], last), item)))
            for task, of in found.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """The counts, and the order of the classes."""
        return {**super().state_dict(), "order": list(self._order)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self.update_order(state["order"])


class LabelsRepartitionPlugin(GenericPluginMetric[Counts]):
    """Number of samples per class of every task: ``Repartition``.

    A value is the history of the stream drawn and the present counts as a dictionary, of which each
    logger takes what it can show.

    Args:
        image_creator: draws the history: called with the counts of every class at each time, and
            the times in training iterations.
        mode: ``"train"`` or ``"eval"``.
        emit_reset_at: when to emit and begin again: ``"stream"``, ``"experience"``, or, in
            training, ``"epoch"``.
    """

    def __init__(
        self,
        *,
        image_creator: ImageCreator = default_history_repartition_image_creator,
        mode: Mode = "train",
        emit_reset_at: EmitAt = "epoch",
    ) -> None:
        self._repartition = LabelsRepartition()
        self._image_creator = image_creator
        self._past: dict[str, Past] = {}  # of each stream
        super().__init__(self._repartition, emit_reset_at, emit_reset_at, mode)

    def __str__(self) -> str:
        return "Repartition"

    def _follow_order(self, strategy: Any) -> None:
        benchmark = getattr(strategy.experience, "benchmark", None)
        order = getattr(benchmark, "classes_order", None)
        if order is not None:
            self._repartition.update_order(order)

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Take the benchmark's order of classes."""
        self._follow_order(strategy)
        return super().before_training_exp(strategy)

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Take the benchmark's order of classes."""
        self._follow_order(strategy)
        return super().before_eval_exp(strategy)

    def update(self, strategy: Any) -> None:
        """Count the current batch."""
        self._repartition.update(task_ids(strategy), strategy.mb_y)

    def _package_result(self, strategy: Any) -> list[MetricValue]:
        whole = get_metric_key(self, strategy, self._emit_at == "experience", add_task=False)
        step, now = strategy.clock.train_iterations, self.result()
        past = self._past.setdefault(stream_type(strategy.experience), {})
        made = []
        for task in sorted({*past, *now}):
            counts = now.get(task, {})
            times = past.setdefault(task, [])
            times.append((step, counts))
            value = AlternativeValues(LazyValue(self._draw, times, len(times)), counts)
            key = replace(whole, detail=f"Task_{task:03}")
            made.append(MetricValue(self, key, value, step))
        return made

    def _draw(self, times: list[tuple[int, dict[int, int]]], until: int) -> Any:
        """The history of the first so many times."""
        shown = times[:until]
        labels = dict.fromkeys(label for _, counts in shown for label in counts)
        history = {label: [counts.get(label, 0) for _, counts in shown] for label in labels}
        return self._image_creator(history, [step for step, _ in shown])

    def state_dict(self) -> dict[str, Any]:
        """Counts and history."""
        past = {stream: _copied(of) for stream, of in self._past.items()}
        return {"metric": super().state_dict(), "past": past}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state["metric"])
        self._past = {stream: _copied(of) for stream, of in state["past"].items()}


def _copied(past: Past) -> Past:
    return {task: [(step, dict(counts)) for step, counts in of] for task, of in past.items()}


def labels_repartition_metrics(
    *,
    on_train: bool = True,
    emit_train_at: EmitAt = "epoch",
    on_eval: bool = False,
    emit_eval_at: EmitAt = "stream",
    image_creator: ImageCreator = default_history_repartition_image_creator,
) -> list[PluginMetric[Any]]:
    """Number of samples per class that the model sees.

    Args:
        on_train: in training, replay included.
        emit_train_at: ``"epoch"``, ``"experience"`` or ``"stream"``.
        on_eval: in evaluation.
        emit_eval_at: ``"experience"`` or ``"stream"``.
        image_creator: draws the history; see :class:`LabelsRepartitionPlugin`.

    Example:
        >>> [str(metric) for metric in labels_repartition_metrics(on_eval=True)]
        ['Repartition', 'Repartition']
    """
    wanted: list[tuple[bool, Mode, EmitAt]] = [
        (on_train, "train", emit_train_at),
        (on_eval, "eval", emit_eval_at),
    ]
    return [
        LabelsRepartitionPlugin(image_creator=image_creator, mode=mode, emit_reset_at=at)
        for switched_on, mode, at in wanted
        if switched_on
    ]
