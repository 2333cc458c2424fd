"""Batches with a given number of samples of every dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from typing import Any

import torch
from torch import Tensor

from .batch_plans import Plan, Rounds, endless_plans, interleave, one_round
from .loader_base import PlanLoader, check_size, positions

ENDLESS = 10**10  # length of a loader that never ends, where Python needs a number


class MultiDatasetDataLoader(PlanLoader):
    """Batches that list ``batch_sizes[i]`` samples of dataset ``i``, in that order.

    Args:
        datasets: the data.
        batch_sizes: samples of every dataset per batch.
        termination_dataset: position of the dataset whose end is the end of the epoch; -1 stands
            for the one that needs most batches.
        oversample_small_datasets: whether datasets that end before start again; otherwise they
            disappear, and later batches are smaller. No batch has a sample twice: the last one
            before a dataset starts again has what is left of it.
        distributed_sampling: whether processes of a distributed run share the data; has no
            effect otherwise.
        never_ending: whether all datasets start again for ever.
        kwargs: loader options, see :class:`~avalanche.benchmarks.utils.loader_base.PlanLoader`.

    Raises:
        ValueError: if there is not one size per dataset, or no such termination dataset.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> one, two = TensorDataset(torch.arange(5)), TensorDataset(torch.tensor([10, 11, 12]))
        >>> loader = MultiDatasetDataLoader([one, two], [2, 1])
        >>> [batch[0].tolist() for batch in loader]
        [[0, 1, 10], [2, 3, 11], [4, 12]]
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        batch_sizes: Sequence[int],
        termination_dataset: int = -1,
        oversample_small_datasets: bool = False,
        distributed_sampling: bool = True,
        never_ending: bool = False,
        **kwargs: Any,
    ) -> None:
        if len(batch_sizes) != len(datasets):
            raise ValueError(
                f"batch_sizes={list(batch_sizes)}: expected {len(datasets)} sizes; pass one per "
                "dataset"
            )
        for position, size in enumerate(batch_sizes):
            check_size(f"batch_sizes[{position}]", size)
        check_termination(termination_dataset, len(datasets))
        super().__init__(datasets, kwargs)
        self.batch_sizes = list(batch_sizes)
        self.termination_dataset = termination_dataset
        self.oversample_small_datasets = oversample_small_datasets
        self.distributed_sampling = distributed_sampling
        self.never_ending = never_ending
        self._groups: list[Tensor] = []
        start = 0
        for dataset in datasets:
            self._groups.append(positions(len(dataset), start))
            start += len(dataset)

    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        filled = [(g, s) for g, s in zip(self._groups, self.batch_sizes, strict=True) if len(g)]
        if not filled:
            return
        if self.never_ending:
            groups, sizes = zip(*filled, strict=True)
            yield from endless_plans(groups, sizes, self.drop_last, generator)
        batches = len(self)
        last = self._last()
        taken = []
        for group, size in filled:
            if self.oversample_small_datasets and group is not self._groups[last]:
                taken.append(Rounds(group, size, generator, self.drop_last).take(batches))
            else:
                taken.append(one_round(group, size, batches, generator))
        yield interleave(taken)

    def _batches_of(self, position: int) -> int:
        length, size = len(self._groups[position]), self.batch_sizes[position]
        return length // size if self.drop_last else -(-length // size)

    def _last(self) -> int:
        if self.termination_dataset >= 0:
            return self.termination_dataset
        return max(range(len(self._groups)), key=self._batches_of)

    def __len__(self) -> int:
        if self.never_ending:
            return ENDLESS
        return self._batches_of(self._last()) if self._groups else 0


class MultiDatasetSampler:
    """Index batches over several datasets in sequence, for torch's own ``DataLoader``.

    Args:
        datasets: the data, as they follow each other in a ``ConcatDataset``.
        samplers: one batch sampler per dataset, each with positions in its own dataset.
        termination_dataset_idx: the dataset whose end is the end; -1 for the one with most
            batches.
        oversample_small_datasets: whether samplers that end before start again.
        never_ending: whether all samplers start again for ever.

    Raises:
        ValueError: if there is not one sampler per dataset, or no such termination dataset.

    Example:
        >>> from torch.utils.data import BatchSampler
        >>> data = [range(3), range(2)]
        >>> list(MultiDatasetSampler(data, [BatchSampler(d, 2, False) for d in data]))
        [[0, 1, 3, 4], [2]]
    """

    def __init__(
        self,
        datasets: Sequence[Sized],
        samplers: Sequence[Any],
        termination_dataset_idx: int = 0,
        oversample_small_datasets: bool = False,
        never_ending: bool = False,
    ) -> None:
        if len(datasets) != len(samplers):
            raise ValueError(
                f"samplers: {len(samplers)} for {len(datasets)} datasets; pass one per dataset"
            )
        check_termination(termination_dataset_idx, len(datasets))
        self.datasets = list(datasets)
        self.samplers = list(samplers)
        self.never_ending = never_ending
        self.oversample_small_datasets = oversample_small_datasets
        if termination_dataset_idx < 0:
            termination_dataset_idx = max(range(len(datasets)), key=lambda i: len(samplers[i]))
        self.termination_dataset_idx = termination_dataset_idx

    def __iter__(self) -> Iterator[list[int]]:
        starts = [sum(len(d) for d in self.datasets[:i]) for i in range(len(self.datasets))]
        running = {i: iter(s) for i, s in enumerate(self.samplers) if len(s)}
        while running:
            batch: list[int] = []
            for position in list(running):
                index = next(running[position], None)
                if index is None:
                    if not self.never_ending and position == self.termination_dataset_idx:
                        return
                    if not (self.never_ending or self.oversample_small_datasets):
                        del running[position]
                        continue
                    running[position] = iter(self.samplers[position])
                    index = next(running[position])
                batch += [starts[position] + int(i) for i in index]
            if self._done(running):
                return
            yield batch

    def _done(self, running: dict[int, Any]) -> bool:
        return not self.never_ending and self.termination_dataset_idx not in running

    def __len__(self) -> int:
        return ENDLESS if self.never_ending else len(self.samplers[self.termination_dataset_idx])


def check_termination(position: int, count: int) -> None:
    """Raise unless ``position`` is -1 or the position of one of ``count`` datasets."""
    if not -1 <= position < max(count, 1):
        raise ValueError(
            f"termination_dataset={position}: expected -1 (the longest) or 0 to {count - 1}"
        )
