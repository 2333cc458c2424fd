"""Counts and sums per task, accumulated without asking the device which tasks there are."""

from typing import Any

import torch
from torch import Tensor

__all__ = ["TaskSums"]

_FOLD_EVERY = 64


class TaskSums:
    """For every task, the sum of a quantity and the number of samples.

    Which tasks a batch holds is known only on the device, so batches are kept as they are and
    folded into one sum per task every 64 batches and when somebody reads: one wait for all.

    Example:
        >>> sums = TaskSums()
        >>> sums.add(torch.tensor([0, 0, 3]), torch.tensor([1.0, 0.0, 1.0]))
        >>> sums.means()
        {0: 0.5, 3: 1.0}
    """

    def __init__(self) -> None:
        self._pending: list[tuple[Tensor, Tensor]] = []
        self._sums: dict[int, list[float]] = {}

    def add(self, task_labels: int | Tensor, values: Tensor) -> None:
        """Add one batch.

        Args:
            task_labels: one label for all, or shape ``(batch,)``.
            values: shape ``(batch,)``.
        """
        if not isinstance(task_labels, Tensor):
            task_labels = torch.full((len(values),), task_labels, device=values.device)
        elif task_labels.dim() == 0:
            task_labels = task_labels.expand(len(values))
        if task_labels.shape != values.shape:
            raise ValueError(
                f"task_labels of shape {tuple(task_labels.shape)}: expected one label for each of "
                f"the {len(values)} samples, or a single one for all of them"
            )
        self._pending.append((task_labels.to(values.device), values))
        if len(self._pending) >= _FOLD_EVERY:
            self._fold()

    def means(self) -> dict[int, float]:
        """Mean per task, in order of first appearance of the tasks' numbers."""
        self._fold()
        return {task: total / count for task, (total, count) in sorted(self._sums.items())}

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
        self._sums = {task: list(pair) for task, pair in state["sums"].items()}

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
            pair = self._sums.setdefault(task, [0.0, 0])
            pair[0] += total
            pair[1] += count
