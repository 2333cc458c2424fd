"""The memory of GDumb as a plugin of the flow family."""

from __future__ import annotations

from copy import copy
from types import SimpleNamespace
from typing import Any

from avalanche.training.skeletons import StrategySkeleton, TrainingFlow
from avalanche.training.skeletons.loaders import as_pairs, as_taskaware
from avalanche.training.storage_policy import ClassBalancedBuffer
from avalanche.training.storage_policy.greedy import check_trainable

__all__ = ["GreedyMemory"]


class GreedyMemory(StrategySkeleton):
    """Trains on a memory with equal shares for all classes, and on nothing else.

    A step stays in the memory when its training has ended. After training that was interrupted the
    next one starts from the memory as it was before.

    Args:
        mem_size: samples that the memory holds, at least 1.

    Attributes:
        memory: the buffer.

    Raises:
        ValueError: a ``mem_size`` below 1.

    References:
        Prabhu et al., "GDumb", ECCV 2020, algorithm 1.
    """

    looks_back = True

    def __init__(self, mem_size: int = 200) -> None:
        super().__init__()
        self.memory = ClassBalancedBuffer(check_trainable(mem_size))
        self._before: ClassBalancedBuffer | None = None  # of a step that is not yet learnt

    @TrainingFlow
    def adapt_train_dataset(self, train_dataset: Any, step_info: Any) -> None:
        """Take in the step's data, then train on the memory."""
        label = (getattr(step_info, "task_labels", None) or [0])[0]
        step = SimpleNamespace(dataset=as_taskaware(train_dataset, label))
        if self._before is not None:
            self.memory = self._before
        self._before = copy(self.memory)
        self.memory.post_adapt(None, step)
        self.update_namespace(train_dataset=as_pairs(self.memory.buffer.train()))

    @TrainingFlow
    def after_training_epoch(self, epoch: int, train_epochs: int) -> None:
        """Keep the step once it is learnt, whatever happens after its last epoch."""
        if epoch + 1 >= train_epochs:
            self._before = None

    @TrainingFlow
    def after_training(self) -> None:
        """Keep a step whose training stopped early."""
        self._before = None
