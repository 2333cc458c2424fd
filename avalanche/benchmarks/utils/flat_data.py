"""Sequences that cost nothing to store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload


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
        return [*self, *other]

    def __repr__(self) -> str:
        return f"ConstantSequence({self.value!r}, {self.size})"
