"""Memories divided into groups, kept flat: the cost of an update depends on the capacity alone."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from avalanche.benchmarks.utils import AvalancheDataset, view_state
from avalanche.training.storage_policy.base import ExemplarsBuffer, check_size

__all__ = ["BufferGroup", "GroupedBuffer", "equal_shares", "fill_shares"]


@dataclass(frozen=True)
class BufferGroup:
    """One group of a memory, as it is now.

    Attributes:
        buffer: its samples, the most representative first.
        max_size: how many it may keep.
    """

    buffer: AvalancheDataset
    max_size: int


class GroupedBuffer(ExemplarsBuffer):
    """A memory divided into groups of equal capacity; subclasses say which group a sample is in.

    Every sample draws a weight once, and each group keeps its largest weights: within a group the
    stored samples are a uniform random sample of all that it was given. A share that a group
    cannot fill goes to the others. Where the capacity does not divide evenly, or there are more
    groups than places, who gets the remainder is drawn once per group, so no group is favoured for
    having come first.

    All samples lie in one view with two columns, weight and group. An update is a handful of
    tensor operations on as many elements as the memory and the new data have. It replaces what the
    buffer holds and changes nothing in place, so that a shallow copy stays as it is.

    Args:
        max_size: capacity in samples, over all groups.
        adaptive_size: divide among the groups seen so far; otherwise among ``total_num_groups``.
        total_num_groups: number of groups to expect; needed if not adaptive.

    Raises:
        ValueError: not adaptive and no ``total_num_groups``, or an impossible capacity.
    """

    def __init__(
        self, max_size: int, adaptive_size: bool = True, total_num_groups: int | None = None
    ) -> None:
        super().__init__(max_size)
        check_groups(adaptive_size, total_num_groups)
        self.adaptive_size = adaptive_size
        self.total_num_groups = total_num_groups
        self._weights = torch.empty(0, dtype=torch.float64)
        self._groups = torch.empty(0, dtype=torch.int64)
        self._precedence: dict[int, float] = {}

    @abstractmethod
    def groups_of(self, data: AvalancheDataset) -> Tensor:
        """Group of every sample of new data: int64 ``(samples,)``."""

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Take in the data of ``exp``."""
        self.update_from_dataset(exp.dataset, agent)

    def update_from_dataset(self, new_data: AvalancheDataset, strategy: Any = None) -> None:
        """Take in a data set; samples already stored keep their weights."""
        if len(new_data) == 0:
            return
        groups = self.groups_of(new_data)
        self._merge(new_data, torch.rand(len(groups), dtype=torch.float64), groups)

    def _merge(self, data: AvalancheDataset, weights: Tensor, groups: Tensor) -> None:
        """Add samples, then let every group keep its share."""
        if len(self._buffer):
            data = self._buffer.concat(data)
            weights = torch.cat([self._weights, weights])
            groups = torch.cat([self._groups, groups])
        self._keep(data, weights, groups)

    def _keep(self, data: AvalancheDataset, weights: Tensor, groups: Tensor) -> None:
        keys, inverse, counts = torch.unique(groups, return_inverse=True, return_counts=True)
        shares = torch.tensor(self._divide(keys.tolist(), counts.tolist()), dtype=torch.int64)
        by_weight = weights.argsort(descending=True, stable=True)
        order = by_weight[inverse[by_weight].argsort(stable=True)]
        # Position of every sample within its group, heaviest first.
        starts = counts.cumsum(0) - counts
        position = torch.arange(len(order)) - starts[inverse[order]]
        kept = order[position < shares[inverse[order]]]
        self._buffer, self._weights, self._groups = data.subset(kept), weights[kept], groups[kept]

    def _divide(self, keys: Sequence[int], counts: Sequence[int]) -> list[int]:
        """Samples that each group may keep."""
        known = self._precedence
        fresh = {k: float(torch.rand((), dtype=torch.float64)) for k in keys if k not in known}
        if fresh:
            self._precedence = {**known, **fresh}
        ranked = sorted(range(len(keys)), key=lambda i: self._precedence[keys[i]])
        shares = self.get_group_lengths(len(keys))
        if self.adaptive_size:
            shares = fill_shares([counts[i] for i in ranked], shares)
        result = [0] * len(keys)
        for i, share in zip(ranked, shares, strict=True):
            result[i] = share
        return result

    def get_group_lengths(self, num_groups: int) -> list[int]:
        """Capacity of ``num_groups`` groups, the remainder going to the first ones."""
        return equal_shares(self.max_size, num_groups, self.adaptive_size, self.total_num_groups)

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity and divide it again."""
        self.max_size = check_size("new_size", new_size)
        self._keep(self._buffer, self._weights, self._groups)

    @property
    def buffer_groups(self) -> dict[int, BufferGroup]:
        """Every group that has samples, by its key, in ascending order."""
        found = {}
        for key in torch.unique(self._groups).tolist():
            positions = (self._groups == key).nonzero().flatten()
            data = self._buffer.subset(positions)
            found[key] = BufferGroup(data, max_size=len(positions))
        return found

    @property
    def buffer_datasets(self) -> list[AvalancheDataset]:
        """The stored samples, group by group."""
        return [group.buffer for group in self.buffer_groups.values()]

    def state_dict(self) -> dict[str, Any]:
        """Capacity, weights, groups and references to the stored samples."""
        return {
            "max_size": self.max_size,
            "weights": self._weights,
            "groups": self._groups,
            "precedence": list(self._precedence.items()),
            "data": view_state(self._buffer),
        }

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`."""
        self._buffer = AvalancheDataset.from_state(state["data"], parts)
        self.max_size = state["max_size"]
        self._weights, self._groups = state["weights"].cpu().clone(), state["groups"].cpu().clone()
        self._precedence = dict(state["precedence"])


def check_groups(adaptive_size: bool, total_num_groups: int | None) -> None:
    """Refuse a fixed division without the number of groups."""
    if not adaptive_size and (total_num_groups is None or total_num_groups < 1):
        raise ValueError(
            f"adaptive_size=False, total groups={total_num_groups!r}: a fixed division needs "
            "to know how many groups there will be; give that number, at least 1"
        )


def equal_shares(
    capacity: int, num_groups: int, adaptive: bool, total_num_groups: int | None
) -> list[int]:
    """An equal division of a capacity; the first groups get one more where it does not divide.

    Args:
        capacity: places to divide.
        num_groups: groups to give a share.
        adaptive: divide among ``num_groups``; otherwise among ``total_num_groups``.
        total_num_groups: number of groups to expect.
    """
    among = num_groups if adaptive else int(total_num_groups or 0)
    if among == 0:
        return []
    base, extra = divmod(capacity, among)
    return [base + (i < extra) for i in range(num_groups)]


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
        small = {i for i in open_groups if stored[i] <= offers[i]}
        if not small:
            for i in open_groups:
                kept[i] = offers[i]
            break
        for i in small:
            kept[i] = stored[i]
            capacity -= stored[i]
        open_groups = [i for i in open_groups if i not in small]
    return kept
