"""Decorators that make a method a step of a flow: ``@TrainingFlow`` and ``@TestingFlow``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["TestingFlow", "TrainingFlow", "is_part", "make_strategy_part_decorator"]

Step = Callable[..., Any]


def make_strategy_part_decorator(flow_name: str) -> Callable[[Step], Step]:
    """Make a decorator for the steps of one flow.

    Inside a running flow, calling a decorated method first calls the methods of the same name of
    all plugins, then the method; parameters that are not given are filled in by name. Outside of
    it, the call is an ordinary one.

    Args:
        flow_name: name of the strategy's field that holds the flow.

    Returns:
        The decorator. Decorators of several flows may be put on one method.

    Example:
        >>> from avalanche.training.skeletons import StrategyFlow, StrategySkeleton
        >>> RestingFlow = make_strategy_part_decorator("resting_flow")
        >>> class Sleeper(StrategySkeleton):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.resting_flow = StrategyFlow(self, "resting_flow", "Resting")
        ...         self.resting_flow.append_part_list(["sleep"])
        ...     @RestingFlow
        ...     def sleep(self, hours):
        ...         print("slept", hours)
        >>> Sleeper().resting_flow(hours=8)
        slept 8
    """

    def decorate(method: Step) -> Step:
        raw: Any = method
        flows = (*part_flows(raw), flow_name)
        raw = getattr(raw, "__step__", raw)  # decorated before, for another flow

        @functools.wraps(raw)
        def part(self: Any, *args: Any, **kwargs: Any) -> Any:
            for flow in reversed(vars(self).get("_running_flows", ())):
                if flow.flow_name in flows:
                    return flow.call_part(part, self, args, kwargs)
            return raw(self, *args, **kwargs)

        part.__flows__ = flows  # type: ignore[attr-defined]
        part.__step__ = raw  # type: ignore[attr-defined]
        return part

    decorate.__name__ = f"part_of_{flow_name}"
    return decorate


def part_flows(method: Any) -> tuple[str, ...]:
    """Names of the flows that a method is a step of."""
    flows: tuple[str, ...] = getattr(method, "__flows__", ())
    return flows


def is_part(method: Any, flow_name: str | None = None) -> bool:
    """Whether a method is a step of that flow, or of any."""
    flows = part_flows(method)
    return bool(flows) if flow_name is None else flow_name in flows


def raw_method(method: Any, owner: object) -> Callable[..., Any]:
    """What was decorated, bound to ``owner``; calling it calls no plugin."""
    bound: Callable[..., Any] = method.__step__.__get__(owner)
    return bound


def given_arguments(
    method: Any, owner: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of an explicit call by name.

    Raises:
        TypeError: the method does not take them.
    """
    if not args and not kwargs:
        return {}
    signature = inspect.signature(method.__step__)
    given = dict(signature.bind_partial(owner, *args, **kwargs).arguments)
    given.pop(next(iter(signature.parameters)))  # self
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(name, {}))
        elif parameter.kind is parameter.VAR_POSITIONAL and given.pop(name, ()):
            raise TypeError(
                f"{method.__name__}: a step of a flow gets its values by name; "
                "pass them as keyword arguments"
            )
    return given


TrainingFlow = make_strategy_part_decorator("training_flow")
TrainingFlow.__doc__ = """Make a method a step of the training flow.

Example:
    >>> from avalanche.training.skeletons import StrategySkeleton
    >>> class Hello(StrategySkeleton):
    ...     @TrainingFlow
    ...     def before_training(self):
    ...         print("hello")
    >>> Hello().before_training()
    hello
"""

TestingFlow = make_strategy_part_decorator("testing_flow")
TestingFlow.__doc__ = "Make a method a step of the testing flow; see ``TrainingFlow``."
