"""Batches of incoming data with memory samples, each incoming batch a given number of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from avalanche.benchmarks.utils.batch_plans import Plan, shuffled
from avalanche.benchmarks.utils.loader_base import PlanLoader, check_size, positions
from avalanche.training.storage_policy.base import check_size as check_samples

__all__ = ["IncomingDataLoader"]


class IncomingDataLoader(PlanLoader):
    """One pass over incoming data; every batch is mixed with random samples of a memory.

    Args:
        data: the incoming data.
        memory: the memory; empty gives batches of incoming data only.
        batch_size: incoming samples of a batch.
        batch_size_mem: samples of the memory in a batch, 0 or more; all of it where it holds
            fewer. By default as many as ``batch_size``.
        repeat: how many times each incoming batch comes, with other samples of the memory.
        kwargs: loader options, see :class:`~avalanche.benchmarks.utils.loader_base.PlanLoader`.
            The memory is drawn from at random, whatever ``shuffle`` says.

    Raises:
        ValueError: a size or ``repeat`` that is no such number.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> new, old = TensorDataset(torch.arange(3)), TensorDataset(torch.tensor([10]))
        >>> [b[0].tolist() for b in IncomingDataLoader(new, old, batch_size=2, repeat=2)]
        [[0, 1, 10], [0, 1, 10], [2, 10], [2, 10]]
    """

    def __init__(
        self,
        data: Any,
        memory: Any,
        batch_size: int = 1,
        batch_size_mem: int | None = None,
        repeat: int = 1,
        **kwargs: Any,
    ) -> None:
        check_size("batch_size", batch_size)
        check_size("repeat", repeat)
        wanted = batch_size if batch_size_mem is None else batch_size_mem
        check_samples("batch_size_mem", wanted)
        self._data_size, self._memory_size = len(data), len(memory)
        super().__init__([data, memory] if self._memory_size else [data], kwargs)
        self.batch_size = batch_size
        self.batch_size_mem = min(wanted, self._memory_size)
        self.repeat = repeat

    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        random = generator or torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        stored = positions(self._memory_size, self._data_size)
        order, sizes = [], []
        for incoming in shuffled(positions(self._data_size), generator).split(self.batch_size):
            if self.drop_last and len(incoming) < self.batch_size:
                break
            for _ in range(self.repeat):
                replayed = shuffled(stored, random)[: self.batch_size_mem]
                order += [incoming, replayed]
                sizes.append(len(incoming) + len(replayed))
        if sizes:
            yield Plan(torch.cat(order), sizes)

    def __len__(self) -> int:
        whole, rest = divmod(self._data_size, self.batch_size)
        return (whole + (rest > 0 and not self.drop_last)) * self.repeat
