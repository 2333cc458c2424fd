"""Data sets, read from their original files.

Each is loaded when it is first asked for: ``_HOMES`` says which module has it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset_utils import default_dataset_location as default_dataset_location
    from .digits import digits_tensors as digits_tensors
    from .idx import read_idx as read_idx
    from .mnist import mnist_dataset as mnist_dataset
    from .mnist import mnist_tensors as mnist_tensors

_HOMES = {
    "default_dataset_location": "dataset_utils",
    "digits_tensors": "digits",
    "mnist_dataset": "mnist",
    "mnist_tensors": "mnist",
    "read_idx": "idx",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a data set when it is first asked for: importing torchvision takes a second."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
