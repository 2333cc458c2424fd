"""Between samples ``(x, y)`` of the flows and samples ``(x, y, task label)`` of the loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, default_collate

from avalanche.benchmarks.utils import AvalancheDataset, DataAttribute, TaskLabels
from avalanche.benchmarks.utils.classification_dataset import (
    _make_taskaware_classification_dataset,
)
from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader

__all__ = ["Pairs", "Triplets", "as_pairs", "as_taskaware", "pair_loader"]


class Pairs:
    """A loader whose batches are cut to inputs and targets.

    Args:
        loader: gives batches ``[x, y, ...]``.

    Example:
        >>> list(Pairs([["x", "y", "t"]]))
        [['x', 'y']]
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[list[Any]]:
        for batch in self.loader:
            yield list(batch[:2])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "loader":
            raise AttributeError(name)
        return getattr(self.loader, name)


class Triplets:
    """A loader whose batches get a task label per sample where they have none.

    Args:
        loader: gives batches ``[x, y]`` or ``[x, y, t]``.
        task_label: for all samples.
    """

    def __init__(self, loader: Any, task_label: int) -> None:
        self.loader = loader
        self.task_label = task_label

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[list[Any]]:
        for batch in self.loader:
            labels = torch.full((len(batch[1]),), self.task_label, dtype=torch.int64)
            yield [*batch, labels] if len(batch) < 3 else list(batch)


def pair_loader(dataset: Any, batch_size: int, shuffle: bool, num_workers: int = 0) -> Any:
    """A loader of ``[x, y]`` batches over any data set of samples ``(x, y, ...)``.

    Args:
        dataset: the samples. A target may be an int in some and a tensor in others, as in a
            concatenation of data sets of different origin.
        batch_size: samples of a batch.
        shuffle: whether the order is random.
        num_workers: processes that read samples.
    """
    if isinstance(dataset, AvalancheDataset):
        return Pairs(
            SingleDatasetDataLoader(
                dataset, batch_size=batch_size, shuffle=shuffle, num_workers=num_workers
            )
        )
    return DataLoader(
        dataset,
        batch_size=batch_size,
        shuffle=shuffle,
        num_workers=num_workers,
        collate_fn=_collate_pairs,
    )


def _collate_pairs(samples: Sequence[Any]) -> list[Any]:
    inputs = default_collate([sample[0] for sample in samples])
    targets = [sample[1] for sample in samples]
    if all(isinstance(y, int) or (torch.is_tensor(y) and y.dim() == 0) for y in targets):
        return [inputs, torch.stack([torch.as_tensor(y) for y in targets])]
    return [inputs, default_collate(targets)]


def as_taskaware(dataset: Any, task_label: int) -> Any:
    """A data set of ``(x, y)`` samples as one of ``(x, y, task label)`` samples; None stays None.

    Args:
        dataset: any map-style data set.
        task_label: for samples that have none.
    """
    if dataset is None:
        return None
    labels = getattr(dataset, "targets_task_labels", None)
    if isinstance(labels, DataAttribute):
        if labels.use_in_getitem:
            return dataset
        return dataset.update_data_attribute("targets_task_labels", TaskLabels(labels))
    return _make_taskaware_classification_dataset(dataset, task_labels=task_label)


def as_pairs(dataset: Any) -> Any:
    """A data set without task labels in its samples; one that never had any stays as it is."""
    labels = getattr(dataset, "targets_task_labels", None)
    if not isinstance(labels, DataAttribute) or not labels.use_in_getitem:
        return dataset
    plain = DataAttribute(labels, "targets_task_labels")
    return dataset.update_data_attribute("targets_task_labels", plain)
