"""Events: the one table of names, and the dispatcher that fires them.

There is one primitive, *fire a name*. Firing ``before_forward`` calls every attached module that
implements ``before_forward``, in order of attachment, then the strategy's own method of that name.

What a firing calls is worked out when a module is attached. For an event that nobody listens to
the table holds a C function that does nothing, so it costs one attribute load and one call.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

Call = Callable[[Mapping[str, Any]], Any]

_nobody: Call = bool  # takes one argument, does nothing, runs in C


@dataclass(frozen=True)
class Event:
    """One row of the event table.

    Attributes:
        name: the method name that a plugin implements.
        when: the moment, in words.
        provides: strategy attributes that are set and new at this moment.
    """

    name: str
    when: str
    provides: tuple[str, ...] = ()


_BATCH = ("mbatch", "mb_x", "mb_y")

TRAIN_EVENTS: tuple[Event, ...] = (
    Event("before_training", "train() was called, before its first experience", ("model",)),
    Event("before_train_dataset_adaptation", "a new experience begins", ("experience",)),
    Event("after_train_dataset_adaptation", "the training set is chosen", ("adapted_dataset",)),
    Event("before_training_exp", "loader, model and optimizer are ready", ("dataloader",)),
    Event("before_training_epoch", "before the first batch of an epoch"),
    Event("before_training_iteration", "a batch is on the device", _BATCH),
    Event("before_forward", "gradients are zero, the loss is zero", ("loss",)),
    Event("after_forward", "the model has answered", ("mb_output",)),
    Event("before_backward", "the loss is computed; add penalties here", ("loss",)),
    Event("after_backward", "gradients are computed; project them here"),
    Event("before_update", "just before the optimizer's step"),
    Event("after_update", "just after the optimizer's step"),
    Event("after_training_iteration", "the iteration is over"),
    Event("after_training_epoch", "the epoch is over"),
    Event("after_training_exp", "the experience is learnt; update memories here"),
    Event("after_training", "the last experience of this train() is learnt"),
)

EVAL_EVENTS: tuple[Event, ...] = (
    Event("before_eval", "eval() was called", ("current_eval_stream",)),
    Event("before_eval_dataset_adaptation", "the next experience to evaluate", ("experience",)),
    Event("after_eval_dataset_adaptation", "the evaluation set is chosen", ("adapted_dataset",)),
    Event("before_eval_exp", "the evaluation loader is ready", ("dataloader",)),
    Event("before_eval_iteration", "a batch is on the device", _BATCH),
    Event("before_eval_forward", "before the model answers"),
    Event("after_eval_forward", "the model has answered", ("mb_output",)),
    Event("after_eval_iteration", "the loss is computed", ("loss",)),
    Event("after_eval_exp", "the experience is evaluated"),
    Event("after_eval", "the stream is evaluated"),
)

META_EVENTS: tuple[Event, ...] = (
    Event("before_inner_updates", "meta-learning: before the inner loop"),
    Event("after_inner_updates", "meta-learning: after the inner loop"),
    Event("before_outer_update", "meta-learning: before the outer step"),
    Event("after_outer_update", "meta-learning: after the outer step"),
)

EVENTS: tuple[Event, ...] = TRAIN_EVENTS + EVAL_EVENTS + META_EVENTS
EVENT_NAMES: frozenset[str] = frozenset(event.name for event in EVENTS)


def events_table() -> str:
    """The table of events as Markdown: what fires when, and what is set by then.

    ``docs/events.md`` and the command ``avalanche events`` are made from it.
    """
    lines = []
    for title, events in (
        ("Training", TRAIN_EVENTS),
        ("Evaluation", EVAL_EVENTS),
        ("Meta-learning, in place of forward, backward and update", META_EVENTS),
    ):
        lines += [
            f"## {title}",
            "",
            "| event | when | newly set on the strategy |",
            "|---|---|---|",
        ]
        for event in events:
            provides = ", ".join(f"`{name}`" for name in event.provides)
            lines.append(f"| `{event.name}` | {event.when} | {provides} |")
        lines.append("")
    return "\n".join(lines)


def noop(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a base-class callback that does nothing, so that it is never called."""
    method.__is_noop__ = True  # type: ignore[attr-defined]
    return method


def no_event(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a method that is called by hand, although its name begins as an event's does."""
    method.__is_no_event__ = True  # type: ignore[attr-defined]
    return method


def implements(module: object, event: str) -> bool:
    """Whether ``module`` has something to do at ``event``."""
    method = getattr(module, event, None)
    if method is None or getattr(method, "__is_noop__", False) or not callable(method):
        return False
    listens = getattr(module, "listens", None)
    return True if listens is None else bool(listens(event))


def check_event_names(module: object) -> None:
    """Refuse a module with a method that looks like an event and is none.

    Raises:
        ValueError: naming the method and the nearest events.
    """
    for name in dir(type(module)):
        if name.startswith("_") or name in EVENT_NAMES:
            continue
        near = difflib.get_close_matches(name, EVENT_NAMES, n=3, cutoff=0.87)
        if not (near or name.startswith(("before_", "after_"))):
            continue
        method = getattr(type(module), name, None)
        if not callable(method) or getattr(method, "__is_no_event__", False):
            continue
        near = near or difflib.get_close_matches(name, EVENT_NAMES, n=3, cutoff=0.3)
        raise ValueError(
            f"{type(module).__name__}.{name}: no event has this name, so it would never be "
            f"called; did you mean {' or '.join(near)}? (start the name with '_' if it is a helper)"
        )


class Dispatcher:
    """Fires events on an owner (a strategy) and the modules attached to it.

    Args:
        owner: the strategy. Its own method of the event's name, if any, runs last.
        events: the names that this owner fires.

    Attributes:
        calls: a namespace with one callable per event, taking the mapping of call arguments:
            ``calls.before_forward({})``. An owner may put its own callable here; :meth:`fire`
            still calls everything that is attached.
        results: values published by modules; looked up after the call arguments and before the
            fields of the owner.
        own: the event whose own method of the owner runs at present, if one does.

    Example:
        >>> class Spy:
        ...     def before_forward(self, strategy, **kwargs):
        ...         print("about to run", strategy)
        >>> dispatcher = Dispatcher("a strategy", ["before_forward", "after_forward"])
        >>> dispatcher.attach([Spy()])
        >>> dispatcher.fire("before_forward", {})
        about to run a strategy
    """

    def __init__(self, owner: object, events: Iterable[str]) -> None:
        self.owner = owner
        self.events = tuple(events)
        self.modules: tuple[object, ...] = ()
        self.results: dict[str, Any] = {}
        self.own: str | None = None
        self.calls: Any = SimpleNamespace()
        self._resolved: dict[str, Call] = {}
        self.attach(())

    def __getstate__(self) -> dict[str, Any]:
        # What is resolved calls the modules of this owner; a copy has its own to attach.
        return {"owner": self.owner, "events": self.events}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["owner"], state["events"])  # type: ignore[misc]

    def attach(self, modules: Sequence[object]) -> None:
        """Work out, for every event, what firing it calls. Replaces earlier modules.

        Raises:
            ValueError: a module has a method that looks like an event and is none.
        """
        for module in modules:
            check_event_names(module)
        self.modules = tuple(modules)
        self._resolved = {event: self._resolve(event) for event in self.events}
        vars(self.calls).update(self._resolved)

    def fire(self, event: str, arguments: Mapping[str, Any]) -> None:
        """Call everything that listens to ``event``.

        Args:
            event: a name of the table.
            arguments: the call arguments, the first namespace of the lookup.
        """
        self._resolved[event](arguments)

    def fire_modules(self, event: str, arguments: Mapping[str, Any]) -> None:
        """Call what is attached and listens to ``event``, and not the owner's own method."""
        for module in listeners(self.modules, event):
            bind(getattr(module, event), self, passes_strategy=True)(arguments)

    def keyword_names(self) -> set[str]:
        """Names of the keyword arguments that some callback asks for."""
        names: set[str] = set()
        for holder in (*self.modules, self.owner):
            for event in self.events:
                if implements(holder, event):
                    names |= keyword_names(getattr(holder, event))
        return names

    def _resolve(self, event: str) -> Call:
        calls = [
            bind(getattr(module, event), self, passes_strategy=True)
            for module in listeners(self.modules, event)
        ]
        if implements(self.owner, event):
            calls.append(self._own_call(event))
        if not calls:
            return _nobody
        if len(calls) == 1:
            return calls[0]
        in_order = tuple(calls)

        def fire_all(arguments: Mapping[str, Any]) -> None:
            for call in in_order:
                call(arguments)

        return fire_all

    def _own_call(self, event: str) -> Call:
        own = bind(getattr(self.owner, event), self, passes_strategy=False)

        def call(arguments: Mapping[str, Any]) -> None:
            before, self.own = self.own, event
            try:
                own(arguments)
            finally:
                self.own = before

        return call

    def lookup(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Value of ``name``: call arguments, then published results, then fields.

        Raises:
            TypeError: nothing provides the name; the message lists what is available.
        """
        if name in arguments:
            return arguments[name]
        if name in self.results:
            return self.results[name]
        for holder in (self.owner, *self.modules):
            if not name.startswith("_") and hasattr(holder, name):
                return getattr(holder, name)
        available = sorted({*arguments, *self.results, *public_fields(self.owner)})
        raise TypeError(
            f"a callback asks for {name!r} and nothing provides it; "
            f"available here: {', '.join(available)}"
        )


def listeners(modules: Iterable[Any], event: str) -> list[Any]:
    """What listens to an event, in calling order: as attached, those that act first there before.

    Which those are says their ``acts_first``, see :class:`BasePlugin`.
    """
    found = [module for module in modules if implements(module, event)]
    return sorted(found, key=lambda module: event not in getattr(module, "acts_first", ()))


def keyword_names(function: Callable[..., Any]) -> set[str]:
    """Parameters that can be given by name, but for the one that is the strategy itself."""
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return {p.name for p in parameters if p.kind in by_name} - {"self", "strategy"}


def public_fields(holder: object) -> list[str]:
    """Instance attributes that do not start with an underscore."""
    return [name for name in vars(holder) if not name.startswith("_")]


def bind(callback: Callable[..., Any], dispatcher: Dispatcher, *, passes_strategy: bool) -> Call:
    """Compile a callback into a function of the call arguments alone.

    A plugin-style callback, ``(strategy, ..., **kwargs)``, gets the owner first and the call
    arguments by keyword. Any other parameter without a default is looked up by name when the event
    fires; one with a default keeps it unless a call argument or a published result has that name.

    Args:
        callback: bound method.
        dispatcher: where names are looked up.
        passes_strategy: False for the owner's own methods, which have it as ``self``.
    """
    parameters = list(inspect.signature(callback).parameters.values())
    owner = dispatcher.owner
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = bool(
        parameters
        and passes_strategy
        and parameters[0].kind in by_position
        and (parameters[0].name == "strategy" or _is_plugin_style(callback))
    )
    rest = parameters[1:] if positional else parameters
    named = [p for p in rest if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    takes_all = any(p.kind is p.VAR_KEYWORD for p in rest)
    needed = [p.name for p in named if p.default is p.empty]
    optional = [p.name for p in named if p.default is not p.empty]
    if not needed and takes_all:
        if positional:
            return lambda arguments: callback(owner, **arguments)
        return lambda arguments: callback(**arguments)

    def call(arguments: Mapping[str, Any]) -> Any:
        values = {name: dispatcher.lookup(name, arguments) for name in needed}
        for name in optional:
            if name in arguments:
                values[name] = arguments[name]
            elif name in dispatcher.results:
                values[name] = dispatcher.results[name]
        if takes_all:
            values = {**arguments, **values}
        return callback(owner, **values) if positional else callback(**values)

    return call


def _is_plugin_style(callback: Callable[..., Any]) -> bool:
    """Plugins of the callback family get the strategy first, whatever they call it."""
    return bool(getattr(getattr(callback, "__self__", None), "strategy_comes_first", False))
