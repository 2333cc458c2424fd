"""Counts and sums per task, accumulated without asking the device which tasks there are."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric

__all__ = ["ByTask", "OnTaskSums", "TaskSums", "split_task_and_class", "task_and_class", "task_ids"]

_FOLD_EVERY = 64
_CLASS_BITS = 32


def task_ids(strategy: Any) -> int | Tensor:
    """Task label of every sample of the current batch; 0 where samples carry none."""
    ids: Tensor | None = strategy.mb_task_id
    return 0 if ids is None else ids


def task_and_class(task_labels: int | Tensor, classes: Tensor) -> Tensor:
    """One number for each pair, ``(batch,)``; :func:`split_task_and_class` takes it apart."""
    if isinstance(task_labels, Tensor):
        task_labels = task_labels.to(classes.device).long()  # smaller types have no room for both
    return (task_labels << _CLASS_BITS) + classes.long()


def split_task_and_class(pair: int) -> tuple[int, int]:
    """Task label and class.

    Raises:
        ValueError: the class is negative, which shows only here: looking at it on the device would
            mean to wait.
    """
    label = pair & ((1 << _CLASS_BITS) - 1)
    if label >> (_CLASS_BITS - 1):
        raise ValueError(
            f"class {label - (1 << _CLASS_BITS)}: expected classes of 0 or more; leave out samples "
            "without a class before the metric gets them"
        )
    return pair >> _CLASS_BITS, label


def label_each(task_labels: int | Tensor, values: Tensor) -> Tensor:
    """One label for each of the values, ``(batch,)``.

    Raises:
        ValueError: there are as many labels neither as values nor as one.
    """
    count = len(values)
    if not isinstance(task_labels, Tensor):
        return torch.full((count,), task_labels, device=values.device)
    if task_labels.dim() == 0:
        task_labels = task_labels.expand(count)
    if task_labels.shape != (count,):
        raise ValueError(
            f"task_labels of shape {tuple(task_labels.shape)}: expected one label for each of "
            f"the {count} samples, or a single one for all of them"
        )
    return task_labels.to(values.device)


class TaskSums:
    """For every task, the sum of a quantity and the number of samples.

    Which tasks a batch holds is known only on the device, so batches are kept as they are and
    folded into one sum per task every 64 batches and when somebody reads: one wait for all.

    Any other whole numbers may take the place of the tasks, such as classes or
    :func:`task_and_class`.

    Example:
        >>> sums = TaskSums()
        >>> sums.add(torch.tensor([0, 0, 3]), torch.tensor([1.0, 0.0, 1.0]))
        >>> sums.means()
        {0: 0.5, 3: 1.0}
    """

    def __init__(self) -> None:
        self._pending: list[tuple[Tensor, Tensor]] = []
        self._sums: dict[int, tuple[float, int]] = {}

    def add(self, task_labels: int | Tensor, values: Tensor) -> None:
        """Add one batch.

        Args:
            task_labels: one label for all, or shape ``(batch,)``.
            values: shape ``(batch,)``.
        """
        self._pending.append((label_each(task_labels, values), values))
        if len(self._pending) >= _FOLD_EVERY:
            self._fold()

    def means(self) -> dict[int, float]:
        """Mean per task, sorted by task."""
        return {task: total / count for task, (total, count) in self.totals().items()}

    def totals(self) -> dict[int, tuple[float, int]]:
        """Sum and number of samples per task, sorted by task."""
        self._fold()
        return dict(sorted(self._sums.items()))

    def reset(self, task: int | None = None) -> None:
        """Forget everything, or one task."""
        if task is None:
            self._pending, self._sums = [], {}
        else:
            self._fold()
            self._sums.pop(task, None)

    def state_dict(self) -> dict[str, Any]:
        """Sum and count per task."""
        self._fold()
        return {"sums": {task: list(pair) for task, pair in self._sums.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._pending = []
        self._sums = {task: (total, count) for task, (total, count) in state["sums"].items()}

    def _fold(self) -> None:
        if not self._pending:
            return
        labels = torch.cat([labels for labels, _ in self._pending])
        values = torch.cat([values for _, values in self._pending])
        self._pending = []
        tasks, position = torch.unique(labels, return_inverse=True)
        dtype = torch.float32 if values.device.type == "mps" else torch.float64
        totals = torch.zeros(len(tasks), dtype=dtype, device=values.device)
        totals.index_add_(0, position, values.to(dtype))
        counts = torch.bincount(position, minlength=len(tasks))
        rows = zip(tasks.tolist(), totals.tolist(), counts.tolist(), strict=True)
        for task, total, count in rows:
            before, samples = self._sums.get(task, (0.0, 0))
            self._sums[task] = (before + total, samples + count)


TResult = TypeVar("TResult")


class OnTaskSums(Metric[TResult], ABC, Generic[TResult]):
    """Base of metrics that are computed from sums per task, or per task and class."""

    def __init__(self) -> None:
        self._sums = TaskSums()

    @abstractmethod
    def result(self) -> TResult:
        """The value."""

    def reset(self) -> None:
        """Forget everything."""
        self._sums.reset()

    def state_dict(self) -> dict[str, Any]:
        """The sums."""
        return self._sums.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._sums.load_state_dict(state)


class OnBatches(Protocol):
    """A standalone metric of predictions and truths, whose state can be saved."""

    def update(self, predicted_y: Tensor, true_y: Tensor) -> None:
        """Take one more batch."""
        ...

    def result(self) -> float:
        """The value."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        ...


TMetric = TypeVar("TMetric", bound=OnBatches)


class ByTask(Metric[dict[int, float]], Generic[TMetric]):
    """A standalone metric for every task apart.

    Batches are kept as they are and dealt out to the tasks every 64 batches and when somebody
    reads, for the reason that :class:`TaskSums` gives.

    Args:
        make: makes the metric of one task.
    """

    def __init__(self, make: Callable[[], TMetric]) -> None:
        self._make = make
        self._metrics: dict[int, TMetric] = {}
        self._pending: list[tuple[Tensor, Tensor, Tensor]] = []

    def update(self, predicted_y: Tensor, true_y: Tensor, task_labels: int | Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: shape ``(batch, ...)``.
            true_y: the same shape.
            task_labels: one label for all, or shape ``(batch,)``.

        Raises:
            ValueError: lengths differ.
        """
        labels = label_each(task_labels, true_y)
        self._pending.append((labels, predicted_y.detach(), true_y))
        if len(self._pending) >= _FOLD_EVERY:
            self._fold()

    def result(self, task_label: int | None = None) -> dict[int, float]:
        """Value per task seen, sorted by task; of one task alone if it is given (0 if unseen)."""
        self._fold()
        found = {task: metric.result() for task, metric in sorted(self._metrics.items())}
        return found if task_label is None else {task_label: found.get(task_label, 0.0)}

    def reset(self, task_label: int | None = None) -> None:
        """Forget everything, or one task."""
        if task_label is None:
            self._metrics, self._pending = {}, []
        else:
            self._fold()
            self._metrics.pop(task_label, None)

    def state_dict(self) -> dict[str, Any]:
        """State per task."""
        self._fold()
        return {"tasks": {task: metric.state_dict() for task, metric in self._metrics.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.reset()
        for task, saved in state["tasks"].items():
            self._metrics[task] = self._make()
            self._metrics[task].load_state_dict(saved)

    def _fold(self) -> None:
        if not self._pending:
            return
        labels, predicted, true = (torch.cat(parts) for parts in zip(*self._pending, strict=True))
        self._pending = []
        for task in torch.unique(labels).tolist():
            chosen = labels == task
            metric = self._metrics.setdefault(task, self._make())
            metric.update(predicted[chosen], true[chosen])
