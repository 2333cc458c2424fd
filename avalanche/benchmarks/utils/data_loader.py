"""Loaders: batches of one dataset, balanced over groups or tasks, or mixed with a memory.

All of them yield collated batches ``[x, y, ...]`` that come straight from the datasets' columns,
in an order that depends only on the seed, never on the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .batch_plans import (
    Pieces,
    Plan,
    Rounds,
    balanced_plan,
    count_batches,
    endless_plans,
    interleave,
    one_round,
    piece_sizes,
    share,
    single_plan,
    turns_count,
    turns_plan,
)
from .data import AvalancheDataset
from .loader_base import PlanLoader, check_size, positions
from .multi_dataset_loader import ENDLESS, MultiDatasetDataLoader, MultiDatasetSampler
from .utils import as_avalanche_dataset

__all__ = [
    "GroupBalancedDataLoader",
    "GroupBalancedInfiniteDataLoader",
    "MultiDatasetDataLoader",
    "MultiDatasetSampler",
    "MultiTaskDataLoader",
    "ReplayDataLoader",
    "SingleDatasetDataLoader",
    "TaskBalancedDataLoader",
    "collate_from_data_or_kwargs",
    "return_identity",
]


class SingleDatasetDataLoader(PlanLoader):
    """Batches of one dataset.

    Args:
        datasets: the dataset.
        batch_size: samples per batch.
        kwargs: loader options, see :class:`~avalanche.benchmarks.utils.loader_base.PlanLoader`.
    """

    def __init__(self, datasets: Any, batch_size: int = 1, **kwargs: Any) -> None:
        check_size("batch_size", batch_size)
        super().__init__([datasets], kwargs)
        self.batch_size = batch_size

    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        whole = positions(len(self.dataset))
        yield single_plan(whole, self.batch_size, self.drop_last, generator)

    def __len__(self) -> int:
        return count_batches([len(self.dataset)], [self.batch_size], self.drop_last)


class _BalancedLoader(PlanLoader):
    """Batches divided among groups of one joined view."""

    def __init__(
        self,
        datasets: Sequence[Any],
        groups: Sequence[Tensor],
        batch_size: int,
        oversample: bool,
        options: dict[str, Any],
    ) -> None:
        check_size("batch_size", batch_size)
        super().__init__(datasets, options)
        self.batch_size = batch_size
        self.oversample_small_groups = oversample
        self._groups = [g for g in groups if len(g)]

    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        groups, size = self._groups, self.batch_size
        if not groups:
            return
        options = (self.oversample_small_groups, self.drop_last, generator)
        if size < len(groups):
            yield turns_plan(groups, size, *options)
        else:
            yield balanced_plan(groups, share(size, len(groups)), *options)

    def __len__(self) -> int:
        lengths, size = [len(g) for g in self._groups], self.batch_size
        if not lengths:
            return 0
        if size < len(lengths):
            return turns_count(lengths, size, self.oversample_small_groups, self.drop_last)
        return count_batches(lengths, share(size, len(lengths)), self.drop_last)


class TaskBalancedDataLoader(_BalancedLoader):
    """Batches with the same number of samples of every task.

    Args:
        data: the dataset; without task labels it is one task.
        batch_size: samples per batch, divided among the tasks. If it is smaller than the number
            of tasks, tasks take turns.
        oversample_small_groups: whether tasks with few samples start again until the largest
            ends; otherwise they end, and later batches are smaller. No batch has a sample twice:
            a task with fewer samples than its share adds all of them, and at the end of a round
            what is left.
        distributed_sampling: whether processes of a distributed run share the data; has no
            effect otherwise.
        kwargs: loader options: ``shuffle``, ``drop_last``, ``generator``, ``num_workers`` and
            the others of torch's ``DataLoader``.

    Example:
        >>> from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
        >>> data = _make_taskaware_tensor_classification_dataset(
        ...     torch.arange(4.0), torch.tensor([5, 6, 7, 8]), task_labels=[0, 0, 1, 1])
        >>> [batch[2].tolist() for batch in TaskBalancedDataLoader(data, batch_size=2)]
        [[0, 1], [0, 1]]
    """

    def __init__(
        self,
        data: Any,
        batch_size: int = 32,
        oversample_small_groups: bool = False,
        distributed_sampling: bool = True,
        **kwargs: Any,
    ) -> None:
        data = as_avalanche_dataset(data)
        super().__init__([data], _tasks_of(data), batch_size, oversample_small_groups, kwargs)
        self.distributed_sampling = distributed_sampling


class GroupBalancedDataLoader(_BalancedLoader):
    """Batches with the same number of samples of every dataset.

    Args:
        datasets: the groups.
        oversample_small_groups: as for :class:`TaskBalancedDataLoader`.
        batch_size: samples per batch, divided among the groups. If it is smaller than the
            number of groups, groups take turns.
        distributed_sampling: as there.
        kwargs: as there.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        oversample_small_groups: bool = False,
        batch_size: int = 32,
        distributed_sampling: bool = True,
        **kwargs: Any,
    ) -> None:
        groups = _numbered(datasets)
        super().__init__(datasets, groups, batch_size, oversample_small_groups, kwargs)
        self.distributed_sampling = distributed_sampling


class GroupBalancedInfiniteDataLoader(PlanLoader):
    """Batches with up to ``batch_size`` samples of every dataset, without end.

    Args:
        datasets: the groups; each starts again when it is through. No batch has a sample twice:
            the last one before a group starts again has what is left of it.
        batch_size: samples per group and batch.
        distributed_sampling: as for :class:`TaskBalancedDataLoader`.
        kwargs: as there.

    Raises:
        ValueError: if all groups are empty.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        batch_size: int = 32,
        distributed_sampling: bool = True,
        **kwargs: Any,
    ) -> None:
        check_size("batch_size", batch_size)
        super().__init__(datasets, kwargs)
        self._groups = [g for g in _numbered(datasets) if len(g)]
        if not self._groups:
            raise ValueError("datasets: all are empty; pass at least one that has samples")
        self.batch_size = batch_size
        self.distributed_sampling = distributed_sampling

    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        sizes = [self.batch_size] * len(self._groups)
        return endless_plans(self._groups, sizes, self.drop_last, generator)

    def __len__(self) -> int:
        return ENDLESS


class ReplayDataLoader(PlanLoader):
    """Batches of current data followed by samples from a memory.

    Args:
        data: the current data; its end is the end of the epoch.
        memory: the memory; None or empty gives batches of current data only.
        oversample_small_tasks: whether the memory starts again when it is through. Otherwise
            later batches have none of it. No batch has a sample twice: a memory smaller than its
            share is in every batch as a whole, and before it starts again a batch has what is
            left of it (with ``drop_last``, that rest is left out).
        batch_size: samples of current data per batch, or a mapping from task label to them.
        batch_size_mem: samples of the memory per batch, or a mapping from task label to them.
        task_balanced_dataloader: whether the memory's share is divided among its tasks.
        distributed_sampling: as for :class:`TaskBalancedDataLoader`.
        kwargs: as there.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> new, old = TensorDataset(torch.arange(4)), TensorDataset(torch.tensor([10, 11, 12]))
        >>> loader = ReplayDataLoader(new, old, True, batch_size=2, batch_size_mem=2)
        >>> [batch[0].tolist() for batch in loader]
        [[0, 1, 10, 11], [2, 3, 12]]
    """

    def __init__(
        self,
        data: Any,
        memory: Any = None,
        oversample_small_tasks: bool = False,
        batch_size: int | Mapping[int, int] = 32,
        batch_size_mem: int | Mapping[int, int] = 32,
        task_balanced_dataloader: bool = False,
        distributed_sampling: bool = True,
        **kwargs: Any,
    ) -> None:
        data = as_avalanche_dataset(data)
        memory = as_avalanche_dataset([] if memory is None else memory)
        super().__init__([data, memory] if len(memory) else [data], kwargs)
        self.batch_size = batch_size
        self.batch_size_mem = batch_size_mem
        self.oversample_small_tasks = oversample_small_tasks
        self.distributed_sampling = distributed_sampling
        self._current, self._sizes = _shares("batch_size", data, batch_size, False)
        self._memory, self._memory_sizes = _shares(
            "batch_size_mem", memory, batch_size_mem, task_balanced_dataloader
        )
        self._memory = [group + len(data) for group in self._memory]

    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        batches = len(self)
        if not batches:
            return
        longest = max(range(len(self._current)), key=self._batches_of)
        taken = []
        for i, (group, size) in enumerate(zip(self._current, self._sizes, strict=True)):
            again = self.oversample_small_tasks and i != longest
            taken.append(self._pieces(group, size, batches, again, generator))
        yield interleave(taken + self._memory_pieces(batches, generator))

    def _memory_pieces(self, batches: int, generator: torch.Generator | None) -> list[Pieces]:
        share_mem, again = sum(self._memory_sizes), self.oversample_small_tasks
        if share_mem < len(self._memory):  # fewer samples than tasks: the tasks take turns
            turns = -(-batches * share_mem // len(self._memory))
            mixed = [self._pieces(group, 1, turns, again, generator) for group in self._memory]
            order = interleave(mixed).order[: batches * share_mem]
            return [Pieces(order, piece_sizes(len(order), share_mem))]
        return [
            self._pieces(group, size, batches, again, generator)
            for group, size in zip(self._memory, self._memory_sizes, strict=True)
        ]

    def _pieces(
        self,
        group: Tensor,
        size: int,
        batches: int,
        again: bool,
        generator: torch.Generator | None,
    ) -> Pieces:
        if again:
            return Rounds(group, size, generator, self.drop_last).take(batches)
        return one_round(group, size, batches, generator)

    def _batches_of(self, group: int) -> int:
        length, size = len(self._current[group]), self._sizes[group]
        return length // size if self.drop_last else -(-length // size)

    def __len__(self) -> int:
        return max((self._batches_of(i) for i in range(len(self._current))), default=0)


def MultiTaskDataLoader(
    data: Any, oversample_small_tasks: bool = False, batch_size: int = 32, **kwargs: Any
) -> TaskBalancedDataLoader:
    """Older name of :class:`TaskBalancedDataLoader`."""
    return TaskBalancedDataLoader(data, batch_size, oversample_small_tasks, **kwargs)


def return_identity(x: Any) -> Any:
    """Its argument; what a loader collates with where batches are made already."""
    return x


def collate_from_data_or_kwargs(data: Any, kwargs: dict[str, Any]) -> None:
    """Put the data's ``collate_fn`` into loader options that name none."""
    if "collate_fn" not in kwargs and getattr(data, "collate_fn", None) is not None:
        kwargs["collate_fn"] = data.collate_fn


def _tasks_of(data: AvalancheDataset) -> list[Tensor]:
    labels = data.data_attributes.get("targets_task_labels")
    return [positions(len(data))] if labels is None else list(labels.groups.values())


def _numbered(datasets: Sequence[Any]) -> list[Tensor]:
    """Positions of every dataset in the joined view."""
    groups, start = [], 0
    for dataset in datasets:
        groups.append(positions(len(dataset), start))
        start += len(dataset)
    return groups


def _shares(
    name: str, data: AvalancheDataset, size: int | Mapping[int, int], balanced: bool
) -> tuple[list[Tensor], list[int]]:
    """Groups of a dataset and how many samples of each go into a batch."""
    if isinstance(size, Mapping):
        labels = data.data_attributes.get("targets_task_labels")
        groups = {} if labels is None else labels.groups
        missing = [task for task in groups if task not in size]
        if missing or (labels is None and len(data)):
            raise ValueError(
                f"{name}={dict(size)}: expected a size for every task of the data, "
                f"{sorted(groups)}; add the missing ones"
            )
        for task in groups:
            check_size(f"{name}[{task}]", size[task])
        return list(groups.values()), [size[task] for task in groups]
    check_size(name, size)
    if not len(data):
        return [], []
    if not balanced:
        return [positions(len(data))], [size]
    tasks = _tasks_of(data)
    return tasks, share(size, len(tasks))
