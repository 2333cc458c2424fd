"""Functions that make a batch from samples, and a larger batch from batches.

The loaders collate by themselves; these are for data whose samples can't be stacked (images of
different sizes with their boxes) and for loops that join batches from several places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import default_collate


def classification_collate_mbatches_fn(mbatches: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Join batches ``[x, y, t]`` into one, element by element.

    Args:
        mbatches: batches with the same number of elements, each element ``(batch, ...)``.

    Raises:
        ValueError: if there is no batch, or their numbers of elements differ.

    Example:
        >>> one, two = [torch.zeros(2, 3), torch.tensor([0, 1])], [torch.ones(1, 3), torch.ones(1)]
        >>> [tuple(column.shape) for column in classification_collate_mbatches_fn([one, two])]
        [(3, 3), (3,)]
    """
    columns = _columns_of(mbatches)
    return [
        classification_single_values_collate_mbatches_fn(values, index)
        for index, values in enumerate(columns)
    ]


def classification_single_values_collate_mbatches_fn(
    values_list: Sequence[Tensor], index: int
) -> Tensor:
    """Join one element of several batches.

    Args:
        values_list: that element of every batch, ``(batch, ...)``.
        index: which element of the batch it is; all are joined in the same way.
    """
    return torch.cat(list(values_list), dim=0)


def classification_single_values_collate_fn(values_list: Sequence[Any], index: int) -> Any:
    """Make one element of a batch from that element of every sample.

    Args:
        values_list: one value per sample: tensors of one shape, or numbers.
        index: which element of the sample it is; all are collated in the same way.
    """
    return default_collate(list(values_list))


def detection_collate_fn(batch: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """Collate samples ``(image, target, ...)`` whose images and targets can't be stacked.

    Args:
        batch: samples; ``target`` is a dictionary with tensors such as ``boxes`` and ``labels``.

    Returns:
        ``(images, targets, ...)``: images and targets as tuples with one entry per sample, as
        torchvision's detection models expect them; elements that are whole numbers (task labels)
        as one int64 tensor ``(batch,)``.

    Example:
        >>> sample = (torch.zeros(3, 4, 4), {"labels": torch.tensor([1])}, 0)
        >>> images, targets, tasks = detection_collate_fn([sample, sample])
        >>> len(images), len(targets), tasks
        (2, 2, tensor([0, 0]))
    """
    return tuple(_numbers_or_tuple(values) for values in _columns_of(batch))


def detection_collate_mbatches_fn(mbatches: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """Join batches of :func:`detection_collate_fn` into one, element by element."""
    return tuple(
        torch.cat(list(values))
        if all(isinstance(v, Tensor) for v in values)
        else tuple(sample for value in values for sample in value)
        for values in _columns_of(mbatches)
    )


def _columns_of(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    sizes = {len(row) for row in rows}
    if len(sizes) != 1:
        raise ValueError(
            f"a batch of {len(rows)} entries with {sorted(sizes)} elements: expected at least one "
            "entry, and the same number of elements in all; check what the dataset returns"
        )
    return list(zip(*rows, strict=True))


def _numbers_or_tuple(values: tuple[Any, ...]) -> Any:
    if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return torch.tensor(values)
    return values
