"""What every memory of samples offers."""

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    as_avalanche_dataset,
    as_classification_dataset,
    view_state,
)
from avalanche.core.whole_numbers import whole_number

__all__ = ["ExemplarsBuffer"]


class ExemplarsBuffer(ABC):
    """A memory of samples with a capacity.

    Works inside a strategy, with an :class:`~avalanche.core.Agent`, or alone: all that
    :meth:`update` reads is ``strategy.experience``. Samples are kept as references into the data
    sets they come from; nothing is copied.

    A memory of one's own defines :meth:`resize` and one of :meth:`post_adapt` and :meth:`update`,
    which fall back on each other. Its state is the capacity and the stored samples; one that
    remembers more defines :meth:`state_dict` and :meth:`load_state_dict` too.

    Args:
        max_size: capacity in samples, at least 0.

    Attributes:
        buffer: the stored samples, an ``AvalancheDataset``.

    Raises:
        ValueError: a negative or fractional capacity.

    Example:
        >>> class LastExperience(ExemplarsBuffer):
        ...     def post_adapt(self, agent_state, exp):
        ...         self.buffer = exp.dataset.subset(range(self.max_size))
        ...     def resize(self, strategy, new_size):
        ...         self.max_size = new_size
        ...         self.buffer = self.buffer.subset(range(new_size))
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> memory = LastExperience(5)
        >>> memory.post_adapt(None, SplitDigits().train_stream[0])
        >>> len(memory.buffer)
        5
    """

    def __init__(self, max_size: int) -> None:
        self.max_size = check_size("max_size", max_size)
        self._buffer = AvalancheDataset([])

    @property
    def buffer(self) -> AvalancheDataset:
        """The stored samples."""
        return self._buffer

    @buffer.setter
    def buffer(self, data: AvalancheDataset) -> None:
        self._buffer = data

    def update(self, strategy: Any, **kwargs: Any) -> None:
        """Take in the data of ``strategy.experience``."""
        if self._defines("post_adapt") or not self._defines("update"):
            self.post_adapt(strategy, strategy.experience)

    def post_adapt(self, agent_state: Any, exp: Any) -> None:
        """Take in the data of ``exp`` after it was learnt."""
        if self._defines("post_adapt"):
            return  # called by the method that replaces it
        if not self._defines("update"):
            raise NotImplementedError(
                f"{type(self).__name__}: takes in no samples; define post_adapt(agent_state, exp) "
                "or update(strategy, **kwargs)"
            )
        self.update(SimpleNamespace(experience=exp))

    def _defines(self, name: str) -> bool:
        return getattr(type(self), name) is not getattr(ExemplarsBuffer, name)

    def pre_update(self, experience: Any, agent: Any) -> None:  # noqa: B027 - nothing to do
        """Older spelling of ``pre_adapt``; a memory has nothing to do then."""

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`post_adapt`."""
        self.post_adapt(agent, experience)

    @abstractmethod
    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity; samples over it are dropped, dropped ones never come back."""

    def state_dict(self) -> dict[str, Any]:
        """Capacity and references to the stored samples, as tensors and plain values."""
        return {"max_size": self.max_size, "data": view_state(as_avalanche_dataset(self.buffer))}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`; ``parts`` are those of the data sets it refers to."""
        self.buffer = AvalancheDataset.from_state(state["data"], parts)
        self.max_size = state["max_size"]


def check_size(name: str, value: Any, minimum: int = 0) -> int:
    """Refuse a number of samples that is no whole number of at least ``minimum``."""
    size = whole_number(value, minimum)
    if size is None:
        raise ValueError(f"{name}={value!r}: expected a whole number of samples, {minimum} or more")
    return size


def as_classified(data: Any) -> AvalancheDataset:
    """Any data set as one with targets."""
    data = as_avalanche_dataset(data)
    return data if "targets" in data.data_attributes else as_classification_dataset(data)


def unknown_experiences() -> AttributeError:
    """What to raise where samples are assigned to a memory with a group for each experience."""
    return AttributeError(
        "buffer: samples do not say which experience they come from; call post_adapt(None, exp) "
        "for each experience, or del buffer_groups[key] to remove one"
    )
