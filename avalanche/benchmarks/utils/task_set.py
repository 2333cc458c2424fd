"""A dataset seen as one dataset per task label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

D = TypeVar("D", bound=Any)


class TaskSet(Mapping[int, D], Generic[D]):
    """A dataset seen as one dataset per task label.

    Args:
        data: the dataset to look at; it has the attribute ``targets_task_labels``.

    Example:
        >>> import torch
        >>> from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
        >>> data = _make_taskaware_tensor_classification_dataset(
        ...     torch.zeros(3, 2), torch.tensor([0, 1, 0]), task_labels=[0, 0, 4])
        >>> {task: len(part) for task, part in TaskSet(data).items()}
        {0: 2, 4: 1}
    """

    def __init__(self, data: D) -> None:
        self.data = data

    def __getitem__(self, task_label: int) -> D:
        groups = self.data.targets_task_labels.groups
        if task_label not in groups:
            raise KeyError(
                f"task_label={task_label}: expected one of {sorted(groups)}, the tasks of the data"
            )
        part: D = self.data.subset(groups[task_label])
        return part

    def __iter__(self) -> Iterator[int]:
        return iter(self.data.targets_task_labels.groups)

    def __len__(self) -> int:
        return len(self.data.targets_task_labels.groups)
