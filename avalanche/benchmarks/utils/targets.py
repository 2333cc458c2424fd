"""Finding the targets of data that nobody has labelled for us."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .columns import Column, stack_column
from .data_attribute import as_column
from .pipeline import Part, Program
from .sources import TARGET_NAMES, Source
from .view import View


def find_targets(view: View, group: str = "train") -> Tensor | list[Any]:
    """The target of every sample of a view, as the samples show it in a transform group.

    Looked for in this order: the second column of data in memory, the ``targets`` (or
    ``labels``) field of the wrapped dataset, its column of that name, one pass over the samples
    (its result is kept with the source, so that no sample is read twice for it). The view's
    target transforms are applied, but not transforms of several elements at once, of which nobody
    knows what they do to the target alone.

    Raises:
        ValueError: if samples are neither ``(x, y, ...)`` tuples nor dictionaries with a target,
            and the dataset has no ``targets``.
    """
    return _by_sample(view, [_part_targets(part, group) for part in view.parts])


def find_task_labels(view: View) -> Tensor | list[Any] | None:
    """The task label of every sample, as the wrapped datasets keep it.

    Looked for in the field ``targets_task_labels``; samples of datasets without it have label 0.
    None where no dataset has it.
    """
    kept = [_kept_task_labels(part.source) for part in view.parts]
    if all(labels is None for labels in kept):
        return None
    columns = [
        torch.zeros(len(part.source), dtype=torch.int64) if labels is None else as_column(labels)
        for part, labels in zip(view.parts, kept, strict=True)
    ]
    return _by_sample(view, columns)


def _kept_task_labels(source: Source) -> Any:
    labels = getattr(source.origin, "targets_task_labels", None)
    fits = labels is not None and hasattr(labels, "__len__") and len(labels) == len(source)
    return labels if fits else None


def _by_sample(view: View, columns: list[Tensor | list[Any]]) -> Tensor | list[Any]:
    """The value of every sample of a view, from one column for each of its parts."""
    if view.part_ids is None:
        return _pick(columns[0], view.rows) if columns else torch.zeros(0, dtype=torch.int64)
    tensors = [c for c in columns if isinstance(c, Tensor)]
    if len(tensors) == len(columns) and len({(c.shape[1:], c.dtype) for c in tensors}) == 1:
        out = torch.empty((len(view), *tensors[0].shape[1:]), dtype=tensors[0].dtype)
        for i, column in enumerate(tensors):
            mine = view.part_ids == i
            out[mine] = column.index_select(0, view.rows[mine])
        return out
    ids, rows = view.part_ids.tolist(), view.rows.tolist()
    return [columns[i][row] for i, row in zip(ids, rows, strict=True)]


def _pick(column: Tensor | list[Any], rows: Tensor) -> Tensor | list[Any]:
    if isinstance(column, Tensor):
        return column.index_select(0, rows)
    return [column[row] for row in rows.tolist()]


def _part_targets(part: Part, group: str) -> Tensor | list[Any]:
    source = part.source
    if source.found_targets is None:
        stored = source.stored_targets()
        source.found_targets = as_column(_read_all(source) if stored is None else stored)
    return transformed_targets(source.found_targets, part.program(group))


def _read_all(source: Source) -> list[Any]:
    """One pass over the samples, for datasets that keep no list of their labels."""
    values = []
    for row in range(len(source)):
        value = _target_of(source.sample(row), source)
        values.append(value.item() if isinstance(value, Tensor) and value.ndim == 0 else value)
    return values


def _target_of(sample: Any, source: Source) -> Any:
    if isinstance(sample, dict):
        for name in TARGET_NAMES:
            if name in sample:
                return sample[name]
        raise ValueError(
            f"targets: the samples of {source.name} are dictionaries with the keys "
            f"{sorted(sample)}: expected one of {list(TARGET_NAMES)} to hold the target; pass "
            "targets=[...] with one value per sample, or rename the key"
        )
    if isinstance(sample, (tuple, list)) and len(sample) >= 2:
        return sample[1]
    raise ValueError(
        f"targets: {source.name} has no 'targets' and its samples are {type(sample).__name__}, "
        "not (x, y) tuples; pass targets=[...] with one value per sample, or give the dataset a "
        "'targets' list"
    )


def transformed_targets(column: Tensor | list[Any], program: Program) -> Tensor | list[Any]:
    """Targets after the transforms that a program has for the second element of samples."""
    values: Column = column
    for step in program.target_steps:
        if isinstance(values, Tensor) and values.ndim == 1 and not step.is_batched:
            uniques, inverse = values.unique(return_inverse=True)
            mapped = stack_column([step.sample(v) for v in uniques.tolist()])
            if isinstance(mapped, Tensor):
                values = mapped[inverse]
                continue
        values = step(values)
    assert not hasattr(values, "pixels")
    return values
