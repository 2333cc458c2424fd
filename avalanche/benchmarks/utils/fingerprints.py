"""Descriptions of data and transforms that are equal for equal content, in any process.

Checkpoints refer to data by them, so two things that give different samples must not read the
same, and memory addresses and the order of sets must not show.
"""

from __future__ import annotations

import functools
import hashlib
import json
import random
import re
import types
import zlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor

_DEEPEST = 8  # what lies deeper is described by its type
_LONGEST = 160  # longer descriptions are cut and end with a checksum of the whole
_BLOCK_BYTES = 1 << 24  # memory that a checksum may copy at a time
_ADDRESS = re.compile(r" at 0x\w+")
_GENERATORS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def checksum(tensor: Tensor, start: int = 0) -> int:
    """CRC-32 of all bytes of a tensor, continuing from ``start``.

    Example:
        >>> checksum(torch.tensor([1, 2])) == checksum(torch.tensor([1, 2, 3])[:2])
        True
    """
    if tensor.numel() == 0:
        return start
    whole = tensor.detach().reshape(1) if tensor.ndim == 0 else tensor.detach()
    rows = max(_BLOCK_BYTES * len(whole) // (whole.numel() * whole.element_size()), 1)
    for block in whole.split(rows):
        plain = block.cpu().contiguous().resolve_conj().resolve_neg().view(-1)
        start = zlib.crc32(plain.view(torch.uint8).numpy(), start)
    return start


def describe_transform(transform: Any) -> str:
    """What a transform is and holds; of a function its code, defaults and enclosed values."""
    return shortened(describe(transform))


def shortened(text: str) -> str:
    """The text, or its beginning and a checksum of the whole if it is long."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}...#{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def describe_list(values: Any, root: Any = None) -> str:
    """A checksum of a long list, such as one of paths, read relative to ``root``."""
    try:
        text = json.dumps(values, default=_path)
    except (TypeError, ValueError):  # not only plain values
        text = describe(values)
    if isinstance(root, (str, PurePath)):
        text = text.replace(json.dumps(str(root))[1:-1].rstrip("/") + "/", "")
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def describe(value: Any, above: tuple[int, ...] = ()) -> str:
    """A value in words, with tensors and arrays by checksum and objects by what they hold.

    Args:
        value: anything.
        above: identities of the objects that the value is inside of.

    Example:
        >>> describe({"b": (1, "x"), "a": torch.zeros(2)})
        "{'a': tensor[(2,):torch.float32#6522df69], 'b': (1, 'x')}"
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, PurePath)):
        return str(value) if isinstance(value, PurePath) else repr(value)
    if isinstance(value, Tensor):
        return f"tensor[{tuple(value.shape)}:{value.dtype}#{checksum(value):08x}]"
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype != object:
        crc = zlib.crc32(np.ascontiguousarray(value).tobytes())
        return f"array[{value.shape}:{value.dtype}#{crc:08x}]"
    if hasattr(value, "getbands"):  # a PIL image
        return f"image[{value.size}:{value.mode}#{zlib.crc32(value.tobytes()):08x}]"
    if isinstance(value, (type, types.BuiltinFunctionType, types.ModuleType)):
        return (
            f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}"
        )
    if id(value) in above or len(above) >= _DEEPEST or isinstance(value, _GENERATORS):
        return f"<{_name(value)}>"
    return _describe_inside(value, (*above, id(value)))


def _describe_inside(value: Any, above: tuple[int, ...]) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        inner = ", ".join(describe(v, above) for v in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(describe(v, above) for v in value))}}}"
    if isinstance(value, Mapping):
        items = sorted((describe(k, above), describe(v, above)) for k, v in value.items())
        return f"{{{', '.join(f'{k}: {v}' for k, v in items)}}}"
    if isinstance(value, functools.partial):
        return f"partial{describe((value.func, value.args, value.keywords), above)}"
    if isinstance(value, types.MethodType):
        return f"{describe(value.__func__, above)} of {describe(value.__self__, above)}"
    if isinstance(value, types.FunctionType):
        return _describe_function(value, above)
    return _describe_object(value, above)


def _describe_function(function: types.FunctionType, above: tuple[int, ...]) -> str:
    held: list[Any] = [function.__defaults__, function.__kwdefaults__]
    for cell in function.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # a name that has no value yet
            held.append(None)
    inside = "" if held == [None, None] else describe(held, above)
    code = zlib.crc32(_describe_code(function.__code__).encode())
    return f"{function.__module__}.{function.__qualname__}#{code:08x}{inside}"


def _describe_code(code: types.CodeType) -> str:
    constants = [
        _describe_code(c) if isinstance(c, types.CodeType) else describe(c) for c in code.co_consts
    ]
    return f"{code.co_code!r}{code.co_names}{constants}"


def _describe_object(value: Any, above: tuple[int, ...]) -> str:
    """An object by its class, its own ``repr`` if it has one, and its attributes."""
    module = isinstance(value, torch.nn.Module)
    representation: Any = type(value).__repr__
    plain = representation is object.__repr__
    own = "" if plain or module else _ADDRESS.sub("", repr(value))
    held = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                held[name] = getattr(value, name)
    if module:
        held = {k: v for k, v in held.items() if k[0] != "_" and k != "training"}
        held |= {"state": value.state_dict(), "modules": dict(value.named_children())}
    elif not plain:
        held = {k: v for k, v in held.items() if k[0] != "_"}
    held = {k: v for k, v in held.items() if k not in ("__dict__", "__weakref__")}
    inner = ", ".join(f"{name}={describe(v, above)}" for name, v in sorted(held.items()))
    return f"{own or _name(value)}[{inner}]" if held else own or _name(value)


def _name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _path(value: Any) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{_name(value)} is no plain value")
