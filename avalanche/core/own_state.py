"""State of classes that users write and that do not say how to save it."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Any

import torch

__all__ = ["is_of_the_library", "load_own_state", "own_state"]

_VALUES = (type(None), bool, int, float, complex, str, bytes)
_CONTAINERS = (list, tuple, set, dict, OrderedDict, Counter)


def is_of_the_library(holder: object) -> bool:
    """Whether a class is one of this library itself, which saves what it needs by name."""
    return type(holder).__module__.partition(".")[0] == "avalanche"


def own_state(holder: object, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """Attributes that are tensors, plain values, or lists, tuples, sets and dictionaries of them.

    Others, such as models and data sets, are left out, and so is everything of a class of this
    library.
    """
    if is_of_the_library(holder):
        return {}
    out = {*leave_out}
    return {n: _copy(v) for n, v in vars(holder).items() if n not in out and _is_plain(v)}


def load_own_state(holder: object, state: dict[str, Any]) -> None:
    """Set the attributes that :func:`own_state` gave."""
    for name, value in state.items():
        setattr(holder, name, _copy(value))


def _is_plain(value: Any) -> bool:
    if type(value) in _VALUES or isinstance(value, torch.Tensor):
        return True
    if type(value) not in _CONTAINERS:
        return False
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return all(_is_plain(part) for part in parts)


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return type(value)({key: _copy(item) for key, item in value.items()})
    return type(value)(map(_copy, value)) if type(value) in _CONTAINERS else value
