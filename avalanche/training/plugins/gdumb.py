"""GDumb as a plugin."""

from copy import copy
from typing import Any

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.fresh_start import FreshStart
from avalanche.training.storage_policy import ClassBalancedBuffer, GreedyBalancingBuffer
from avalanche.training.storage_policy.greedy import check_trainable

__all__ = ["GDumbPlugin"]


class GDumbPlugin(SupervisedPlugin, supports_distributed=True):
    """Trains the initial model anew on a class-balanced memory at each experience.

    The memory takes in the experience first; then the weights and the optimizer go back to where
    they began, and training sees the memory and nothing else. Use many epochs: the model learns
    from scratch each time.

    An experience stays in the memory when its training has ended. After training that was
    interrupted the next one starts from the memory as it was before.

    Args:
        mem_size: capacity of the memory in samples, at least 1; with task labels, the capacity
            for each task.

    Attributes:
        storage_policy: the memory.

    Raises:
        ValueError: a ``mem_size`` below 1.

    Differences from the paper:
        The memory as in :class:`GreedyBalancingBuffer`. The paper's CutMix and its cosine schedule
        with warm restarts are choices of training: give a transform and a scheduler for them.

    References:
        Prabhu et al., "GDumb: A Simple Approach that Questions Our Progress in Continual
        Learning", ECCV 2020, section 3 and algorithm 1.
    """

    owns = ("adapted_dataset",)
    looks_back = True

    def __init__(self, mem_size: int = 200) -> None:
        self._built_for = check_trainable(mem_size)  # the memory may be resized later
        self.storage_policy = GreedyBalancingBuffer(self._built_for)
        self.fresh_start = FreshStart()
        self._before: dict[int, ClassBalancedBuffer] | None = None  # an experience not yet learnt

    @property
    def mem_size(self) -> int:
        """Capacity of the memory for each task."""
        return self.storage_policy.max_size

    def after_train_dataset_adaptation(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Take in the experience, go back to the initial weights, train on the memory."""
        if self._before is not None:
            self.storage_policy.tasks = self._before
        self._before = {task: copy(m) for task, m in self.storage_policy.tasks.items()}
        self.storage_policy.update(strategy)
        strategy.adapted_dataset = self.storage_policy.buffer.train()
        self.fresh_start.restore(strategy.model, strategy.optimizer)

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Remember the initial weights of units that have just joined."""
        self.fresh_start.remember(strategy.model, strategy.optimizer)

    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the experience once it is learnt, whatever happens after its last epoch."""
        if strategy.clock.train_exp_epochs + 1 >= strategy.train_epochs:
            self._before = None

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Keep an experience whose training stopped early."""
        self._before = None

    def state_dict(self) -> dict[str, Any]:
        """The memory of what is learnt, and the initial weights."""
        memory = copy(self.storage_policy)
        if self._before is not None:
            memory.tasks = self._before
        return {
            "mem_size": self._built_for,
            "memory": memory.state_dict(),
            "fresh_start": self.fresh_start.state_dict(),
        }

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse the state of a plugin with another ``mem_size``."""
        saved = state.get("mem_size", state["memory"]["max_size"])
        if saved != self._built_for:
            raise ValueError(
                f"mem_size={self._built_for}: the state is of a memory of {saved} samples; build "
                "the plugin as it was"
            )

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; needs ``parts`` in the context."""
        self.storage_policy.load_state_dict(state["memory"], context["parts"])
        self._before = None
        self.fresh_start.load_state_dict(state["fresh_start"])
