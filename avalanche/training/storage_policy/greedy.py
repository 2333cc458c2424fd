"""The memory of GDumb: balanced over classes, one for each task."""

from __future__ import annotations

from typing import Any

import torch

from avalanche.benchmarks.utils import AvalancheDataset, as_avalanche_dataset, concat_datasets
from avalanche.training.storage_policy.balanced import ClassBalancedBuffer
from avalanche.training.storage_policy.base import ExemplarsBuffer, check_size

__all__ = ["GreedyBalancingBuffer"]


class GreedyBalancingBuffer(ExemplarsBuffer):
    """For each task a memory with as equal shares for its classes as the data allow.

    On data with one task, or without task labels, this is a :class:`ClassBalancedBuffer`.

    Args:
        max_size: capacity in samples, for each task.

    Attributes:
        tasks: task label to the memory of that task.

    Differences from the paper:
        1. The paper's sampler admits no sample to a class that already has its equal share, so a
           memory can stay partly empty when one class is rare; here the other classes fill it.
        2. In the paper later samples of a full class are never stored; here every sample of a
           class is as likely to be stored as any other.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> buffer = GreedyBalancingBuffer(max_size=50)
        >>> for experience in SplitDigits().train_stream:
        ...     buffer.update(SimpleNamespace(experience=experience))
        >>> set(buffer.buffer.targets.count.values())
        {5}

    References:
        Prabhu et al., "GDumb: A Simple Approach that Questions Our Progress in Continual
        Learning", ECCV 2020, algorithm 1.
    """

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        self.tasks: dict[int, ClassBalancedBuffer] = {}

    @property
    def buffer(self) -> AvalancheDataset:
        """The stored samples of all tasks."""
        joined: AvalancheDataset = concat_datasets([m.buffer for m in self.tasks.values()])
        return joined

    @buffer.setter
    def buffer(self, data: AvalancheDataset) -> None:
        raise AttributeError("buffer: the memory is divided by tasks; change the one in tasks")

    def post_adapt(self, agent_state: Any, exp: Any) -> None:
        """Take in the data of ``exp``."""
        data: Any = as_avalanche_dataset(exp.dataset)
        labels = data.data_attributes.get("targets_task_labels")
        groups: dict[int, torch.Tensor | None] = {0: None} if labels is None else labels.groups
        for task, rows in groups.items():
            memory = self.tasks.setdefault(int(task), ClassBalancedBuffer(self.max_size))
            memory.update_from_dataset(data if rows is None else data.subset(rows))

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity for each task."""
        self.max_size = check_size("new_size", new_size)
        for memory in self.tasks.values():
            memory.resize(strategy, new_size)

    def state_dict(self) -> dict[str, Any]:
        """Capacity and the memory of every task."""
        tasks = [(task, memory.state_dict()) for task, memory in self.tasks.items()]
        return {"max_size": self.max_size, "tasks": tasks}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`."""
        tasks = {}
        for task, saved in state["tasks"]:
            tasks[task] = ClassBalancedBuffer(state["max_size"])
            tasks[task].load_state_dict(saved, parts)
        self.max_size, self.tasks = state["max_size"], tasks


def check_trainable(mem_size: Any) -> int:
    """Refuse the size of a memory that holds nothing to train on."""
    size = check_size("mem_size", mem_size)
    if size < 1:
        raise ValueError(
            f"mem_size={size}: GDumb trains on the memory alone; give at least 1 sample"
        )
    return size
