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


class Cycle:
    """Positions of one group, again and again, freshly shuffled in every round.

    Args:
        positions: int64, the group's samples; not empty.
        generator: shuffles every round; None keeps the order.
    """

    def __init__(self, positions: Tensor, generator: torch.Generator | None) -> None:
        self._positions = positions
        self._generator = generator
        self._left = positions[:0]

    def take(self, count: int) -> Tensor:
        """The next ``count`` positions; rounds follow each other without a gap."""
        pieces, missing = [self._left[:count]], count - len(self._left)
        self._left = self._left[count:]
        while missing > 0:
            fresh = shuffled(self._positions, self._generator)
            pieces.append(fresh[:missing])
            self._left = fresh[missing:]
            missing -= len(fresh)
        return torch.cat(pieces)


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

    The epoch ends with the group that needs most batches. A group that ends before disappears,
    or starts again if ``oversample``.
    """
    lengths = [len(g) for g in groups]
    batches = count_batches(lengths, sizes, drop_last)
    needed = [-(-n // s) for n, s in zip(lengths, sizes, strict=True)]
    longest = needed.index(max(needed)) if needed else 0
    taken = []
    for i, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        if oversample and i != longest:
            taken.append(Cycle(group, generator).take(batches * size))
        else:
            taken.append(shuffled(group, generator)[: batches * size])
    return interleave(taken, sizes)


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
        Cycle(g, generator).take(longest) if oversample else shuffled(g, generator) for g in groups
    ]
    order = interleave(taken, [1] * len(taken)).order
    return single_plan(order, size, drop_last, None)


def turns_count(lengths: Sequence[int], size: int, oversample: bool, drop_last: bool) -> int:
    """Number of batches of :func:`turns_plan`."""
    total = max(lengths) * len(lengths) if oversample else sum(lengths)
    return total // size if drop_last else -(-total // size)


def interleave(taken: Sequence[Tensor], sizes: Sequence[int]) -> Plan:
    """Cut every group into pieces of its size; batch k is the k-th piece of every group."""
    if len(taken) == 1:
        return Plan(taken[0], sizes[0])
    batch_of = np.concatenate(
        [np.arange(len(t), dtype=np.int32) // s for t, s in zip(taken, sizes, strict=True)]
    )
    by_batch = np.argsort(batch_of, kind="stable")
    order = torch.cat(list(taken))[torch.from_numpy(by_batch)]
    return Plan(order, [int(n) for n in np.bincount(batch_of)])


def endless_plans(
    groups: Sequence[Tensor], size: int, generator: torch.Generator | None, batches: int = 64
) -> Iterator[Plan]:
    """Batches with ``size`` samples of every group, for ever, in chunks."""
    cycles = [Cycle(group, generator) for group in groups]
    while cycles:
        yield interleave([c.take(size * batches) for c in cycles], [size] * len(cycles))
