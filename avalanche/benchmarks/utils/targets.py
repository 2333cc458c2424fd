"""Finding the targets of data that nobody has labelled for us."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .columns import Column, stack_column
from .data_attribute import as_column
from .pipeline import Part
from .sources import ColumnSource, SampleSource
from .view import View


def find_targets(view: View) -> Tensor | list[Any]:
    """The target of every sample of a view.

    Looked for in this order: the second column of data in memory, the ``targets`` (or
    ``labels``) field of the wrapped dataset, one pass over the samples. Target transforms that
    belong to the data are applied.

    Raises:
        ValueError: if samples are no ``(x, y, ...)`` tuples and the dataset has no ``targets``.
    """
    columns = [_part_targets(part) for part in view.parts]
    if view.part_ids is None:
        return _pick(columns[0], view.rows) if columns else torch.zeros(0, dtype=torch.int64)
    if all(isinstance(c, Tensor) for c in columns):
        out = torch.empty(len(view), dtype=columns[0].dtype)  # type: ignore[union-attr]
        for i, column in enumerate(columns):
            mine = view.part_ids == i
            out[mine] = _pick(column, view.rows[mine])  # type: ignore[assignment]
        return out
    ids, rows = view.part_ids.tolist(), view.rows.tolist()
    return [columns[i][row] for i, row in zip(ids, rows, strict=True)]


def _pick(column: Tensor | list[Any], rows: Tensor) -> Tensor | list[Any]:
    if isinstance(column, Tensor):
        return column.index_select(0, rows)
    return [column[row] for row in rows.tolist()]


def _part_targets(part: Part) -> Tensor | list[Any]:
    source = part.source
    if isinstance(source, ColumnSource):
        if len(source.columns) < 2:
            raise ValueError(
                "targets: the data has one tensor per sample and no target; pass targets=, or "
                "give (x, y) tensors"
            )
        return _transformed(part, source.columns[1])
    assert isinstance(source, SampleSource)
    for name in ("targets", "labels"):
        found = getattr(source.dataset, name, None)
        if found is not None and len(found) == len(source):
            return as_column(found)
    return as_column(_read_all(source))


def _read_all(source: SampleSource) -> list[Any]:
    """One pass over the samples, for datasets that keep no list of their labels."""
    values = []
    for row in range(len(source)):
        sample = source.sample(row)
        if not isinstance(sample, (tuple, list)) or len(sample) < 2:
            raise ValueError(
                f"targets: {type(source.dataset).__name__} has no 'targets' and its samples are "
                f"{type(sample).__name__}, not (x, y) tuples; pass targets= or give the dataset "
                "a 'targets' list"
            )
        value = sample[1]
        values.append(value.item() if isinstance(value, Tensor) and value.ndim == 0 else value)
    return values


def _transformed(part: Part, column: Tensor) -> Tensor | list[Any]:
    """Targets as the samples show them, through the part's frozen target transforms."""
    frozen = Part(part.source, part.stages[: part.n_frozen])
    steps = frozen.program("train").by_element or []
    values: Column = column
    for step in steps[1] if len(steps) > 1 else ():
        if isinstance(values, Tensor) and values.ndim == 1 and not step.is_batched:
            uniques, inverse = values.unique(return_inverse=True)
            mapped = stack_column([step.sample(v) for v in uniques.tolist()])
            if isinstance(mapped, Tensor):
                values = mapped[inverse]
                continue
        values = step(values)
    assert not hasattr(values, "pixels")
    return values
