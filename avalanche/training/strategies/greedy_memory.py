"""The memory of GDumb as a plugin of the flow family."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from avalanche.training.skeletons import StrategySkeleton, TrainingFlow
from avalanche.training.skeletons.loaders import as_pairs, as_taskaware
from avalanche.training.storage_policy import ClassBalancedBuffer

__all__ = ["GreedyMemory"]


class GreedyMemory(StrategySkeleton):
    """Trains on a memory with equal shares for all classes, and on nothing else.

    Args:
        mem_size: samples that the memory holds.

    Attributes:
        memory: the buffer.

    References:
        Prabhu et al., "GDumb", ECCV 2020, algorithm 1.
    """

    looks_back = True

    def __init__(self, mem_size: int = 200) -> None:
        super().__init__()
        self.memory = ClassBalancedBuffer(mem_size)

    @TrainingFlow
    def adapt_train_dataset(self, train_dataset: Any, step_info: Any) -> None:
        """Take in the step's data, then train on the memory."""
        label = (getattr(step_info, "task_labels", None) or [0])[0]
        step = SimpleNamespace(dataset=as_taskaware(train_dataset, label))
        self.memory.post_adapt(None, step)
        self.update_namespace(train_dataset=as_pairs(self.memory.buffer.train()))
