"""Names of releases up to 0.5 that code still imports, on today's datasets.

``AvalancheSubset``, ``AvalancheConcatDataset`` and ``AvalancheTensorDataset`` were classes; they
make datasets now. ``dataset_type`` no longer decides anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from .classification_dataset import (
    TaskAwareSupervisedClassificationDataset,
    _as_taskaware_supervised_classification_dataset,
    _concat_taskaware_classification_datasets,
    _make_taskaware_classification_dataset,
    _make_taskaware_tensor_classification_dataset,
    _taskaware_classification_subset,
)
from .data import AvalancheDataset
from .transform_groups import TransformGroups
from .utils import as_avalanche_dataset, concat_datasets

Supervised = TaskAwareSupervisedClassificationDataset

SupervisedClassificationDataset = TaskAwareSupervisedClassificationDataset
make_classification_dataset = _make_taskaware_classification_dataset
make_tensor_classification_dataset = _make_taskaware_tensor_classification_dataset
classification_subset = _taskaware_classification_subset
concat_classification_datasets = _concat_taskaware_classification_datasets
as_supervised_dataset = _as_taskaware_supervised_classification_dataset
as_supervised_classification_dataset = _as_taskaware_supervised_classification_dataset


class AvalancheDatasetType(Enum):
    """What targets are; kept for code that passes it."""

    UNDEFINED = 0
    CLASSIFICATION = 1
    REGRESSION = 2
    SEGMENTATION = 3


OLDER_WORDS = {
    *("dataset_type", "initial_transform_group", "target_transform", "targets"),
    *("targets_adapter", "task_labels", "transform"),
}
_WORDS = [
    *sorted(OLDER_WORDS),
    *("collate_fn", "data_attributes", "frozen_transform_groups", "indices", "transform_groups"),
]


_WITH_GROUPS = (
    "give more transforms to a new dataset, "
    "AvalancheDataset(dataset, transform_groups={'train': ..., 'eval': ...})"
)
#: Methods of datasets in earlier releases, and what does the same.
FORMER_METHODS = {
    "add_transforms": _WITH_GROUPS,
    "add_transforms_group": _WITH_GROUPS,
    "add_transforms_to_group": _WITH_GROUPS,
    "current_transform_group": "use current_group",
    "freeze_group_transforms": "use freeze_transforms()",
    "replace_transforms": "use replace_current_transform_group((transform, target_transform))",
}


def made_with_older_words(dataset: Any, words: dict[str, Any]) -> Supervised:
    """What ``AvalancheDataset(dataset, task_labels=1, ...)`` made up to 0.2.

    Raises:
        TypeError: a word that no release took, with the nearest ones.
    """
    for word in words:
        if word not in _WORDS:
            near = difflib.get_close_matches(word, _WORDS, n=3, cutoff=0.6) or _WORDS
            raise TypeError(
                f"AvalancheDataset() got an unexpected keyword argument {word!r}; "
                f"did you mean {' or '.join(near)}?"
            )
    if words.get("targets_adapter") not in (None, int):
        raise TypeError(
            "targets_adapter: class labels are ints here; give others converted, targets=[...]"
        )
    ignored = ("dataset_type", "targets_adapter")
    options = {word: value for word, value in words.items() if word not in ignored}
    return _make_taskaware_classification_dataset(dataset, **options)


def AvalancheSubset(
    dataset: Any,
    indices: Sequence[int] | None = None,
    *,
    dataset_type: AvalancheDatasetType | None = None,
    **options: Any,
) -> Supervised:
    """Older name of :func:`classification_subset`."""
    return _taskaware_classification_subset(dataset, indices, **options)


def AvalancheConcatDataset(
    datasets: Sequence[Any], *, dataset_type: AvalancheDatasetType | None = None, **options: Any
) -> Supervised:
    """Older name of :func:`concat_classification_datasets`."""
    return _concat_taskaware_classification_datasets(datasets, **options)


def AvalancheTensorDataset(
    *tensors: Any, dataset_type: AvalancheDatasetType | None = None, **options: Any
) -> Supervised:
    """Older name of :func:`make_tensor_classification_dataset`."""
    return _make_taskaware_tensor_classification_dataset(*tensors, **options)


def as_regression_dataset(dataset: Any, **options: Any) -> Supervised:
    """A dataset whose targets are numbers or vectors; they are found like class labels."""
    return _as_taskaware_supervised_classification_dataset(dataset, **options)


def as_segmentation_dataset(dataset: Any, **options: Any) -> Supervised:
    """A dataset whose targets are masks; they are found like class labels."""
    return _as_taskaware_supervised_classification_dataset(dataset, **options)


def as_undefined_dataset(dataset: Any) -> AvalancheDataset:
    """A dataset of which nothing is known; older name of :func:`as_avalanche_dataset`."""
    return as_avalanche_dataset(dataset)


def concat_datasets_sequentially(
    train_dataset_list: Sequence[Any], test_dataset_list: Sequence[Any]
) -> tuple[AvalancheDataset, AvalancheDataset, list[list[int]]]:
    """Join datasets with labels 0, 1, ... each into one with the labels in sequence.

    Args:
        train_dataset_list: classification datasets, each with labels from 0.
        test_dataset_list: the matching test sets.

    Returns:
        ``(train, test, classes)``: the joined sets, and the new class labels of every dataset.

    Raises:
        ValueError: if the numbers of datasets differ.
    """
    if len(train_dataset_list) != len(test_dataset_list):
        raise ValueError(
            f"train_dataset_list has {len(train_dataset_list)} entries and test_dataset_list "
            f"{len(test_dataset_list)}: expected as many; pass one test set per training set"
        )
    remapped: tuple[list[Any], list[Any]] = ([], [])
    classes: list[list[int]] = []
    start = 0
    for pair in zip(train_dataset_list, test_dataset_list, strict=True):
        made = [_make_taskaware_classification_dataset(d) for d in pair]
        count = 1 + max(max(d.targets.uniques, default=-1) for d in made)
        classes.append(list(range(start, start + count)))
        for side, data in zip(remapped, made, strict=True):
            side.append(_taskaware_classification_subset(data, class_mapping=classes[-1]))
        start += count
    return concat_datasets(remapped[0]), concat_datasets(remapped[1]), classes


def train_eval_avalanche_datasets(
    train_dataset: Any,
    test_dataset: Any,
    train_transformation: Callable[[Any], Any] | None,
    eval_transformation: Callable[[Any], Any] | None,
    dataset_type: AvalancheDatasetType | None = None,
) -> tuple[Supervised, Supervised]:
    """A training and a test set that share their transforms for training and evaluation."""
    groups = TransformGroups({"train": train_transformation, "eval": eval_transformation})
    train = _make_taskaware_classification_dataset(train_dataset, transform_groups=groups)
    test = _make_taskaware_classification_dataset(test_dataset, transform_groups=groups)
    return train.train(), test.eval()


def train_eval_transforms(dataset_train: Any, dataset_test: Any) -> dict[str, tuple[Any, Any]]:
    """The transforms of a training and a test set, as groups ``train`` and ``eval``."""
    return {
        group: (getattr(data, "transform", None), getattr(data, "target_transform", None))
        for group, data in (("train", dataset_train), ("eval", dataset_test))
    }
