"""Several datasets as one, with classes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..utils import (
    DefaultTransformGroups,
    TaskAwareSupervisedClassificationDataset,
    TransformGroups,
    concat_datasets,
)
from ..utils.classification_dataset import _make_taskaware_classification_dataset, map_classes
from ..utils.transforms import MapClasses
from .class_labels import with_whole_labels


def as_transformed(
    dataset: Any, train_transform: Any, eval_transform: Any
) -> TaskAwareSupervisedClassificationDataset:
    """A dataset of ``(x, y, t)`` samples with transforms for training and evaluation."""
    groups = None
    if train_transform is not None or eval_transform is not None:
        groups = TransformGroups({"train": train_transform, "eval": eval_transform})
    made: TaskAwareSupervisedClassificationDataset = with_whole_labels(
        _make_taskaware_classification_dataset(dataset)
    )
    if groups is None:
        return made
    return _make_taskaware_classification_dataset(made, transform_groups=groups)


def dataset_lists(train_dataset: Any, test_dataset: Any) -> tuple[list[Any], list[Any]] | None:
    """Both arguments as lists of datasets, or None if they are single datasets.

    Raises:
        ValueError: if only one of them is a list, a list is empty, or they differ in length.
    """
    many = [isinstance(d, (list, tuple)) for d in (train_dataset, test_dataset)]
    if not any(many):
        return None
    if not all(many):
        odd = "test_dataset" if many[0] else "train_dataset"
        raise ValueError(f"{odd} is a single dataset, the other a list; pass two lists or none")
    train, test = list(train_dataset), list(test_dataset)
    if len(train) != len(test) or not train:
        raise ValueError(
            f"train_dataset and test_dataset are lists of {len(train)} and {len(test)} datasets: "
            "expected the same number, at least one; test_dataset[i] goes with train_dataset[i]"
        )
    return train, test


def join(
    train: Sequence[TaskAwareSupervisedClassificationDataset],
    test: Sequence[TaskAwareSupervisedClassificationDataset],
) -> tuple[Any, Any, list[list[int]]]:
    """Concatenate datasets so that each keeps classes of its own.

    Classes are numbered from 0 on, dataset by dataset, ascending within each.

    Returns:
        The joint training data, the joint test data, and the new labels of every dataset.
    """
    joint: tuple[list[Any], list[Any]] = ([], [])
    labels: list[list[int]] = []
    start = 0
    for pair in zip(train, test, strict=True):
        known = sorted(set().union(*(data.targets.uniques for data in pair)))
        table = [-1] * (max(known) + 1)
        for rank, label in enumerate(known):
            table[label] = start + rank
        mapping = DefaultTransformGroups((None, MapClasses(table)))
        for data, out in zip(pair, joint, strict=True):
            out.append(map_classes(data, mapping))
        labels.append(list(range(start, start + len(known))))
        start += len(known)
    return concat_datasets(joint[0]), concat_datasets(joint[1]), labels
