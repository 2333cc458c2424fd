"""What every memory of samples offers."""

from abc import ABC, abstractmethod
from typing import Any

from avalanche.benchmarks.utils import AvalancheDataset

__all__ = ["ExemplarsBuffer"]


class ExemplarsBuffer(ABC):
    """A memory of samples with a capacity.

    Works inside a strategy, with an :class:`~avalanche.core.Agent`, or alone: all that
    :meth:`update` reads is ``strategy.experience``. Samples are kept as references into the data
    sets they come from; nothing is copied.

    Args:
        max_size: capacity in samples, at least 0.

    Attributes:
        buffer: the stored samples, an ``AvalancheDataset``.

    Raises:
        ValueError: a negative or fractional capacity.
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
        self.post_adapt(strategy, strategy.experience)

    @abstractmethod
    def post_adapt(self, agent_state: Any, exp: Any) -> None:
        """Take in the data of ``exp`` after it was learnt."""

    def pre_update(self, experience: Any, agent: Any) -> None:  # noqa: B027 - nothing to do
        """Older spelling of ``pre_adapt``; a memory has nothing to do then."""

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`post_adapt`."""
        self.post_adapt(agent, experience)

    @abstractmethod
    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity; samples over it are dropped, dropped ones never come back."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """References to the stored samples, as tensors and plain values."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`; ``parts`` are those of the data sets it refers to."""


def check_size(name: str, value: int) -> int:
    """Refuse a capacity that is no whole number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}={value!r}: expected a whole number of samples, 0 or more")
    return value
