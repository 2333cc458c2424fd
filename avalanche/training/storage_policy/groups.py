"""The groups of a flat memory, as a mapping from key to group."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from avalanche.benchmarks.utils import AvalancheDataset

if TYPE_CHECKING:
    from avalanche.training.storage_policy.grouped import GroupedBuffer

__all__ = ["BufferGroup", "BufferGroups"]


class BufferGroup:
    """One group of a memory, as it was when it was asked for; it cannot be changed.

    Args:
        buffer: its samples, the most representative first.
        max_size: how many it may keep.
    """

    def __init__(self, buffer: AvalancheDataset, max_size: int) -> None:
        self._buffer = buffer
        self._max_size = max_size

    @property
    def buffer(self) -> AvalancheDataset:
        """Its samples, the most representative first."""
        return self._buffer

    @buffer.setter
    def buffer(self, data: AvalancheDataset) -> None:
        self._refuse("buffer")

    @property
    def max_size(self) -> int:
        """How many samples it may keep: its equal share, or what it has where others have less."""
        return self._max_size

    @max_size.setter
    def max_size(self, value: int) -> None:
        self._refuse("max_size")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        raise AttributeError(
            f"{name}: a group is a view of its memory, which divides its capacity itself; use the "
            "memory's own update_from_dataset(data), resize(strategy, new_size) and buffer, "
            "del buffer_groups[key] to remove a group, or derive from BalancedExemplarsBuffer, "
            "whose groups are buffers"
        )

    def __repr__(self) -> str:
        return f"BufferGroup({len(self._buffer)} samples, max_size={self._max_size})"


class BufferGroups(MutableMapping[int, BufferGroup]):
    """Every group of a memory that has samples, by its key, in ascending order.

    Follows the memory. Deleting a key removes the samples of the group from the memory.

    Args:
        memory: the memory.

    Example:
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> from avalanche.training.storage_policy import ClassBalancedBuffer
        >>> memory = ClassBalancedBuffer(max_size=20)
        >>> memory.post_adapt(None, SplitDigits(seed=0).train_stream[0])
        >>> first, second = memory.buffer_groups
        >>> del memory.buffer_groups[first]
        >>> list(memory.buffer_groups) == [second], len(memory.buffer)
        (True, 10)
    """

    def __init__(self, memory: GroupedBuffer) -> None:
        self._memory = memory

    def __getitem__(self, key: int) -> BufferGroup:
        positions = self._positions(key)
        data = self._memory._buffer.subset(positions)
        return BufferGroup(data, max(self._memory._shares()[key], len(positions)))

    def __setitem__(self, key: int, value: Any) -> NoReturn:
        raise TypeError(
            f"buffer_groups[{key!r}]: a group cannot be put into this memory; give it samples with "
            "update_from_dataset(data), or derive from BalancedExemplarsBuffer, whose groups are "
            "buffers"
        )

    def __delitem__(self, key: int) -> None:
        gone = torch.zeros(len(self._memory._groups), dtype=torch.bool)
        gone[self._positions(key)] = True
        self._memory._select((~gone).nonzero().flatten())

    def _positions(self, key: int) -> torch.Tensor:
        if key not in self._memory._groups.tolist():
            raise KeyError(key)
        return (self._memory._groups == key).nonzero().flatten()

    def __iter__(self) -> Iterator[int]:
        keys: list[int] = torch.unique(self._memory._groups).tolist()
        return iter(keys)

    def __len__(self) -> int:
        return len(torch.unique(self._memory._groups))

    def __repr__(self) -> str:
        return repr(dict(self))
