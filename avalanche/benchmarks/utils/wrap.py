"""How things that are not Avalanche datasets become views: one rule per kind of dataset."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Subset

from .arrays import is_frame, number_tensor, plain_array, refuse_frame
from .data_attribute import DataAttribute, concat_attributes
from .hf_datasets import is_table, table_source
from .pipeline import Part
from .sources import ColumnSource, as_source
from .targets import find_task_labels
from .transform_groups import DefaultTransformGroups
from .view import View


@dataclass(frozen=True)
class Operand:
    """What one dataset contributes to a new one.

    Args:
        view: its samples.
        attributes: its attributes by name.
        group: its current transform group; None if it has none.
        collate_fn: its collate function; None for torch's default.
    """

    view: View
    attributes: dict[str, DataAttribute]
    group: str | None = None
    collate_fn: Callable[[list[Any]], Any] | None = None


def operand_of(dataset: Any, known: dict[int, Operand] | None = None) -> Operand:
    """See through torch's ``Subset`` and ``ConcatDataset``; views stay what they are.

    Args:
        dataset: any dataset.
        known: operands of datasets by identity: pieces of one dataset share its source.

    Raises:
        TypeError: if ``dataset`` can't be indexed or has no length.
    """
    from .data import AvalancheDataset

    if isinstance(dataset, Operand):
        return dataset
    if isinstance(dataset, AvalancheDataset):
        view, group = dataset._view, dataset.current_group
        return Operand(view, dataset.data_attributes, group, dataset.collate_fn)
    known = {} if known is None else known
    if isinstance(dataset, Subset) and type(dataset).__getitem__ is Subset.__getitem__:
        inner = operand_of(dataset.dataset, known)
        index = torch.as_tensor(list(dataset.indices), dtype=torch.int64)
        index = torch.where(index < 0, index + len(inner.view), index)
        attributes = {name: a.subset(index) for name, a in inner.attributes.items()}
        targets = getattr(dataset, "targets", None)  # a subclass may relabel: its labels count
        if type(dataset) is not Subset and targets is not None and len(targets) == len(index):
            attributes["targets"] = DataAttribute(targets, "targets")
        return Operand(inner.view.subset(index), attributes, inner.group, inner.collate_fn)
    if type(dataset) is ConcatDataset:
        return merge_operands([operand_of(d, known) for d in dataset.datasets])
    if id(dataset) not in known:
        known[id(dataset)] = _leaf(dataset)
    return known[id(dataset)]


def _leaf(dataset: Any) -> Operand:
    if is_frame(dataset):
        refuse_frame(dataset)
    source, transform, target_transform = (
        (table_source(dataset), None, None) if is_table(dataset) else as_source(dataset)
    )
    part = Part(source)
    if transform is not None or target_transform is not None:
        part = part.then(DefaultTransformGroups((transform, target_transform)), frozen=True)
    return Operand(View.of(part), {}, None, getattr(dataset, "collate_fn", None))


def as_list(datasets: Any) -> list[Any]:
    """The datasets of a sequence of datasets.

    A list of samples is one dataset, and so is a tuple of arrays or tensors: one per element.
    Next to an array, an element's values may also be a list of numbers; a data frame or a series
    is an array.

    Raises:
        ValueError: for a list that looks like such a tuple, and for names in a column.
    """
    if type(datasets) is tuple:
        datasets = tuple(map(plain_array, datasets))
    if isinstance(datasets, tuple) and _are_columns(datasets):
        return [ColumnSource([number_tensor(d, column_name(i)) for i, d in enumerate(datasets)])]
    if isinstance(datasets, list) and _are_columns(datasets) and _look_like_pair(*datasets[:2]):
        raise ValueError(
            f"datasets=[{', '.join(type(d).__name__ for d in datasets)}]: expected a list of "
            "datasets; pass the inputs and targets of one dataset as a tuple (x, y)"
        )
    if isinstance(datasets, list) and datasets and isinstance(datasets[0], (tuple, dict)):
        return [datasets]
    if isinstance(datasets, (list, tuple)):
        return list(datasets)
    return [datasets]


def column_name(position: int) -> str:
    """What messages call a column of samples ``(x, y, ...)``."""
    return {0: "x", 1: "targets"}.get(position, f"column {position}")


def _are_columns(values: Sequence[Any]) -> bool:
    """Whether these are arrays, or lists of numbers or names next to an array."""
    arrays = [isinstance(v, (Tensor, np.ndarray)) for v in values]
    return (
        len(values) > 1
        and any(arrays)
        and all(array or _is_values(v) for v, array in zip(values, arrays, strict=True))
    )


def _is_values(values: Any) -> bool:
    if not isinstance(values, (list, tuple, DataAttribute)):
        return False
    single = (numbers.Number, str)
    return all(isinstance(v, single) or getattr(v, "shape", None) == () for v in values)


def _look_like_pair(x: Any, y: Any) -> bool:
    """Whether two columns are of one length and can't be two datasets of the same kind."""
    if len(x) != len(y):
        return False
    shapes = [tuple(np.shape(column))[1:] for column in (x, y)]
    floats = [
        number_tensor(column, column_name(i)).is_floating_point() for i, column in enumerate((x, y))
    ]
    return shapes[0] != shapes[1] or floats[0] != floats[1] or not isinstance(y, type(x))


def merge_operands(operands: list[Operand]) -> Operand:
    """Concatenation: attributes that all non-empty operands have, the group if it is common."""
    filled = _with_kept_tasks([o for o in operands if len(o.view)] or operands)
    view = View.concat([o.view for o in filled])
    attributes: dict[str, DataAttribute] = {}
    for name in filled[0].attributes if filled else ():
        if all(name in o.attributes for o in filled):
            attributes[name] = concat_attributes([o.attributes[name] for o in filled])
    groups = {o.group for o in filled if o.group is not None}
    group = groups.pop() if len(groups) == 1 else ("train" if groups else None)
    collate = next((o.collate_fn for o in operands if o.collate_fn is not None), None)
    return Operand(view, attributes, group, collate)


def _with_kept_tasks(operands: list[Operand]) -> list[Operand]:
    """Task labels for all, if some have them and others wrap data that keeps its own."""
    name = "targets_task_labels"
    bare = [o for o in operands if name not in o.attributes]
    if len(bare) == len(operands) or all(find_task_labels(o.view) is None for o in bare):
        return operands
    made = []
    for operand in operands:
        labels = operand.attributes.get(name)
        if labels is None:
            found = find_task_labels(operand.view)
            values = torch.zeros(len(operand.view)).long() if found is None else found
            labels = DataAttribute(values, name, use_in_getitem=True)
        made.append(replace(operand, attributes={**operand.attributes, name: labels}))
    return made


def as_index(indices: Sequence[int] | Tensor, length: int) -> Tensor:
    """Checked, non-negative positions as int64."""
    index = torch.as_tensor(indices)
    if index.numel() == 0 and index.dtype != torch.bool:
        return torch.zeros(0, dtype=torch.int64)
    if index.dtype == torch.bool:
        if index.shape != (length,):
            raise IndexError(
                f"indices: a mask of shape {tuple(index.shape)}, the dataset has {length} samples: "
                "expected one True or False per sample; pass a mask of that length, or positions"
            )
        return index.nonzero().flatten()
    if index.is_floating_point() or index.is_complex():
        raise TypeError(
            f"indices are {index.dtype}: expected integers; pass positions as int64, such as "
            "indices.long(), or a mask of booleans"
        )
    index = index.to(torch.int64)
    low, high = (int(v) for v in torch.aminmax(index))
    if low < -length or high >= length:
        bad = high if high >= length else low
        raise IndexError(
            f"indices contain {bad}: expected values from 0 to {length - 1}; "
            f"the dataset has {length} samples"
        )
    return torch.where(index < 0, index + length, index) if low < 0 else index


def check_attribute(attribute: DataAttribute, length: int) -> None:
    if len(attribute) != length:
        raise ValueError(
            f"attribute {attribute.name!r} has {len(attribute)} values, the dataset has {length} "
            "samples: expected one value per sample; pass an attribute of that length"
        )
