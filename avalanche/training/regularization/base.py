"""What every regularization component offers."""

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["RegularizationMethod"]


class RegularizationMethod(ABC):
    """A term added to the loss that remembers earlier experiences.

    Knows nothing of any training loop: call it to get the term, ``pre_adapt`` before and
    ``post_adapt`` after each experience. ``agent`` is anything with a ``model`` attribute.
    """

    def pre_adapt(self, agent: Any, exp: Any) -> None:  # noqa: B027 - optional by design
        """Before learning from ``exp``. Does nothing by default."""

    @abstractmethod
    def post_adapt(self, agent: Any, exp: Any) -> None:
        """After learning from ``exp``."""

    def pre_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`pre_adapt`."""
        self.pre_adapt(agent, experience)

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`post_adapt`."""
        self.post_adapt(agent, experience)
