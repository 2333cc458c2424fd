"""Avalanche: an end-to-end library for continual learning on PyTorch.

``import avalanche`` is light: every sub-module is loaded when it is first used.

Example:
    >>> import avalanche
    >>> avalanche.__version__
    '1.0.0.dev0'
"""

from importlib import import_module
from types import ModuleType

from avalanche import older_paths

__version__ = "1.0.0.dev0"

_SUBMODULES = (
    "benchmarks",
    "checkpointing",
    "core",
    "evaluation",
    "logging",
    "models",
    "report",
    "testing",
    "training",
)

__all__ = ["__version__", *_SUBMODULES]


older_paths.install()


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return import_module(f"avalanche.{name}")
    raise AttributeError(
        f"module 'avalanche' has no attribute {name!r}; it has {', '.join(_SUBMODULES)}"
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
