"""Collated batches straight from the columns of a view: the hot path of every loader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from .columns import Column, finish_column, stack_column
from .mixed import MixedParts
from .pipeline import Part
from .sources import ColumnSource
from .view import View

Batch = list[Any]
_BLOCK = 1 << 14  # samples whose indices, labels and attributes are gathered at once


class Fetcher:
    """Turns indices into collated batches ``[x, y, ..., attributes]`` of one view.

    Args:
        view: the samples.
        group: name of the transform group to apply.
        attributes: columns appended to every sample, aligned with the view.

    A view of one part that is held in memory takes one ``index_select`` for its rows, one per
    column of the source and one per attribute, then the batched transforms. Everything else is
    slower and gives the same values.
    """

    def __init__(self, view: View, group: str, attributes: Sequence[Tensor | list[Any]]) -> None:
        self.view = view
        self.group = group
        self.attributes = list(attributes)
        self._mixed: MixedParts | None = None
        steps = view.parts[0].element_steps(group) if len(view.parts) == 1 else None
        self.is_fast = steps is not None and all(isinstance(a, Tensor) for a in self.attributes)

    def __call__(self, indices: Tensor) -> Batch | None:
        """The batch at ``indices``; None where samples are no tuples and can't be columns."""
        rows = self.view.rows.index_select(0, indices)
        if self.view.part_ids is None:
            columns = self.view.parts[0].fetch(rows, self.group) if self.view.parts else []
        else:
            columns = self._fetch_mixed(rows, self.view.part_ids.index_select(0, indices))
        if columns is None:
            return None
        batch = [finish_column(c) for c in columns]
        for attribute in self.attributes:
            if isinstance(attribute, Tensor):
                batch.append(attribute.index_select(0, indices))
            else:
                batch.append(finish_column(stack_column([attribute[i] for i in indices.tolist()])))
        return batch

    def batches(self, order: Tensor, size: int | Sequence[int]) -> Iterator[Batch | None]:
        """Batches of consecutive pieces of ``order``.

        Args:
            order: indices into the view, int64.
            size: size of every batch (the last may be smaller), or the size of each of them.
        """
        if not self.is_fast:
            for indices in split_order(order, size):
                yield self(indices)
            return
        part = self.view.parts[0]
        for block, sizes in _blocks(order, size):
            yield from self._fast_batches(part, block, sizes)

    def _fast_batches(self, part: Part, order: Tensor, sizes: list[int]) -> Iterator[Batch]:
        """Batches of one block: what is not the input is gathered once for the whole block."""
        source = part.source
        assert isinstance(source, ColumnSource)
        steps = part.element_steps(self.group)
        assert steps is not None
        rows = self.view.rows.index_select(0, order)
        side: list[Any] = []
        for position, column in enumerate(source.columns[1:], start=1):
            values: Column = column.index_select(0, rows)
            for step in steps[position] if position < len(steps) else ():
                values = step(values)
            side.append(finish_column(values))
        side += [a.index_select(0, order) for a in self.attributes if isinstance(a, Tensor)]
        pieces = zip(*(torch.unsafe_split_with_sizes(s, sizes) for s in side), strict=True)
        gather, x_steps = source.gather_input, steps[0] if steps else []
        if not side:
            pieces = iter([()] * len(sizes))  # type: ignore[assignment]
        for picked, rest in zip(torch.unsafe_split_with_sizes(rows, sizes), pieces, strict=True):
            x = gather(picked)
            for step in x_steps:
                x = step(x)
            yield [x if isinstance(x, Tensor) else finish_column(x), *rest]

    def _fetch_mixed(self, rows: Tensor, part_ids: Tensor) -> list[Column] | None:
        """What differs between the parts per part, what is common for the whole batch at once."""
        if self._mixed is None:
            self._mixed = MixedParts(self.view.parts, self.group)
        return self._mixed.fetch(rows, part_ids)


def split_order(order: Tensor, size: int | Sequence[int]) -> Sequence[Tensor]:
    """Consecutive pieces of an order; none of an empty one."""
    pieces: Sequence[Tensor] = torch.split(order, size) if len(order) else ()  # type: ignore[arg-type]
    return pieces


def _blocks(order: Tensor, size: int | Sequence[int]) -> Iterator[tuple[Tensor, list[int]]]:
    """Cut an order into blocks of whole batches, each with the sizes of its batches."""
    if isinstance(size, int):
        step = max(_BLOCK // size, 1) * size
        for block in torch.split(order, step) if len(order) else ():
            full, rest = divmod(len(block), size)
            yield block, [size] * full + ([rest] if rest else [])
        return
    start, sizes = 0, list(size)
    while sizes:
        taken, total = 0, 0
        while taken < len(sizes) and (taken == 0 or total + sizes[taken] <= _BLOCK):
            total += sizes[taken]
            taken += 1
        yield order[start : start + total], sizes[:taken]
        start, sizes = start + total, sizes[taken:]
