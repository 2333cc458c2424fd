"""Reading the pickle files that some data sets come with, without running code in them.

A pickle file is a program. The one that reads it here knows lists, dictionaries, tuples, text,
numbers and numpy arrays, and nothing else: a file that asks for any other object is refused.
"""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path
from typing import Any

__all__ = ["read_plain_pickle"]

_ARRAYS = {  # what numpy writes for an array or one of its numbers, by any of its module names
    ("multiarray", "_reconstruct"),
    ("multiarray", "scalar"),
    ("numeric", "_frombuffer"),
}
_NUMPY_TYPES = {"ndarray", "dtype"}
_PLAIN_TYPES = {"set", "frozenset"}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        head, _, last = module.rpartition(".")
        if head in {"numpy.core", "numpy._core"} and (last, name) in _ARRAYS:
            return getattr(_numpy_core(last), name)
        if module == "numpy" and name in _NUMPY_TYPES:
            return getattr(importlib.import_module("numpy"), name)
        if module in {"builtins", "__builtin__"} and name in _PLAIN_TYPES:
            return {"set": set, "frozenset": frozenset}[name]
        if (module, name) == ("_codecs", "encode"):
            return _bytes_of_text
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _bytes_of_text(text: str, encoding: str = "latin1") -> bytes:
    """How the old pickle protocols write bytes."""
    return text.encode("latin1")


def _numpy_core(last: str) -> Any:
    """numpy renamed its core in version 2; the old name warns."""
    try:
        return importlib.import_module(f"numpy._core.{last}")
    except ModuleNotFoundError:
        return importlib.import_module(f"numpy.core.{last}")


def read_plain_pickle(path: str | Path, kind: type, encoding: str = "ASCII") -> Any:
    """Read a pickle file of plain values and numpy arrays.

    Args:
        path: the file.
        kind: the type that its content must have, such as ``list`` or ``dict``.
        encoding: how text that Python 2 wrote is read; ``"latin1"`` where it holds arrays.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, asks for anything but plain values, or holds another
            type.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> file = Path(folder.name) / "paths.pkl"
        >>> _ = file.write_bytes(pickle.dumps(["s1/o1/C_01_01_000.png"]))
        >>> read_plain_pickle(file, list)
        ['s1/o1/C_01_01_000.png']
        >>> folder.cleanup()
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a pickled {kind.__name__}")
    try:
        with path.open("rb") as file:
            content = _PlainUnpickler(file, encoding=encoding).load()
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ValueError(
            f"{path}: no pickle file of plain values ({error}); expected a {kind.__name__} of "
            "lists, dictionaries, text, numbers and arrays; fetch the file again"
        ) from error
    if not isinstance(content, kind):
        raise ValueError(
            f"{path}: holds a {type(content).__name__}, expected a {kind.__name__}; fetch the "
            "file again"
        )
    return content
