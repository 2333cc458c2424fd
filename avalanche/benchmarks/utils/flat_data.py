"""Sequences that stay flat and cheap, however often they are cut and joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]


class FlatData(Sequence[Any]):
    """Elements of one or several sequences, by reference.

    Subset and concatenation give a new ``FlatData`` that refers to the original sequences: views
    never nest, however many steps led to one. It holds one pair of numbers per element and the
    distinct sequences that they refer to.

    Args:
        datasets: sequences to join; those that are ``FlatData`` are seen through.
        indices: the elements to keep, by position in the joined sequences; all by default.
        can_flatten: whether others may see through this one. Without it a subset of this
            sequence keeps referring to it, which matters if reading an element has an effect.
        discard_elements_not_in_indices: whether to copy the elements that are kept and let go of
            the sequences, so that what nobody refers to is freed.

    Example:
        >>> joined = FlatData([[1, 2, 3], [4, 5]], indices=[4, 0])
        >>> list(joined), list(joined.concat([9]).subset([2, 0]))
        ([5, 1], [9, 5])
    """

    def __init__(
        self,
        datasets: Sequence[Sequence[Any]],
        indices: Sequence[int] | None = None,
        can_flatten: bool = True,
        discard_elements_not_in_indices: bool = False,
    ) -> None:
        self.can_flatten = can_flatten
        self.discard_elements_not_in_indices = discard_elements_not_in_indices
        self._lists, self._which, self._rows = _join(datasets)
        if indices is not None:
            index = _checked(indices, len(self._rows))
            self._which, self._rows = self._which[index], self._rows[index]
        self._drop_unused()
        if discard_elements_not_in_indices:
            kept = list(self)
            self._lists, self._which = [kept], np.zeros(len(kept), np.int64)
            self._rows = np.arange(len(kept))

    def _drop_unused(self) -> None:
        used = np.unique(self._which)
        if len(used) < len(self._lists):
            self._lists = [self._lists[i] for i in used]
            self._which = np.searchsorted(used, self._which)

    def subset(self, indices: Sequence[int] | None) -> FlatData:
        """The elements at ``indices``, in that order; all for None."""
        return self._again([self], indices)

    def concat(self, other: Sequence[Any]) -> FlatData:
        """The elements of both."""
        return self._again([self, other], None)

    def _again(self, datasets: list[Any], indices: Sequence[int] | None) -> FlatData:
        return FlatData(datasets, indices, self.can_flatten, self.discard_elements_not_in_indices)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> FlatData: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self.subset(range(*index.indices(len(self))))
        position = int(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index={position}: the data has {len(self)} elements")
        return self._lists[self._which[position]][int(self._rows[position])]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        pairs = zip(self._which.tolist(), self._rows.tolist(), strict=True)
        return (self._lists[which][row] for which, row in pairs)

    def __add__(self, other: Sequence[Any]) -> FlatData:
        return self.concat(other)

    def __radd__(self, other: Sequence[Any]) -> FlatData:
        return self._again([other, self], None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FlatData):
            return NotImplemented
        return (
            len(self._lists) == len(other._lists)
            and all(a is b for a, b in zip(self._lists, other._lists, strict=True))
            and np.array_equal(self._which, other._which)
            and np.array_equal(self._rows, other._rows)
        )

    def __hash__(self) -> int:
        return hash((len(self), len(self._lists)))

    def __repr__(self) -> str:
        return f"FlatData({len(self)} elements of {len(self._lists)} sequence(s))"


class ConstantSequence(Sequence[Any]):
    """One value repeated ``size`` times, stored once.

    Example:
        >>> list(ConstantSequence(7, 3))
        [7, 7, 7]
    """

    def __init__(self, constant_value: Any, size: int) -> None:
        if size < 0:
            raise ValueError(f"size={size}: expected zero or more; pass the number of samples")
        self.value = constant_value
        self.size = size

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> ConstantSequence: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ConstantSequence(self.value, len(range(*index.indices(self.size))))
        if not -self.size <= index < self.size:
            raise IndexError(f"index={index}: the sequence has {self.size} elements")
        return self.value

    def __iter__(self) -> Iterator[Any]:
        return (self.value for _ in range(self.size))

    def subset(self, indices: Sequence[int]) -> ConstantSequence:
        """As many copies as there are indices."""
        return ConstantSequence(self.value, len(indices))

    def concat(self, other: Sequence[Any]) -> Sequence[Any]:
        """Both in sequence; constant if both hold the same value."""
        if isinstance(other, ConstantSequence) and other.value == self.value:
            return ConstantSequence(self.value, self.size + other.size)
        return FlatData([self, other])

    def __repr__(self) -> str:
        return f"ConstantSequence({self.value!r}, {self.size})"


def _join(datasets: Sequence[Sequence[Any]]) -> tuple[list[Any], Index, Index]:
    """The distinct sequences, and for every element which one it is in, and where."""
    lists: list[Any] = []
    known: dict[int, int] = {}
    which, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for data in datasets:
        flat = isinstance(data, FlatData) and data.can_flatten
        parts = data._lists if isinstance(data, FlatData) and flat else [data]
        for part in parts:
            if id(part) not in known:
                known[id(part)] = len(lists)
                lists.append(part)
        table = np.array([known[id(part)] for part in parts], np.int64)
        if isinstance(data, FlatData) and flat:
            which.append(table[data._which] if len(data) else data._which)
            rows.append(data._rows)
        else:
            which.append(np.full(len(data), table[0]))
            rows.append(np.arange(len(data)))
    return lists, np.concatenate(which), np.concatenate(rows)


def _checked(indices: Sequence[int], length: int) -> Index:
    index = np.asarray(indices, np.int64).reshape(-1)
    if index.size and (index.min() < -length or index.max() >= length):
        bad = index[(index < -length) | (index >= length)][0]
        raise IndexError(
            f"indices contain {bad}: expected values from 0 to {length - 1}; the data has "
            f"{length} elements"
        )
    return np.where(index < 0, index + length, index)
