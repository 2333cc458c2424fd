"""Strategies under their older path, in both older generations of their constructors.

``Naive(model, "classifier", optimizer, criterion, ..., test_mb_size=)`` is a strategy made of
flows, with ``train(step_info)`` and ``test(step_info)``. ``Naive(model, optimizer, criterion, ...,
eval_mb_size=)`` is :class:`avalanche.training.supervised.Naive`. New code takes the latter from
:mod:`avalanche.training.supervised`.
"""

from typing import Any

from avalanche.training import supervised
from avalanche.training.strategies.base_strategy import BaseStrategy
from avalanche.training.strategies.flow_naive import (
    FlowCumulative,
    FlowGDumb,
    FlowNaive,
    FlowReplay,
)
from avalanche.training.strategies.generations import flow_arguments, is_flow_call
from avalanche.training.templates import BaseTemplate


class Naive(supervised.Naive, BaseStrategy):
    """Fine-tuning; a :class:`FlowNaive` where the arguments are those of the flow family."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _new(cls, FlowNaive, args, kwargs)


class Cumulative(supervised.Cumulative, BaseStrategy):
    """Training on all data so far; :class:`FlowCumulative` for arguments of the flow family."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _new(cls, FlowCumulative, args, kwargs)


class Replay(supervised.Replay, BaseStrategy):
    """Replay from a memory; a :class:`FlowReplay` for arguments of the flow family."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _new(cls, FlowReplay, args, kwargs)


class GDumb(supervised.GDumb, BaseStrategy):
    """Training on a balanced memory; a :class:`FlowGDumb` for arguments of the flow family."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _new(cls, FlowGDumb, args, kwargs)


def __getattr__(name: str) -> Any:
    """All other strategies are those of :mod:`avalanche.training.supervised`, as they were then."""
    if name not in supervised.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: Any = getattr(supervised, name)
    if issubclass(found, BaseTemplate):
        found = type(
            name, (found, BaseStrategy), {"__module__": __name__, "__doc__": found.__doc__}
        )
    globals()[name] = found  # the same class at every import
    return found


def _new(kind: type, flow: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if is_flow_call(args, kwargs):
        args, kwargs = flow_arguments(args, kwargs)
        return flow(*args, **kwargs)
    return object.__new__(kind)


__all__ = [
    *(
        name
        for name in supervised.__all__
        if name not in ("Cumulative", "GDumb", "Naive", "Replay")
    ),
    "BaseStrategy",
    "Cumulative",
    "FlowCumulative",
    "FlowGDumb",
    "FlowNaive",
    "FlowReplay",
    "GDumb",
    "Naive",
    "Replay",
]
