"""What a flow refuses before it runs, each with the remedy."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from avalanche.core.events import EVENT_NAMES, check_event_names, implements
from avalanche.training.skeletons.strategy_parts import is_part, part_flows

__all__ = ["check_argument_names", "check_part", "check_plugin_steps", "check_steps", "step_names"]


def step_names(kind: type, flow_name: str | None = None) -> set[str]:
    """Names of the decorated methods of a class, its bases included."""
    found = {n for base in kind.__mro__ for n, v in vars(base).items() if is_part(v, flow_name)}
    return found


def check_part(flow: Any, name: str, method: Any) -> None:
    """Refuse a name that no method of the strategy or of its plugins answers to.

    Raises:
        ValueError: no such method, or one that no decorator made a step of the flow.
    """
    for holder in (flow.owner, *flow.get_strategy_plugins()):
        if is_part(getattr(holder, name, None), flow.flow_name):
            return
    found = method if method is not None else getattr(flow.owner, name, None)
    kind = type(flow.owner).__name__
    if callable(found):
        raise ValueError(
            f"parts: {kind}.{name} is no step of {flow.flow_name}; "
            f"put its decorator, as @{_decorator(flow.flow_name)}, on the method"
        )
    known = sorted(step_names(type(flow.owner), flow.flow_name))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
    raise ValueError(f"parts: {kind} has no method {name!r}; known: {', '.join(near)}")


def check_steps(kind: type) -> None:
    """Refuse a class that overrides a step without its decorator.

    Raises:
        ValueError: naming the method and the decorator.
    """
    for name in sorted(step_names(kind)):
        if not is_part(getattr(kind, name, None)):
            flows = next(part_flows(b.__dict__[name]) for b in kind.__mro__ if _has(b, name))
            raise ValueError(
                f"{kind.__name__}.{name} overrides a step of {' and '.join(flows)} without its "
                f"decorator, so plugins and values would be missing; write "
                f"@{_decorator(flows[0])} above it"
            )


def check_plugin_steps(plugin: Any, owner: Any, flow_name: str, in_tree: Iterable[str]) -> None:
    """Refuse a plugin with a step that the flow never calls.

    Raises:
        ValueError: naming the step and the nearest names.
    """
    known = step_names(type(owner), flow_name) | set(in_tree) | owner.extra_steps(flow_name)
    for name in sorted(step_names(type(plugin), flow_name) - known):
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
        raise ValueError(
            f"{type(plugin).__name__}.{name}: {type(owner).__name__} never calls a step of this "
            f"name in {flow_name}; did you mean {' or '.join(near)}?"
        )
    for name in sorted(known - step_names(type(plugin))):
        if callable(getattr(plugin, name, None)):
            raise ValueError(
                f"{type(plugin).__name__}.{name} has the name of a step of {flow_name} and no "
                f"decorator, so it would never be called; write @{_decorator(flow_name)} above it"
            )


def check_attachable(plugin: Any) -> None:
    """Refuse what is a plugin of neither style.

    Raises:
        TypeError: a class, or an object without steps and callbacks.
        ValueError: a callback that looks like an event and is none.
    """
    if isinstance(plugin, type):
        raise TypeError(
            f"plugins: {plugin.__name__} is a class; pass an instance, {plugin.__name__}(...)"
        )
    if step_names(type(plugin)):
        if not hasattr(plugin, "_running_flows"):
            raise TypeError(
                f"plugins: {type(plugin).__name__} has steps and is not ready; derive it from "
                "StrategySkeleton and call super().__init__() first in its __init__"
            )
        return
    callbacks = [n for n in EVENT_NAMES if callable(getattr(plugin, n, None))]
    if not callbacks and not hasattr(plugin, "_running_flows"):
        raise TypeError(
            f"plugins={plugin!r}: expected a StrategySkeleton with decorated methods, or a plugin "
            "with callbacks such as after_training_exp"
        )
    check_event_names(plugin)


def check_argument_names(flow: Any, given: Mapping[str, Any]) -> None:
    """Refuse an argument that no step asks for.

    Raises:
        TypeError: naming it and the nearest names.
    """
    known = {"step_info", "dataset_part"}  # what train() and test() themselves give
    for holder in (flow.owner, *flow.dispatcher.flow_plugins):
        for name in step_names(type(holder)):
            for parameter in inspect.signature(getattr(holder, name)).parameters.values():
                if parameter.kind is parameter.VAR_KEYWORD:
                    return
                known.add(parameter.name)
    for plugin in flow.dispatcher.callback_plugins:
        for event in EVENT_NAMES:
            if implements(plugin, event):
                known |= set(inspect.signature(getattr(plugin, event)).parameters)
    # An argument may also stand in for a field.
    known |= {name for name in vars(flow.owner) if not name.startswith("_")}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
            raise TypeError(
                f"unknown keyword argument {name!r}: no step of {flow.flow_name} asks for it; "
                + (f"did you mean {' or '.join(near)}?" if near else f"known: {sorted(known)}")
            )


def _has(kind: type, name: str) -> bool:
    return is_part(vars(kind).get(name))


def _decorator(flow_name: str) -> str:
    names = {"training_flow": "TrainingFlow", "testing_flow": "TestingFlow"}
    return names.get(flow_name, f"make_strategy_part_decorator({flow_name!r})")
