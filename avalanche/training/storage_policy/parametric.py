"""A memory put together from two choices: what the groups are, and what represents a group."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor

from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.training.storage_policy.base import as_classified, unknown_experiences
from avalanche.training.storage_policy.grouped import GroupedBuffer
from avalanche.training.storage_policy.selection import (
    ExemplarsSelectionStrategy,
    RandomExemplarsSelectionStrategy,
    check_ranking,
)

__all__ = ["ParametricBuffer"]

GroupBy = Literal["class", "task", "experience"]


class ParametricBuffer(GroupedBuffer):
    """Groups by class, task or experience, each represented by the samples of a selection.

    With the random selection each group keeps a uniform sample of all that it was given
    (reservoir sampling). With another one the stored and the new samples of a group are sorted
    anew at each update that brings samples of it, and the first ones stay.

    Args:
        max_size: capacity in samples, over all groups.
        groupby: ``"class"``, ``"task"``, ``"experience"``, or None for a single group.
        selection_strategy: sorts the samples of a group; random by default.

    Raises:
        ValueError: an unknown ``groupby``; at an update, a selection that does not give each
            position once.
    """

    def __init__(
        self,
        max_size: int,
        groupby: GroupBy | None = None,
        selection_strategy: ExemplarsSelectionStrategy | None = None,
    ) -> None:
        if groupby is not None and groupby not in get_args(GroupBy):
            raise ValueError(
                f"groupby={groupby!r}: expected {', '.join(map(repr, get_args(GroupBy)))} or None"
            )
        super().__init__(max_size)
        self.groupby = groupby
        self.selection_strategy = selection_strategy or RandomExemplarsSelectionStrategy()
        self._num_exps = 0

    @property
    def seen_groups(self) -> set[int]:
        """Keys of the groups met so far."""
        experiences = range(self._num_exps if self.groupby == "experience" else 0)
        return {*self._precedence, *experiences}

    def groups_of(self, data: AvalancheDataset) -> Tensor:
        if self.groupby == "class":
            return data.targets.values
        if self.groupby == "task":
            return data.targets_task_labels.values
        key = self._num_exps if self.groupby == "experience" else 0
        return torch.full((len(data),), key, dtype=torch.int64)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Take in the data of ``exp``."""
        super().post_adapt(agent, exp)
        self._num_exps += 1
        if self.groupby == "experience":
            self._forget_gone()  # one that has lost its last place never comes back

    def as_data(self, data: Any) -> AvalancheDataset:
        """Any data set as one that knows what it is divided by."""
        return as_classified(data) if self.groupby == "class" else super().as_data(data)

    def _assigned_groups(self, data: AvalancheDataset) -> Tensor:
        if self.groupby == "experience" and len(data):
            raise unknown_experiences()
        return super()._assigned_groups(data)

    def _assigned_weights(self, data: AvalancheDataset, groups: Tensor) -> Tensor:
        weights = super()._assigned_weights(data, groups)
        return weights if self._is_random else self._rank(data, weights, groups, groups, None)

    @property
    def _is_random(self) -> bool:
        return isinstance(self.selection_strategy, RandomExemplarsSelectionStrategy)

    def update_from_dataset(self, new_data: AvalancheDataset, strategy: Any = None) -> None:
        """Take in a data set."""
        new_data = self.as_data(new_data)
        if self._is_random or len(new_data) == 0:
            super().update_from_dataset(new_data, strategy)
            return
        groups = self.groups_of(new_data)
        data = self._buffer.concat(new_data) if len(self._buffer) else new_data
        weights = torch.cat([self._weights, torch.zeros(len(groups), dtype=torch.float64)])
        joined = torch.cat([self._groups, groups])
        self._keep(data, self._rank(data, weights, joined, groups, strategy), joined)

    def _rank(
        self, data: AvalancheDataset, weights: Tensor, groups: Tensor, changed: Tensor, agent: Any
    ) -> Tensor:
        """The weights, with those of the groups in ``changed`` by the order of the selection."""
        weights = weights.clone()
        for key in torch.unique(changed).tolist():
            positions = (groups == key).nonzero().flatten()
            ranked = self.selection_strategy.make_sorted_indices(agent, data.subset(positions))
            ranked = check_ranking(self.selection_strategy, ranked, len(positions))
            weights[positions[torch.tensor(ranked)]] = -torch.arange(len(ranked)).double()
        return weights

    def state_dict(self) -> dict[str, Any]:
        """The memory and the number of experiences seen."""
        return {**super().state_dict(), "num_exps": self._num_exps}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`."""
        super().load_state_dict(state, parts)
        self._num_exps = state["num_exps"]
