"""Pairs of training and test data of well-known sets, as torchvision's classes give them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "TensorMNIST": "mnist",
    "get_cifar100_dataset": "cifar",
    "get_cifar10_dataset": "cifar",
    "get_fmnist_dataset": "fmnist",
    "get_mnist_dataset": "mnist",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a module, and torchvision's data sets with it, when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
