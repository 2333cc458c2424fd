"""Batches whose samples belong to several parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .columns import Column, ImageBatch, split_column, stack_column
from .pipeline import Part, Program
from .sources import ColumnSource, Source


class MixedParts:
    """Fetches rows of several parts into one batch.

    Parts often differ by their first transforms only (a pixel permutation per experience) and
    share their source and their last transforms. The source is then read once, and the shared
    transforms run once, on the whole batch.

    Args:
        parts: the parts.
        group: name of the transform group.
    """

    def __init__(self, parts: Sequence[Part], group: str) -> None:
        chains = [part.program(group).transforms for part in parts]
        common = _common_tail(chains)
        self._sources = [part.source for part in parts]
        self._heads = [Program(chain[: len(chain) - common]) for chain in chains]
        self._tail = Program(chains[0][len(chains[0]) - common :])
        first = self._sources[0]
        shared = isinstance(first, ColumnSource) and all(s is first for s in self._sources)
        self._shared_source: Source | None = first if shared else None

    def fetch(self, rows: Tensor, part_ids: Tensor) -> list[Column] | None:
        """The transformed columns of a batch, or None where samples are no tuples."""
        order = torch.argsort(part_ids, stable=True)
        counts = torch.bincount(part_ids, minlength=len(self._heads)).tolist()
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order))
        columns = self._heads_of(rows[order], counts)
        if columns is None:
            return None
        return self._tail.batch([_reorder(column, inverse) for column in columns])

    def _heads_of(self, rows: Tensor, counts: list[int]) -> list[Column] | None:
        """Columns sorted by part, after the transforms that differ."""
        if self._shared_source is not None:
            whole = self._shared_source.gather(rows)
            assert whole is not None
            steps = [head.by_element for head in self._heads]
            if all(s is not None for s in steps):
                touched = {i for s in steps for i, chain in enumerate(s or ()) if chain}
                for i in touched:
                    pieces = _cut(whole[i], counts)
                    for k, piece in enumerate(pieces):
                        chain = steps[k] or []
                        for step in chain[i] if i < len(chain) and counts[k] else ():
                            piece = step(piece)
                        pieces[k] = piece
                    whole[i] = _join([p for p, n in zip(pieces, counts, strict=True) if n])
                return whole
        fetched: list[list[Column]] = []
        for source, head, picked in zip(
            self._sources, self._heads, rows.split(counts), strict=True
        ):
            if len(picked):
                columns = source.gather(picked)
                if columns is None:
                    return None
                fetched.append(head.batch(columns))
        widths = {len(columns) for columns in fetched}
        if len(widths) > 1:
            raise ValueError(
                f"samples of {sorted(widths)} elements in one batch: expected the same number; "
                "concatenate data sets whose samples have the same form"
            )
        return [_join(list(pieces)) for pieces in zip(*fetched, strict=True)]


def _common_tail(chains: Sequence[list[Any]]) -> int:
    """How many transforms, from the last, are the same objects in all chains."""
    length = 0
    while all(len(c) > length for c in chains):
        last = [c[len(c) - 1 - length] for c in chains]
        if any(not _same(t, last[0]) for t in last):
            break
        length += 1
    return length


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return all(x is y for x, y in zip(a, b, strict=True))
    return a is b


def _cut(column: Column, counts: list[int]) -> list[Column]:
    if isinstance(column, ImageBatch):
        return [ImageBatch(pixels) for pixels in column.pixels.split(counts)]
    if isinstance(column, Tensor):
        return list(column.split(counts))
    values = iter(column)
    return [[next(values) for _ in range(count)] for count in counts]


def _join(pieces: list[Any]) -> Column:
    """Columns of several parts in sequence; a list of values where they do not fit together."""
    if len(pieces) == 1:
        only: Column = pieces[0]
        return only
    if all(isinstance(p, Tensor) for p in pieces):
        if len({(p.shape[1:], p.dtype) for p in pieces}) == 1:
            return torch.cat(pieces)
    elif all(isinstance(p, ImageBatch) for p in pieces):
        pixels = [p.pixels for p in pieces]
        return ImageBatch(torch.cat(pixels)) if _one_shape(pixels) else _as_list(pieces)
    return _as_list(pieces)


def _one_shape(tensors: Sequence[Tensor]) -> bool:
    return len({t.shape[1:] for t in tensors}) == 1


def _as_list(pieces: Sequence[Column]) -> Column:
    return stack_column([value for piece in pieces for value in split_column(piece)])


def _reorder(column: Column, inverse: Tensor) -> Column:
    if isinstance(column, ImageBatch):
        return ImageBatch(column.pixels.index_select(0, inverse))
    if isinstance(column, Tensor):
        return column.index_select(0, inverse)
    return [column[i] for i in inverse.tolist()]
