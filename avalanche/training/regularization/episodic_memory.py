"""Patterns of every experience, read as tensors: the memory of GEM and A-GEM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    as_avalanche_dataset,
    concat_datasets,
    replay_view,
)
from avalanche.benchmarks.utils.random_state import RandomState
from avalanche.benchmarks.utils.view_state import view_state

__all__ = ["EpisodicMemory"]

_KEPT_BYTES = 1 << 30  # all patterns that are read once and kept take up to a gigabyte together


class EpisodicMemory:
    """A fixed number of patterns of each experience, drawn from it at random.

    Patterns are references into the data sets they come from. Where reading them gives the same
    values every time (no random transform), they are read once and kept on the device; otherwise
    they are read anew, with new draws. No loader and no worker process takes part.

    Args:
        patterns_per_experience: how many to keep of each, at least 1.

    Raises:
        ValueError: fewer than 1.

    Example:
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> memory = EpisodicMemory(5)
        >>> for experience in SplitDigits().train_stream[:2]:
        ...     memory.add(experience.dataset)
        >>> x, y, t = memory.sample(8, "cpu")
        >>> len(memory), x.shape
        (10, torch.Size([8, 1, 8, 8]))
    """

    def __init__(self, patterns_per_experience: int) -> None:
        self.patterns_per_experience = check_patterns(
            "patterns_per_experience", patterns_per_experience
        )
        self.data: dict[int, AvalancheDataset] = {}
        self._own: dict[int, list[Tensor]] = {}  # patterns that came from a loader
        self._columns: dict[int, list[Tensor] | None] = {}
        self._whole: Any = None

    def __len__(self) -> int:
        return sum(len(data) for data in self.data.values())

    def check(self, data: Any) -> None:
        """Refuse a data set whose patterns could not be read; one sample is looked at.

        Raises:
            TypeError: batches of another form than ``[x, y, ...]``.
        """
        if len(data):
            _glance(as_avalanche_dataset(data))

    def add(self, source: Any, key: int | None = None) -> None:
        """Keep some patterns of a data set, or of all batches of a loader.

        Args:
            source: samples, or batches, ``(x, y, ...)``.
            key: of the experience; patterns kept under it before are replaced. The next number by
                default.

        Raises:
            TypeError: batches of another form than ``[x, y, ...]``.
        """
        key = max(self.data, default=-1) + 1 if key is None else key
        self._own.pop(key, None)
        if hasattr(source, "__getitem__"):
            self.check(source)
            data = as_avalanche_dataset(source)
            data = replay_view(data.train()) if data.has_transforms("train") else data
            self.data[key] = data.subset(self._choose(len(data)))
        else:
            columns = _all_columns(source)
            chosen = self._choose(len(columns[0]))
            self._own[key] = [column[chosen] for column in columns]
            self.data[key] = AvalancheDataset([TensorDataset(*self._own[key])])
        self._columns.pop(key, None)
        self._whole = None

    def _choose(self, count: int) -> Tensor:
        return torch.randperm(count)[: self.patterns_per_experience]

    def batch(self, key: int, device: torch.device | str) -> list[Tensor]:
        """All patterns of one experience, ``[x, y, ...]``."""
        if key not in self._columns:
            kept = sum(_size(columns) for columns in self._columns.values() if columns)
            self._columns[key] = _steady_columns(self.data[key], _KEPT_BYTES - kept)
        columns = self._columns[key]
        if columns is None:
            return _to(_listed(self.data[key].batch(range(len(self.data[key])))), device)
        self._columns[key] = columns = _to(columns, device)
        return columns

    def sample(self, size: int, device: torch.device | str) -> list[Tensor]:
        """Patterns drawn uniformly, each at most once, from the whole memory, ``[x, y, ...]``.

        Args:
            size: how many; all of a smaller memory.
            device: where to.

        Raises:
            ValueError: experiences have patterns of several shapes, which no tensor can hold.
        """
        drawn = self.draw(size, device)
        if len(drawn) > 1:
            raise ValueError(
                f"patterns have several shapes, {[tuple(b[0].shape[1:]) for b in drawn]}, and do "
                "not fit into one tensor; use draw, which gives a batch for each experience"
            )
        return drawn[0]

    def draw(self, size: int, device: torch.device | str) -> list[list[Tensor]]:
        """What :meth:`sample` draws, in as many batches as it takes.

        That is one; where experiences have patterns of several shapes, one for each experience.
        """
        chosen = torch.randperm(len(self))[:size]
        if self._whole is None:
            self._whole = self._join(device)
        if isinstance(self._whole, list):
            self._whole = _to(self._whole, device)
        if self._whole is not False:
            return [_rows(self._whole, chosen, device)]
        drawn, start = [], 0
        for key, data in self.data.items():
            mine = chosen[(chosen >= start) & (chosen < start + len(data))] - start
            start += len(data)
            if len(mine):
                drawn.append(_rows(self._columns[key] or data, mine, device))
        return drawn

    def _join(self, device: torch.device | str) -> Any:
        """All patterns as columns where they can be kept so, else as a data set.

        False where patterns of several experiences cannot be in one batch.
        """
        parts = []
        for key in self.data:
            self.batch(key, device)
            parts.append(self._columns[key])
        layouts = {
            _layout(part or _glance(data))
            for part, data in zip(parts, self.data.values(), strict=True)
        }
        if len(layouts) > 1:
            return False
        kept = [part for part in parts if part is not None]
        if len(kept) < len(parts):
            self._columns = dict.fromkeys(self.data)  # all is read anew, so nothing is kept twice
            return concat_datasets(list(self.data.values()))
        columns = [torch.cat(pieces) for pieces in zip(*kept, strict=True)]
        lengths = [len(part[0]) for part in kept]
        pieces = zip(*(column.split(lengths) for column in columns), strict=True)
        self._columns = {key: list(piece) for key, piece in zip(self.data, pieces, strict=True)}
        return columns

    def state_dict(self) -> dict[str, Any]:
        """References to the patterns; those that came from a loader, as tensors."""
        stored = [
            (key, {"tensors": self._own[key]} if key in self._own else view_state(data))
            for key, data in self.data.items()
        ]
        return {"patterns_per_experience": self.patterns_per_experience, "stored": stored}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`; ``parts`` are those of the data sets it refers to."""
        self.patterns_per_experience = state["patterns_per_experience"]
        self.data, self._own, self._columns, self._whole = {}, {}, {}, None
        for key, saved in state["stored"]:
            if "tensors" in saved:
                self._own[key] = list(saved["tensors"])
                self.data[key] = AvalancheDataset([TensorDataset(*self._own[key])])
            else:
                self.data[key] = AvalancheDataset.from_state(saved, parts)


def check_patterns(name: str, value: int) -> int:
    """Refuse what is no whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}={value!r}: expected a whole number of patterns, at least 1")
    return value


def _listed(batch: Any) -> list[Tensor]:
    """A batch as ``[x, y, ...]``.

    Raises:
        TypeError: batches of another form.
    """
    if isinstance(batch, (list, tuple)) and len(batch) > 1:
        return list(batch)
    raise TypeError(
        f"the data gives batches of type {type(batch).__name__}; this memory needs inputs and "
        "targets, [x, y, ...]: let the samples of the data set be tuples (x, y, ...)"
    )


def _all_columns(loader: Iterable[Any]) -> list[Tensor]:
    """Every batch of a loader, joined."""
    batches = [_listed(batch) for batch in loader]
    if not batches:
        raise ValueError("the loader gives no batch; there is nothing to remember")
    return [torch.cat(pieces) for pieces in zip(*batches, strict=True)]


def _steady_columns(data: AvalancheDataset, limit: int) -> list[Tensor] | None:
    """All samples as tensors if they are the same at every reading, and ``limit`` bytes at most.

    Reading leaves the random state as it is.
    """
    every = range(len(data))
    with RandomState() as state:
        first, second = (_listed(data.batch(every)) for _ in range(2))
        drew = state.has_changed()
    if drew or not all(isinstance(column, Tensor) for column in first):
        return None
    same = all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    return first if same and _size(first) <= limit else None


def _glance(data: AvalancheDataset) -> list[Tensor]:
    """A batch of one sample; the random state is left as it is."""
    with RandomState():
        return _listed(data.batch([0]))


def _layout(columns: Sequence[Any]) -> tuple[Any, ...]:
    """What columns must have in common to be one."""
    return tuple((c.shape[1:], c.dtype) if isinstance(c, Tensor) else type(c) for c in columns)


def _rows(source: Any, chosen: Tensor, device: torch.device | str) -> list[Tensor]:
    """The chosen rows of columns, or samples of a data set."""
    if isinstance(source, AvalancheDataset):
        return _to(_listed(source.batch(chosen)), device)
    return [column.index_select(0, chosen.to(column.device)) for column in source]


def _size(columns: list[Tensor]) -> int:
    return sum(column.numel() * column.element_size() for column in columns)


def _to(columns: list[Tensor], device: torch.device | str) -> list[Tensor]:
    return [c.to(device, non_blocking=True) for c in columns]
