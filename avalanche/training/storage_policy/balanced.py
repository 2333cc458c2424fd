"""Memories with equal shares for experiences or classes, and a base to write others."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from avalanche.benchmarks.utils import AvalancheDataset, concat_datasets
from avalanche.training.storage_policy.base import (
    ExemplarsBuffer,
    as_classified,
    check_size,
    unknown_experiences,
)
from avalanche.training.storage_policy.grouped import GroupedBuffer
from avalanche.training.storage_policy.reservoir import ReservoirSamplingBuffer
from avalanche.training.storage_policy.shares import check_groups, equal_shares

__all__ = ["BalancedExemplarsBuffer", "ClassBalancedBuffer", "ExperienceBalancedBuffer"]


class ExperienceBalancedBuffer(GroupedBuffer):
    """One group per experience, in order of arrival.

    Args:
        max_size: capacity in samples, over all experiences.
        adaptive_size: divide among the experiences seen so far.
        num_experiences: number of experiences to expect, if not adaptive.
    """

    _total_argument: ClassVar[str] = "num_experiences"

    def __init__(
        self, max_size: int, adaptive_size: bool = True, num_experiences: int | None = None
    ) -> None:
        super().__init__(max_size, adaptive_size, num_experiences)
        self._num_exps = 0

    def groups_of(self, data: AvalancheDataset) -> Tensor:
        return torch.full((len(data),), self._num_exps, dtype=torch.int64)

    def _assigned_groups(self, data: AvalancheDataset) -> Tensor:
        if len(data):
            raise unknown_experiences()
        return super()._assigned_groups(data)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Store samples of ``exp`` as a new group."""
        super().post_adapt(agent, exp)
        self._num_exps += 1
        self._forget_gone()  # an experience that has lost its last place never comes back

    def state_dict(self) -> dict[str, Any]:
        """The memory and the number of experiences seen."""
        return {**super().state_dict(), "num_exps": self._num_exps}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`."""
        super().load_state_dict(state, parts)
        self._num_exps = state["num_exps"]


class ClassBalancedBuffer(GroupedBuffer):
    """One group per class.

    Args:
        max_size: capacity in samples, over all classes.
        adaptive_size: divide among the classes seen so far.
        total_num_classes: number of classes to expect, if not adaptive.

    Attributes:
        seen_classes: classes met so far.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> buffer = ClassBalancedBuffer(max_size=20)
        >>> for experience in SplitDigits().train_stream:
        ...     buffer.update(SimpleNamespace(experience=experience))
        >>> buffer.buffer.targets.count[7]
        2
    """

    _total_argument: ClassVar[str] = "total_num_classes"

    def __init__(
        self, max_size: int, adaptive_size: bool = True, total_num_classes: int | None = None
    ) -> None:
        super().__init__(max_size, adaptive_size, total_num_classes)
        self.total_num_classes = total_num_classes

    @property
    def seen_classes(self) -> set[int]:
        """Classes met so far."""
        return set(self._precedence)

    def groups_of(self, data: AvalancheDataset) -> Tensor:
        return data.targets.values

    def as_data(self, data: Any) -> AvalancheDataset:
        """Any data set as one that knows its targets."""
        return as_classified(data)


class BalancedExemplarsBuffer(ExemplarsBuffer):
    """Base for buffers made of buffers, as in avalanche-lib 0.6: one for each group.

    Derive from it to write a grouping of your own: override :meth:`post_adapt`, put a buffer into
    ``buffer_groups[key]`` for each group, and call :meth:`resize_groups` when a group is new.
    Each group has its equal share, so that together they never exceed the capacity however they
    grow. What a small group leaves over is not lent to others; the memories above do that.

    Args:
        max_size: capacity in samples, over all groups.
        adaptive_size: divide among the groups seen so far; otherwise among ``total_num_groups``.
        total_num_groups: number of groups to expect; needed if not adaptive.

    Attributes:
        buffer_groups: group key to the buffer of that group.

    Raises:
        ValueError: not adaptive and no ``total_num_groups``; at a division, more groups than that.
    """

    def __init__(
        self, max_size: int, adaptive_size: bool = True, total_num_groups: int | None = None
    ) -> None:
        super().__init__(max_size)
        check_groups(adaptive_size, total_num_groups)
        self.adaptive_size = adaptive_size
        self.total_num_groups = total_num_groups
        self.buffer_groups: dict[Any, ExemplarsBuffer] = {}

    @property
    def buffer_datasets(self) -> list[AvalancheDataset]:
        """The stored samples, group by group."""
        return [group.buffer for group in self.buffer_groups.values()]

    @property
    def buffer(self) -> AvalancheDataset:
        """The stored samples of all groups, group by group."""
        joined: AvalancheDataset = concat_datasets(self.buffer_datasets)
        return joined

    @buffer.setter
    def buffer(self, data: AvalancheDataset) -> None:
        raise AttributeError("buffer: a balanced buffer is made of groups; set buffer_groups[key]")

    def get_group_lengths(self, num_groups: int) -> list[int]:
        """Capacity of each of ``num_groups`` groups, the remainder going to the first ones."""
        return equal_shares(self.max_size, num_groups, self.adaptive_size, self.total_num_groups)

    def resize_groups(self, strategy: Any) -> None:
        """Divide the capacity among the groups that there are."""
        shares = self.get_group_lengths(len(self.buffer_groups))
        for group, share in zip(self.buffer_groups.values(), shares, strict=True):
            group.resize(strategy, share)

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity and divide it again."""
        self.max_size = check_size("new_size", new_size)
        self.resize_groups(strategy)

    def state_dict(self) -> dict[str, Any]:
        """Capacity and the state of every group."""
        groups = [(key, group.state_dict()) for key, group in self.buffer_groups.items()]
        return {"max_size": self.max_size, "groups": groups}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`; its groups that are not there yet become reservoirs."""
        groups: dict[Any, ExemplarsBuffer] = {}
        for key, group_state in state["groups"]:
            group = self.buffer_groups.get(key)
            groups[key] = ReservoirSamplingBuffer(0) if group is None else group
            groups[key].load_state_dict(group_state, parts)
        self.max_size, self.buffer_groups = state["max_size"], groups
