"""Memories divided into groups, kept flat: the cost of an update depends on the capacity alone."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from avalanche.benchmarks.utils import AvalancheDataset, as_avalanche_dataset, view_state
from avalanche.training.storage_policy.base import ExemplarsBuffer, check_size
from avalanche.training.storage_policy.groups import BufferGroup, BufferGroups
from avalanche.training.storage_policy.shares import check_groups, equal_shares, fill_shares

__all__ = ["BufferGroup", "GroupedBuffer", "equal_shares", "fill_shares"]


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
        ValueError: not adaptive and no ``total_num_groups``, or an impossible capacity; at an
            update, more groups than that.
    """

    _total_argument: ClassVar[str] = "total_num_groups"  # what a subclass calls it

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

    def as_data(self, data: Any) -> AvalancheDataset:
        """Any data set as one that knows what :meth:`groups_of` asks it for."""
        return as_avalanche_dataset(data)

    @property
    def buffer(self) -> AvalancheDataset:
        """The stored samples.

        Assigned ones take the place of all that was stored: they are divided into groups, draw
        weights as if they were all that was ever seen, and are cut to the capacity.
        """
        return self._buffer

    @buffer.setter
    def buffer(self, data: Any) -> None:
        data = self.as_data(data)
        groups = self._assigned_groups(data)
        self._keep(data, self._assigned_weights(data, groups), groups)

    def _assigned_groups(self, data: AvalancheDataset) -> Tensor:
        return self.groups_of(data) if len(data) else torch.empty(0, dtype=torch.int64)

    def _assigned_weights(self, data: AvalancheDataset, groups: Tensor) -> Tensor:
        return torch.rand(len(data), dtype=torch.float64)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Take in the data of ``exp``."""
        self.update_from_dataset(exp.dataset, agent)

    def update_from_dataset(self, new_data: AvalancheDataset, strategy: Any = None) -> None:
        """Take in a data set; samples already stored keep their weights."""
        new_data = self.as_data(new_data)
        if len(new_data) == 0:
            return
        groups = self.groups_of(new_data)
        if not isinstance(groups, Tensor) or groups.dim() != 1 or (groups % 1 != 0).any():
            raise ValueError(
                f"targets: {type(self).__name__} has a place for each class, and these are no "
                "classes; take a ReservoirSamplingBuffer, which needs none"
            )
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

    def _select(self, kept: Tensor) -> None:
        """Keep the samples at these positions."""
        data = self._buffer.subset(kept)
        self._buffer, self._weights, self._groups = data, self._weights[kept], self._groups[kept]

    def _forget_gone(self) -> None:
        """Forget what was drawn for groups without a sample, which must be gone for ever."""
        present = set(self._groups.tolist())
        self._precedence = {k: v for k, v in self._precedence.items() if k in present}

    def _divide(self, keys: Sequence[int], counts: Sequence[int]) -> list[int]:
        """Samples that each group may keep."""
        shares = self.get_group_lengths(len(keys))
        known = self._precedence
        fresh = {k: float(torch.rand((), dtype=torch.float64)) for k in keys if k not in known}
        if fresh:
            self._precedence = {**known, **fresh}
        ranked = sorted(range(len(keys)), key=lambda i: self._precedence[keys[i]])
        if self.adaptive_size:
            shares = fill_shares([counts[i] for i in ranked], shares)
        result = [0] * len(keys)
        for i, share in zip(ranked, shares, strict=True):
            result[i] = share
        return result

    def get_group_lengths(self, num_groups: int) -> list[int]:
        """Capacity of ``num_groups`` groups, the remainder going to the first ones."""
        return equal_shares(
            self.max_size,
            num_groups,
            self.adaptive_size,
            self.total_num_groups,
            self._total_argument,
        )

    def _shares(self) -> dict[int, int]:
        """The equal share of every group that has samples."""
        present = set(self._groups.tolist())
        ranked = sorted(present, key=lambda key: self._precedence[key])
        return dict(zip(ranked, self.get_group_lengths(len(ranked)), strict=True))

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity and divide it again."""
        self.max_size = check_size("new_size", new_size)
        self._keep(self._buffer, self._weights, self._groups)

    @property
    def buffer_groups(self) -> BufferGroups:
        """Every group that has samples, by its key, in ascending order; see the class."""
        return BufferGroups(self)

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
