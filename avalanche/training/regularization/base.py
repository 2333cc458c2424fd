"""What every regularization component offers."""

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any

__all__ = ["RegularizationMethod", "begins_here", "ends_here", "finished_experience"]


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

    def update(self, experience: Any, model: Any) -> None:
        """Older form of :meth:`post_adapt`, without an agent."""
        self.post_adapt(SimpleNamespace(model=model), experience)

    def pre_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`pre_adapt`."""
        self.pre_adapt(agent, experience)

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`post_adapt`."""
        self.post_adapt(agent, experience)


def begins_here(exp: Any) -> bool:
    """Whether a new experience begins with ``exp``.

    Always, except in an online stream that lets learners know about boundaries: there a penalty is
    of whole experiences, so nothing begins before the first part and nothing ends before the last.
    """
    return not getattr(exp, "access_task_boundaries", False) or bool(exp.is_first_subexp)


def ends_here(exp: Any) -> bool:
    """Whether an experience ends with ``exp``; see :func:`begins_here`."""
    return not getattr(exp, "access_task_boundaries", False) or bool(exp.is_last_subexp)


def finished_experience(exp: Any) -> Any:
    """The experience that ends with ``exp``, or None where none does; see :func:`begins_here`.

    That is ``exp`` itself, or what the last part of an experience was cut from.
    """
    if not getattr(exp, "access_task_boundaries", False):
        return exp
    return exp.origin_experience if exp.is_last_subexp else None
