"""Components outside any strategy: the state of a learner that users write themselves."""

import logging
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

__all__ = ["Adaptable", "Agent", "maybe_init"]


@runtime_checkable
class Adaptable(Protocol):
    """A piece of a method that learns across experiences: a buffer, a penalty, a growing model.

    Either method may be missing; :class:`Agent` calls those that are there.
    """

    def pre_adapt(self, agent: Any, exp: Any) -> Any:
        """Before learning from ``exp``."""

    def post_adapt(self, agent: Any, exp: Any) -> Any:
        """After learning from ``exp``."""


class _Default:
    """A value for an attribute that is not set yet."""

    def __init__(self, value: Any) -> None:
        self.value = value


def maybe_init(value: Any) -> Any:
    """A value that an :class:`Agent` takes only for an attribute that it does not have yet.

    So a training function can build whatever its caller has not chosen.

    Args:
        value: any object.

    Example:
        >>> agent = Agent()
        >>> agent.model = "chosen by the caller"
        >>> agent.model = maybe_init("the default")
        >>> agent.memory_size = maybe_init(200)
        >>> agent.model, agent.memory_size
        ('chosen by the caller', 200)
    """
    return _Default(value)


class Agent:
    """State container for a training loop without a strategy.

    Attributes that have ``pre_adapt`` or ``post_adapt`` are adapted with the agent, in order of
    first assignment: assign the model before its optimizer. Assigning again replaces the object
    and keeps its place. Objects that have only the older spelling,
    ``pre_update(experience, agent)`` and ``post_update(experience, agent)``, are adapted with it.

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

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, _Default):
            if name in vars(self):
                return
            value = value.value
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the agent has no {name!r}; it has {', '.join(vars(self))}")

    def pre_adapt(self, exp: Any) -> None:
        """Prepare every component for ``exp``, then run the hooks."""
        self._adapt("pre_adapt", "pre_update", exp, self._pre_hooks)

    def post_adapt(self, exp: Any) -> None:
        """Let every component learn from ``exp``, then run the hooks."""
        self._adapt("post_adapt", "post_update", exp, self._post_hooks)

    def add_pre_hooks(self, foo: Callable[[Any, Any], Any]) -> None:
        """Call ``foo(agent, exp)`` at the end of each :meth:`pre_adapt`."""
        self._pre_hooks.append(foo)

    def add_post_hooks(self, foo: Callable[[Any, Any], Any]) -> None:
        """Call ``foo(agent, exp)`` at the end of each :meth:`post_adapt`."""
        self._post_hooks.append(foo)

    def _adapt(
        self, method: str, older: str, exp: Any, hooks: list[Callable[[Any, Any], Any]]
    ) -> None:
        for name, value in list(vars(self).items()):
            adapt = _method(value, method)
            adapt_older = _method(value, older) if adapt is None else None
            if self.verbose and (adapt or adapt_older):
                logging.getLogger("avalanche").info("%s of %s", method, name)
            if adapt is not None:
                adapt(self, exp)
            elif adapt_older is not None:
                adapt_older(exp, self)
        for hook in hooks:
            hook(self, exp)


def _method(value: Any, name: str) -> Callable[..., Any] | None:
    found = getattr(value, name, None)
    return found if callable(found) else None
