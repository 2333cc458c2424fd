"""Memories divided into groups with equal shares: experiences, classes."""

from collections.abc import Mapping, Sequence
from typing import Any

from avalanche.benchmarks.utils import AvalancheDataset, concat_datasets
from avalanche.training.storage_policy.base import ExemplarsBuffer, check_size
from avalanche.training.storage_policy.reservoir import ReservoirSamplingBuffer

__all__ = ["BalancedExemplarsBuffer", "ClassBalancedBuffer", "ExperienceBalancedBuffer"]


class BalancedExemplarsBuffer(ExemplarsBuffer):
    """A memory split into groups of equal capacity.

    A share that a group cannot fill is divided among the others, so the memory is full whenever
    enough samples were seen. Within a group the sample is uniform (reservoir sampling).

    Args:
        max_size: capacity in samples, over all groups.
        adaptive_size: divide among the groups seen so far; otherwise among ``total_num_groups``.
        total_num_groups: number of groups to expect; needed if not adaptive.

    Attributes:
        buffer_groups: group key to the buffer of that group.

    Raises:
        ValueError: not adaptive and no ``total_num_groups``.
    """

    def __init__(
        self, max_size: int, adaptive_size: bool = True, total_num_groups: int | None = None
    ) -> None:
        super().__init__(max_size)
        if not adaptive_size and (total_num_groups is None or total_num_groups < 1):
            raise ValueError(
                f"adaptive_size=False, total groups={total_num_groups!r}: a fixed division needs "
                "to know how many groups there will be; give that number, at least 1"
            )
        self.adaptive_size = adaptive_size
        self.total_num_groups = total_num_groups
        self.buffer_groups: dict[int, ReservoirSamplingBuffer] = {}

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
        shares = num_groups if self.adaptive_size else int(self.total_num_groups or 0)
        if shares == 0:
            return []
        base, extra = divmod(self.max_size, shares)
        return [base + (i < extra) for i in range(num_groups)]

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity and divide it again."""
        self.max_size = check_size("new_size", new_size)
        self._shrink()

    def _take_in(self, new_groups: Mapping[int, AvalancheDataset]) -> None:
        """Add samples to their groups, then divide the capacity again."""
        for key, data in new_groups.items():
            if key not in self.buffer_groups:
                self.buffer_groups[key] = ReservoirSamplingBuffer(self.max_size)
            # A group may hold up to everything until the shares are known.
            self.buffer_groups[key]._merge(data, self.max_size)
        self._shrink()

    def _shrink(self) -> None:
        stored = [len(group.buffer) for group in self.buffer_groups.values()]
        shares = self.get_group_lengths(len(stored))
        if self.adaptive_size:
            shares = fill_shares(stored, shares)
        for group, share in zip(self.buffer_groups.values(), shares, strict=True):
            group.resize(None, share)

    def state_dict(self) -> dict[str, Any]:
        """Capacity and the state of every group."""
        groups = [(key, group.state_dict()) for key, group in self.buffer_groups.items()]
        return {"max_size": self.max_size, "groups": groups}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`."""
        groups = {}
        for key, group_state in state["groups"]:
            groups[key] = ReservoirSamplingBuffer(0)
            groups[key].load_state_dict(group_state, parts)
        self.max_size = state["max_size"]
        self.buffer_groups = groups


class ExperienceBalancedBuffer(BalancedExemplarsBuffer):
    """One group per experience, in order of arrival.

    Args:
        max_size: capacity in samples, over all experiences.
        adaptive_size: divide among the experiences seen so far.
        num_experiences: number of experiences to expect, if not adaptive.
    """

    def __init__(
        self, max_size: int, adaptive_size: bool = True, num_experiences: int | None = None
    ) -> None:
        super().__init__(max_size, adaptive_size, num_experiences)
        self._num_exps = 0

    def post_adapt(self, agent_state: Any, exp: Any) -> None:
        """Store samples of ``exp`` as a new group."""
        self._take_in({self._num_exps: exp.dataset})
        self._num_exps += 1

    def state_dict(self) -> dict[str, Any]:
        """Capacity, number of experiences and the state of every group."""
        return {**super().state_dict(), "num_exps": self._num_exps}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`."""
        super().load_state_dict(state, parts)
        self._num_exps = state["num_exps"]


class ClassBalancedBuffer(BalancedExemplarsBuffer):
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

    def __init__(
        self, max_size: int, adaptive_size: bool = True, total_num_classes: int | None = None
    ) -> None:
        super().__init__(max_size, adaptive_size, total_num_classes)
        self.total_num_classes = total_num_classes

    @property
    def seen_classes(self) -> set[int]:
        """Classes met so far."""
        return set(self.buffer_groups)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Store samples of the classes of ``exp``."""
        self.update_from_dataset(exp.dataset, agent)

    def update_from_dataset(self, new_data: AvalancheDataset, strategy: Any = None) -> None:
        """Store samples of a data set with ``targets``."""
        positions = new_data.targets.val_to_idx
        self._take_in({c: new_data.subset(positions[c]) for c in sorted(positions)})


def fill_shares(stored: Sequence[int], shares: Sequence[int]) -> list[int]:
    """Divide what small groups leave over among the others ("water-filling").

    Args:
        stored: samples that each group has.
        shares: an equal division of the capacity.

    Returns:
        Samples that each group may keep: no more than it has, as equal as possible, and together
        the capacity whenever there are enough samples.

    Example:
        >>> fill_shares([5, 100, 100], [34, 33, 33])
        [5, 48, 47]
    """
    capacity = sum(shares)
    kept = [0] * len(stored)
    open_groups = [i for i, count in enumerate(stored) if count]
    while open_groups and capacity:
        base, extra = divmod(capacity, len(open_groups))
        offers = {i: base + (rank < extra) for rank, i in enumerate(open_groups)}
        small = [i for i in open_groups if stored[i] <= offers[i]]
        if not small:
            for i in open_groups:
                kept[i] = offers[i]
            break
        for i in small:
            kept[i] = stored[i]
            capacity -= stored[i]
        open_groups = [i for i in open_groups if i not in small]
    return kept
