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
from .transform_groups import TransformGroups

__all__ = [
    "TaskSet",
    "as_avalanche_dataset",
    "as_classification_dataset",
    "as_taskaware_classification_dataset",
    "concat_datasets",
    "find_common_transforms_group",
    "make_avalanche_dataset",
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


def find_common_transforms_group(datasets: Any, default_group: str | None = "train") -> str | None:
    """The transform group that all Avalanche datasets among ``datasets`` are in.

    Returns:
        That group, or ``default_group`` if they differ or there is none.
    """
    many = datasets if isinstance(datasets, (list, tuple)) else [datasets]
    groups = {d.current_group for d in many if isinstance(d, AvalancheDataset)}
    return groups.pop() if len(groups) == 1 else default_group


def tensor_as_list(sequence: Any) -> list[Any]:
    """Values of a tensor, array or sequence as a plain list."""
    if isinstance(sequence, Tensor):
        return list(sequence.tolist())
    return (
        list(torch.as_tensor(sequence).tolist()) if hasattr(sequence, "dtype") else list(sequence)
    )
