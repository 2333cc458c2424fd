"""Making, joining and inspecting datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .classification_dataset import as_classification_dataset, as_taskaware_classification_dataset
from .data import AvalancheDataset
from .data_attribute import DataAttribute
from .task_set import TaskSet
from .transform_groups import REPLAY, TransformGroups

__all__ = [
    "TaskSet",
    "as_avalanche_dataset",
    "as_classification_dataset",
    "as_taskaware_classification_dataset",
    "concat_datasets",
    "find_common_transforms_group",
    "grouped_and_ordered_indexes",
    "make_avalanche_dataset",
    "replay_view",
    "tensor_as_list",
]


def as_avalanche_dataset(dataset: Any) -> AvalancheDataset:
    """Any map-style dataset as an :class:`AvalancheDataset`."""
    return dataset if isinstance(dataset, AvalancheDataset) else AvalancheDataset(dataset)


def make_avalanche_dataset(
    dataset: Any,
    *,
    data_attributes: Sequence[DataAttribute] | None = None,
    transform_groups: TransformGroups | None = None,
    frozen_transform_groups: TransformGroups | None = None,
    collate_fn: Any = None,
) -> AvalancheDataset:
    """An :class:`AvalancheDataset` of one dataset; the arguments are the same."""
    return AvalancheDataset(
        dataset,
        data_attributes=data_attributes,
        transform_groups=transform_groups,
        frozen_transform_groups=frozen_transform_groups,
        collate_fn=collate_fn,
    )


def concat_datasets(datasets: Sequence[Any]) -> Any:
    """All samples of several datasets in sequence, keeping the attributes that all have.

    Args:
        datasets: datasets of any kind; an empty list gives an empty dataset.

    Returns:
        An :class:`AvalancheDataset` of the most special class that all datasets share.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> one = AvalancheDataset(TensorDataset(torch.arange(3)))
        >>> both = concat_datasets([one, one.subset([2])])
        >>> len(both), len(both.parts)
        (4, 1)
    """
    kinds = [type(d) if isinstance(d, AvalancheDataset) else AvalancheDataset for d in datasets]
    shared = [
        k for k in (kinds[0].__mro__ if kinds else ()) if all(issubclass(o, k) for o in kinds)
    ]
    kind = shared[0] if shared and issubclass(shared[0], AvalancheDataset) else AvalancheDataset
    return kind(list(datasets))


def replay_view(dataset: Any) -> Any:
    """A memory as its samples are to be replayed: with the transforms of the group ``replay``.

    Where the data defines no such group, it is returned as it is.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> groups = TransformGroups({"train": None, "replay": lambda x: x + 100})
        >>> memory = AvalancheDataset(TensorDataset(torch.arange(3)), transform_groups=groups)
        >>> memory[1], replay_view(memory)[1]
        ([tensor(1)], [tensor(101)])
    """
    data = as_avalanche_dataset(dataset)
    named = any(REPLAY in stage.names for part in data.parts for stage in part.stages)
    return data.with_transforms(REPLAY) if named else data


def find_common_transforms_group(datasets: Any, default_group: str | None = "train") -> str | None:
    """The transform group that all Avalanche datasets among ``datasets`` are in.

    Returns:
        That group, or ``default_group`` if they differ or there is none.
    """
    many = datasets if isinstance(datasets, (list, tuple)) else [datasets]
    groups = {d.current_group for d in many if isinstance(d, AvalancheDataset)}
    return groups.pop() if len(groups) == 1 else default_group


def grouped_and_ordered_indexes(
    targets: Sequence[int] | Tensor,
    patterns_indexes: Sequence[int] | Tensor | None,
    bucket_classes: bool = True,
    sort_classes: bool = False,
    sort_indexes: bool = False,
) -> list[int]:
    """Positions of samples, class by class.

    Args:
        targets: the class of every sample.
        patterns_indexes: the positions to order; all samples for None.
        bucket_classes: whether samples of one class come together, classes in ascending order;
            otherwise the classes are not looked at.
        sort_classes: accepted for the interface; classes are in ascending order anyway.
        sort_indexes: whether positions are in ascending order (within their class).

    Example:
        >>> grouped_and_ordered_indexes([3, 1, 2, 1], [3, 0, 2, 1])
        [3, 1, 2, 0]
    """
    labels = torch.as_tensor(list(targets) if not isinstance(targets, Tensor) else targets)
    index = torch.arange(len(labels)) if patterns_indexes is None else _int64(patterns_indexes)
    if sort_indexes:
        index = index.sort().values
    if bucket_classes:
        index = index[torch.argsort(labels[index], stable=True)]
    result: list[int] = index.tolist()
    return result


def _int64(values: Sequence[int] | Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=torch.int64)


def tensor_as_list(sequence: Any) -> list[Any]:
    """Values of a tensor, array or sequence as a plain list."""
    if isinstance(sequence, Tensor):
        return list(sequence.tolist())
    return (
        list(torch.as_tensor(sequence).tolist()) if hasattr(sequence, "dtype") else list(sequence)
    )
