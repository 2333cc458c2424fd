"""Experiences made of lists of image files that lie in one folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..utils.classification_dataset import (
    TaskAwareSupervisedClassificationDataset,
    _make_taskaware_classification_dataset,
)
from ..utils.file_datasets import PathsDataset, default_image_loader

__all__ = ["dataset_per_list", "views_of"]


def dataset_per_list(
    root: Path,
    lists: Sequence[Sequence[tuple[Any, ...]]],
    task_labels: Sequence[int] | None = None,
    loader: Callable[[Any], Any] = default_image_loader,
) -> list[TaskAwareSupervisedClassificationDataset]:
    """One dataset per list of files; all are views of one source, however many there are.

    Args:
        root: the folder that the paths are relative to.
        lists: per dataset ``(path, label)``, or ``(path, label, box)``, of every image.
        task_labels: one per list; 0 for all by default.
        loader: reads one image from its path.

    Example:
        >>> days = [[("a.png", 0), ("b.png", 1)], [("c.png", 1)]]
        >>> [list(day.targets) for day in dataset_per_list(Path("photos"), days)]
        [[0, 1], [1]]
    """
    files = PathsDataset(root, [entry for entries in lists for entry in entries], loader=loader)
    return views_of(files, [len(entries) for entries in lists], task_labels)


def views_of(
    dataset: Any, sizes: Sequence[int], task_labels: Sequence[int] | None = None
) -> list[TaskAwareSupervisedClassificationDataset]:
    """Cut a dataset with targets into consecutive datasets of the given sizes."""
    labels = [0] * len(sizes) if task_labels is None else list(task_labels)
    per_sample = [t for t, size in zip(labels, sizes, strict=True) for _ in range(size)]
    whole = _make_taskaware_classification_dataset(dataset, task_labels=per_sample)
    ends = list(accumulate(sizes))
    return [whole.subset(range(end - size, end)) for size, end in zip(sizes, ends, strict=True)]
