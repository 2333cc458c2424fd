"""In which order samples are read: pure functions from lengths and sizes to indices.

A *plan* is one long index and the sizes of the batches that it is cut into. Several groups of
samples (tasks, the current data and a memory) are numbered one after the other, so that one
index addresses all of them, and every batch lists its groups in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Plan:
    """Batches to read.

    Args:
        order: int64, positions of samples.
        sizes: samples per batch (the last may be smaller), or the size of each batch.
    """

    order: Tensor
    sizes: int | list[int]

    def __len__(self) -> int:
        if isinstance(self.sizes, int):
            return -(-len(self.order) // self.sizes)
        return len(self.sizes)


@dataclass(frozen=True)
class Pieces:
    """What one group adds to consecutive batches.

    Args:
        order: int64, positions of samples.
        sizes: how many of them go into each batch.
    """

    order: Tensor
    sizes: np.ndarray


class Rounds:
    """Pieces of one group, round after round, freshly shuffled in every round.

    The last piece of a round is what is left, so that no piece has a sample twice: a group with
    fewer samples than ``size`` adds each of them once to every batch.

    Args:
        positions: int64, the group's samples; not empty.
        size: samples per piece.
        generator: shuffles every round; None keeps the order.
        drop_last: leave out what is left at the end of a round, unless it is all there is.

    Example:
        >>> rounds = Rounds(torch.arange(3), 2, None)
        >>> pieces = rounds.take(3)
        >>> pieces.order.tolist(), pieces.sizes.tolist()
        ([0, 1, 2, 0, 1], [2, 1, 2])
    """

    def __init__(
        self,
        positions: Tensor,
        size: int,
        generator: torch.Generator | None,
        drop_last: bool = False,
    ) -> None:
        length = len(positions)
        kept = length // size * size if drop_last and length >= size else length
        self._positions = positions
        self._generator = generator
        self._sizes = piece_sizes(kept, size)
        self._starts = np.append(0, np.cumsum(self._sizes))
        self._round = positions[:0]
        self._next = len(self._sizes)

    def take(self, batches: int) -> Pieces:
        """The next pieces, one per batch."""
        pieces, sizes = [self._positions[:0]], [self._sizes[:0]]
        while batches > 0:
            if self._next == len(self._sizes):
                self._round, self._next = shuffled(self._positions, self._generator), 0
            end = min(self._next + batches, len(self._sizes))
            pieces.append(self._round[self._starts[self._next] : self._starts[end]])
            sizes.append(self._sizes[self._next : end])
            batches -= end - self._next
            self._next = end
        return Pieces(torch.cat(pieces), np.concatenate(sizes))


def one_round(
    positions: Tensor, size: int, batches: int, generator: torch.Generator | None
) -> Pieces:
    """Pieces of one group until it is through, for at most so many batches."""
    order = shuffled(positions, generator)[: batches * size]
    return Pieces(order, piece_sizes(len(order), size))


def piece_sizes(length: int, size: int) -> np.ndarray:
    """Sizes of the pieces of one round; the last is what is left.

    Example:
        >>> piece_sizes(5, 2).tolist()
        [2, 2, 1]
    """
    return np.diff(np.append(np.arange(0, length, size), length))


def shuffled(positions: Tensor, generator: torch.Generator | None) -> Tensor:
    """The positions in random order, or as they are without a generator."""
    if generator is None:
        return positions
    return positions[torch.randperm(len(positions), generator=generator)]


def single_plan(
    positions: Tensor, size: int, drop_last: bool, generator: torch.Generator | None
) -> Plan:
    """Batches of one group."""
    order = shuffled(positions, generator)
    return Plan(order[: len(order) // size * size] if drop_last else order, size)


def share(size: int, groups: int) -> list[int]:
    """Divide a batch among groups as evenly as possible; the first ones get the rest.

    Example:
        >>> share(7, 3)
        [3, 2, 2]
    """
    return [size // groups + (i < size % groups) for i in range(groups)]


def count_batches(lengths: Sequence[int], sizes: Sequence[int], drop_last: bool) -> int:
    """Batches until the longest group is through."""
    per_group = [n // s if drop_last else -(-n // s) for n, s in zip(lengths, sizes, strict=True)]
    return max(per_group, default=0)


def balanced_plan(
    groups: Sequence[Tensor],
    sizes: Sequence[int],
    oversample: bool,
    drop_last: bool,
    generator: torch.Generator | None,
) -> Plan:
    """Batches with a fixed number of samples of every group.

    The epoch ends with the group that needs most batches; with ``drop_last``, that fills most. A
    group that ends before disappears, or starts the next of its :class:`Rounds` if ``oversample``.
    """
    lengths = [len(g) for g in groups]
    batches = count_batches(lengths, sizes, drop_last)
    needed = [count_batches([n], [s], drop_last) for n, s in zip(lengths, sizes, strict=True)]
    longest = needed.index(max(needed)) if needed else 0
    taken = []
    for i, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        if oversample and i != longest:
            taken.append(Rounds(group, size, generator, drop_last).take(batches))
        else:
            taken.append(one_round(group, size, batches, generator))
    return interleave(taken)


def turns_plan(
    groups: Sequence[Tensor],
    size: int,
    oversample: bool,
    drop_last: bool,
    generator: torch.Generator | None,
) -> Plan:
    """Batches smaller than the number of groups: groups take turns, one sample each.

    Example:
        >>> groups = [torch.tensor([0, 1]), torch.tensor([2, 3]), torch.tensor([4, 5])]
        >>> turns_plan(groups, 2, False, False, None).order.view(3, 2).tolist()
        [[0, 2], [4, 1], [3, 5]]
    """
    longest = max(len(g) for g in groups)
    taken = [
        Rounds(g, 1, generator).take(longest) if oversample else one_round(g, 1, longest, generator)
        for g in groups
    ]
    order = interleave(taken).order
    return single_plan(order, size, drop_last, None)


def turns_count(lengths: Sequence[int], size: int, oversample: bool, drop_last: bool) -> int:
    """Number of batches of :func:`turns_plan`."""
    total = max(lengths) * len(lengths) if oversample else sum(lengths)
    return total // size if drop_last else -(-total // size)


def interleave(taken: Sequence[Pieces]) -> Plan:
    """Batch k is the k-th piece of every group."""
    if len(taken) == 1:
        return Plan(taken[0].order, taken[0].sizes.tolist())
    batch_of = np.concatenate(
        [np.repeat(np.arange(len(t.sizes), dtype=np.int32), t.sizes) for t in taken]
    )
    by_batch = np.argsort(batch_of, kind="stable")
    order = torch.cat([t.order for t in taken])[torch.from_numpy(by_batch)]
    return Plan(order, [int(n) for n in np.bincount(batch_of)])


def endless_plans(
    groups: Sequence[Tensor],
    sizes: Sequence[int],
    drop_last: bool,
    generator: torch.Generator | None,
    batches: int = 64,
) -> Iterator[Plan]:
    """Batches with a fixed number of samples of every group, for ever, in chunks."""
    rounds = [Rounds(g, s, generator, drop_last) for g, s in zip(groups, sizes, strict=True)]
    while rounds:
        yield interleave([r.take(batches) for r in rounds])
