"""The index behind a dataset: which row of which part every sample is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .pipeline import Part


class View:
    """Rows of one or several parts, in order. Immutable; a view of a view is a view.

    Args:
        parts: the distinct parts that the rows refer to.
        part_ids: int64, position in ``parts`` of every sample; None if there is a single part.
        rows: int64, row in its part's source of every sample.

    Example:
        >>> from avalanche.benchmarks.utils.sources import ColumnSource
        >>> whole = View.of(Part(ColumnSource([torch.arange(10)])))
        >>> some = whole.subset(torch.tensor([4, 2]))
        >>> both = View.concat([some, whole.subset(torch.tensor([9]))])
        >>> both.rows.tolist(), len(both.parts)
        ([4, 2, 9], 1)
    """

    __slots__ = ("part_ids", "parts", "rows")

    def __init__(self, parts: tuple[Part, ...], part_ids: Tensor | None, rows: Tensor) -> None:
        self.parts = parts
        self.part_ids = part_ids
        self.rows = rows

    @staticmethod
    def of(part: Part) -> View:
        """All rows of one part."""
        return View((part,), None, torch.arange(len(part.source)))

    @staticmethod
    def concat(views: Sequence[View]) -> View:
        """All samples of the views in sequence; equal parts become one."""
        views = [v for v in views if len(v)]
        if not views:
            return View((), None, torch.zeros(0, dtype=torch.int64))
        if len(views) == 1:
            return views[0]
        known: dict[Part, int] = {}
        tables = [[known.setdefault(p, len(known)) for p in v.parts] for v in views]
        rows = torch.cat([v.rows for v in views])
        if len(known) == 1:
            return View(tuple(known), None, rows)
        ids = torch.cat(
            [
                torch.full((len(v),), table[0])
                if v.part_ids is None
                else torch.tensor(table)[v.part_ids]
                for v, table in zip(views, tables, strict=True)
            ]
        )
        return View(tuple(known), ids, rows)

    def subset(self, indices: Tensor) -> View:
        """The samples at ``indices``; parts that no sample is left of are dropped."""
        rows = self.rows.index_select(0, indices)
        if self.part_ids is None:
            return View(self.parts, None, rows)
        ids = self.part_ids.index_select(0, indices)
        used = torch.bincount(ids, minlength=len(self.parts)) > 0
        if bool(used.all()):
            return View(self.parts, ids, rows)
        kept = used.nonzero().flatten().tolist()
        parts = tuple(self.parts[i] for i in kept)
        if len(parts) <= 1:
            return View(parts, None, rows)
        return View(parts, (used.cumsum(0) - 1)[ids], rows)

    def map_parts(self, change: Callable[[Part], Part]) -> View:
        """The same samples with every part changed; parts that become equal become one."""
        known: dict[Part, int] = {}
        table = [known.setdefault(change(p), len(known)) for p in self.parts]
        if self.part_ids is None or len(known) == 1:
            return View(tuple(known), None, self.rows)
        return View(tuple(known), torch.tensor(table)[self.part_ids], self.rows)

    def locate(self, index: int) -> tuple[Part, int]:
        """Part and row of one sample; ``index`` must be in range."""
        part = 0 if self.part_ids is None else int(self.part_ids[index])
        return self.parts[part], int(self.rows[index])

    def __len__(self) -> int:
        return len(self.rows)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.parts, self.part_ids, self.rows

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.parts, self.part_ids, self.rows = state
