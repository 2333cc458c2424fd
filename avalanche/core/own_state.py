"""State of classes that users write and that do not say how to save it."""

import inspect
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["is_of_the_library", "load_own_state", "own_state"]

_VALUES = (type(None), bool, int, float, complex, str, bytes)
_MAPPINGS = (dict, OrderedDict, Counter, defaultdict)
_LISTS = (list, tuple, set, deque)
_KEY = "own"


def is_of_the_library(holder: object) -> bool:
    """Whether a class is one of this library itself, which saves what it needs by name."""
    return type(holder).__module__.partition(".")[0] == "avalanche"


def own_state(holder: object, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """Attributes that are tensors, arrays, plain values, or containers of them, under ``"own"``.

    Left out are the arguments of the constructor, which whoever resumes gives again, parameters and
    tensors with a graph, which belong to a model, all else, and all of modules and of classes of
    this library.
    """
    if is_of_the_library(holder) or isinstance(holder, nn.Module):
        return {}
    out = {*leave_out, *inspect.signature(type(holder).__init__).parameters}
    found = {n: v for n, v in vars(holder).items() if n not in out and _is_plain(v, ())}
    return {_KEY: {name: _copy(value) for name, value in found.items()}} if found else {}


def load_own_state(holder: object, state: dict[str, Any]) -> None:
    """Set the attributes that :func:`own_state` gave; containers and tensors are filled in place.

    So what is known under several names stays one thing.
    """
    fields = vars(holder)
    for name, value in state.get(_KEY, {}).items():
        fields[name] = _restored(fields.get(name), value)


def _is_plain(value: Any, inside: tuple[int, ...]) -> bool:
    if isinstance(value, Tensor):
        return not value.requires_grad and not isinstance(value, nn.Parameter)
    if type(value) in _VALUES or isinstance(value, np.generic):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    if type(value) not in (*_MAPPINGS, *_LISTS) or id(value) in inside:
        return False
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return all(_is_plain(part, (*inside, id(value))) for part in parts)


def _copy(value: Any) -> Any:
    """A copy of builtin types and tensors alone."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, deque):
        return [_copy(item) for item in value]
    return type(value)(map(_copy, value)) if type(value) in _LISTS else value


def _restored(now: Any, saved: Any) -> Any:
    """``saved`` as what is there ``now``, which is filled where it can be."""
    if isinstance(now, Tensor) and isinstance(saved, Tensor):
        if now.shape == saved.shape and now.dtype == saved.dtype and not now.requires_grad:
            return now.copy_(saved)
        return saved.to(now.device, copy=True)
    if isinstance(now, np.ndarray) and isinstance(saved, Tensor):
        return saved.cpu().numpy().astype(now.dtype)
    saved = _copy(saved)
    if type(now) in _MAPPINGS and isinstance(saved, dict):
        now.clear()
        dict.update(now, saved)
        return now
    if isinstance(now, (list, deque)) and isinstance(saved, list):
        now.clear()
        now.extend(saved)
        return now
    if isinstance(now, set) and isinstance(saved, set):
        now.clear()
        now.update(saved)
        return now
    return saved
