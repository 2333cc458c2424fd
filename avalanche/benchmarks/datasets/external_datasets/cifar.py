"""CIFAR-10 and CIFAR-100 as torchvision's classes, from either layout on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torchvision.datasets import CIFAR10
from torchvision.datasets.vision import VisionDataset

from ...utils.sources import ColumnSource
from ..cifar import cifar10_source, cifar100_source, cifar_class_names

__all__ = ["get_cifar10_dataset", "get_cifar100_dataset", "load_CIFAR100"]


class _CIFAR(CIFAR10):  # type: ignore[misc]
    """torchvision's class over pixels that are in memory already."""

    def __init__(
        self,
        root: str | Path | None,
        train: bool,
        n_classes: int,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        place = "" if root is None else str(root)
        VisionDataset.__init__(self, place, transform=transform, target_transform=target_transform)
        self.train = train
        load = {10: cifar10_source, 100: cifar100_source}[n_classes]
        source: ColumnSource = load(train, root, root is None)
        pixels, labels = source.columns
        self.data = pixels.permute(0, 2, 3, 1).numpy()  # as torchvision keeps it; nothing is copied
        self.targets = labels.tolist()
        names = cifar_class_names(n_classes, root)
        self.classes = names if names is not None else [str(i) for i in range(n_classes)]
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}


def get_cifar10_dataset(dataset_root: str | Path | None) -> tuple[CIFAR10, CIFAR10]:
    """Training and test data of CIFAR-10: PIL images (RGB) and labels.

    Args:
        dataset_root: see :func:`~avalanche.benchmarks.datasets.cifar.cifar10_source`. Without
            one the default location, into which the files are downloaded if they are missing.
    """
    return _CIFAR(dataset_root, True, 10), _CIFAR(dataset_root, False, 10)


def get_cifar100_dataset(dataset_root: str | Path | None) -> tuple[CIFAR10, CIFAR10]:
    """Training and test data of CIFAR-100; see :func:`get_cifar10_dataset`."""
    return _CIFAR(dataset_root, True, 100), _CIFAR(dataset_root, False, 100)


def load_CIFAR100(
    root: str | Path | None,
    train: bool,
    transform: Callable[[Any], Any] | None,
    target_transform: Callable[[Any], Any] | None,
) -> CIFAR10:
    """One part of CIFAR-100 with transforms."""
    return _CIFAR(root, train, 100, transform, target_transform)
