"""Components outside any strategy: the state of a learner that users write themselves."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

__all__ = ["Adaptable", "Agent"]


@runtime_checkable
class Adaptable(Protocol):
    """A piece of a method that learns across experiences: a buffer, a penalty, a growing model.

    Either method may be missing; :class:`Agent` calls those that are there.
    """

    def pre_adapt(self, agent: Any, exp: Any) -> Any:
        """Before learning from ``exp``."""

    def post_adapt(self, agent: Any, exp: Any) -> Any:
        """After learning from ``exp``."""


class Agent:
    """State container for a training loop without a strategy.

    Attributes that have ``pre_adapt`` or ``post_adapt`` are adapted with the agent, in order of
    first assignment: assign the model before its optimizer. Assigning again replaces the object
    and keeps its place.

    Args:
        verbose: log each adaptation at level INFO on the logger ``avalanche``.

    Example:
        >>> class Counter:
        ...     seen = 0
        ...     def post_adapt(self, agent, exp):
        ...         self.seen += 1
        >>> agent = Agent()
        >>> agent.counter = Counter()
        >>> agent.pre_adapt("exp"); agent.post_adapt("exp")
        >>> agent.counter.seen
        1
    """

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose
        self._pre_hooks: list[Callable[[Any, Any], Any]] = []
        self._post_hooks: list[Callable[[Any, Any], Any]] = []

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the agent has no {name!r}; it has {', '.join(vars(self))}")

    def pre_adapt(self, exp: Any) -> None:
        """Prepare every component for ``exp``, then run the hooks."""
        self._adapt("pre_adapt", exp, self._pre_hooks)

    def post_adapt(self, exp: Any) -> None:
        """Let every component learn from ``exp``, then run the hooks."""
        self._adapt("post_adapt", exp, self._post_hooks)

    def add_pre_hooks(self, foo: Callable[[Any, Any], Any]) -> None:
        """Call ``foo(agent, exp)`` at the end of each :meth:`pre_adapt`."""
        self._pre_hooks.append(foo)

    def add_post_hooks(self, foo: Callable[[Any, Any], Any]) -> None:
        """Call ``foo(agent, exp)`` at the end of each :meth:`post_adapt`."""
        self._post_hooks.append(foo)

    def _adapt(self, method: str, exp: Any, hooks: list[Callable[[Any, Any], Any]]) -> None:
        import logging

        for name, value in list(vars(self).items()):
            adapt = getattr(value, method, None)
            if callable(adapt):
                if self.verbose:
                    logging.getLogger("avalanche").info("%s of %s", method, name)
                adapt(self, exp)
        for hook in hooks:
            hook(self, exp)
