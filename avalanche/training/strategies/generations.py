"""Which of the two older generations of a constructor a call is written for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["flow_arguments", "is_flow_call"]

_FLOW_KEYWORDS = ("classifier_field", "test_mb_size", "evaluation_protocol")


def is_flow_call(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether the arguments are those of the first generation, ``(model, 'classifier', ...)``.

    Example:
        >>> is_flow_call(("model", "classifier", "optimizer"), {})
        True
        >>> is_flow_call(("model", object(), "criterion"), {"eval_mb_size": 10})
        False
    """
    named = any(name in kwargs for name in _FLOW_KEYWORDS)
    return named or (len(args) > 1 and isinstance(args[1], str))


def flow_arguments(
    args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments with ``"classifier"`` as the output layer where none is named."""
    if "classifier_field" in kwargs or (len(args) > 1 and isinstance(args[1], str)):
        return args, dict(kwargs)
    if len(args) > 1:
        return (args[0], "classifier", *args[1:]), dict(kwargs)
    return args, {**kwargs, "classifier_field": "classifier"}
