"""torchvision's data sets under their own names, imported when they are first asked for."""

from __future__ import annotations

from typing import Any

TORCHVISION_DATASETS = (
    "CIFAR10",
    "CIFAR100",
    "CelebA",
    "Cityscapes",
    "CocoCaptions",
    "CocoDetection",
    "DatasetFolder",
    "EMNIST",
    "FakeData",
    "FashionMNIST",
    "Flickr8k",
    "Flickr30k",
    "HMDB51",
    "ImageFolder",
    "ImageNet",
    "KMNIST",
    "Kinetics",
    "LSUN",
    "MNIST",
    "PhotoTour",
    "QMNIST",
    "SBDataset",
    "SBU",
    "STL10",
    "SVHN",
    "UCF101",
    "USPS",
    "VOCDetection",
    "VOCSegmentation",
)

__all__ = list(TORCHVISION_DATASETS)


def __getattr__(name: str) -> Any:
    """The class of that name in ``torchvision.datasets``."""
    if name not in TORCHVISION_DATASETS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import torchvision.datasets

    return getattr(torchvision.datasets, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
