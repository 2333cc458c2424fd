"""Reservoir sampling: every sample ever seen is stored with equal probability."""

from typing import Any

import torch
from torch import Tensor

from avalanche.benchmarks.utils import AvalancheDataset, as_avalanche_dataset, view_state
from avalanche.training.storage_policy.base import ExemplarsBuffer, check_size

__all__ = ["ReservoirSamplingBuffer"]


class ReservoirSamplingBuffer(ExemplarsBuffer):
    """Keeps a uniform random sample of everything it was given.

    Each sample draws a random weight once; the ``max_size`` largest weights stay. After any
    sequence of updates every subset of that size is equally likely. The stored samples are sorted
    by decreasing weight, so shrinking the buffer (:meth:`resize`) keeps a uniform sample too.

    Args:
        max_size: capacity in samples.
        generator: source of randomness; by default torch's global one, so that
            ``torch.manual_seed`` fixes what is stored.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> buffer = ReservoirSamplingBuffer(max_size=30)
        >>> for experience in SplitDigits().train_stream:
        ...     buffer.update(SimpleNamespace(experience=experience))
        >>> len(buffer.buffer)
        30

    References:
        Vitter, "Random sampling with a reservoir", ACM TOMS 1985; the weights are the form of
        Efraimidis and Spirakis, IPL 2006, with equal weights.
    """

    def __init__(self, max_size: int, generator: torch.Generator | None = None) -> None:
        super().__init__(max_size)
        self.generator = generator
        self._weights = torch.empty(0)

    @property
    def buffer(self) -> AvalancheDataset:
        """The stored samples.

        Assigned ones take the place of all that was stored, in their order: they draw weights as if
        they were all that was ever seen, and are cut to the capacity at random.
        """
        return self._buffer

    @buffer.setter
    def buffer(self, data: Any) -> None:
        data = as_avalanche_dataset(data)
        weights = torch.rand(len(data), generator=self.generator)
        order = weights.argsort(descending=True, stable=True)[: self.max_size]
        self._set(data.subset(order.sort().values), weights[order])

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Take in the data of ``exp``."""
        self.update_from_dataset(exp.dataset)

    def update_from_dataset(self, new_data: AvalancheDataset) -> None:
        """Take in a data set; samples already stored keep their weights."""
        self._merge(as_avalanche_dataset(new_data), self.max_size)

    def _merge(self, new_data: AvalancheDataset, capacity: int) -> None:
        """Keep the ``capacity`` largest weights among the stored samples and ``new_data``."""
        drawn = torch.rand(len(new_data), generator=self.generator)
        if len(self._weights) >= capacity:
            # Full: most new samples cannot enter, so do not carry them any further.
            floor = self._weights[capacity - 1] if capacity else 1.0
            candidates = (drawn > floor).nonzero().flatten()
            if not len(candidates) and len(self._weights) == capacity:
                return
            new_data, drawn = new_data.subset(candidates), drawn[candidates]
        weights = torch.cat([self._weights, drawn])
        order = weights.argsort(descending=True, stable=True)[:capacity]
        merged = self.buffer.concat(new_data) if len(self.buffer) else new_data
        self._set(merged.subset(order), weights[order])

    def _set(self, data: AvalancheDataset, weights: Tensor) -> None:
        self._buffer, self._weights = data, weights

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity; keeps the first ``new_size`` samples."""
        self.max_size = check_size("new_size", new_size)
        if len(self._buffer) > self.max_size:
            kept = torch.arange(self.max_size)
            self._set(self._buffer.subset(kept), self._weights[kept])

    def state_dict(self) -> dict[str, Any]:
        """Capacity, weights, references to the stored samples, and the generator's state."""
        generator = None if self.generator is None else self.generator.get_state()
        state = {"max_size": self.max_size, "weights": self._weights, "generator": generator}
        return {**state, "data": view_state(self._buffer)}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`; a generator of its own, if it had one, goes on from there."""
        data = AvalancheDataset.from_state(state["data"], parts)
        drawn = state.get("generator")
        if drawn is not None:
            self.generator = torch.Generator() if self.generator is None else self.generator
            self.generator.set_state(drawn.cpu())
        self.max_size = state["max_size"]
        self._set(data, state["weights"].cpu().clone())
