"""Fashion-MNIST as torchvision's class."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor
from torchvision.datasets import FashionMNIST
from torchvision.datasets.vision import VisionDataset

from ..dataset_utils import default_dataset_location
from ..fashion_mnist import fashion_mnist_tensors

__all__ = ["get_fmnist_dataset"]


class _FashionMNIST(FashionMNIST):  # type: ignore[misc]
    """torchvision's class over files in any of the places that are looked into."""

    data: Tensor
    targets: Tensor

    def __init__(self, root: Path, train: bool, download: bool) -> None:
        VisionDataset.__init__(self, str(root))
        self.train = train
        images, self.targets = fashion_mnist_tensors(train, root, download)
        self.data = images[:, 0]


def get_fmnist_dataset(dataset_root: str | Path | None) -> tuple[FashionMNIST, FashionMNIST]:
    """Training and test data of Fashion-MNIST: PIL images (mode ``L``) and labels.

    Args:
        dataset_root: the folder with the IDX files, or one above it. Without one the default
            location, into which they are downloaded if they are missing.
    """
    located = dataset_root is not None
    root = Path(dataset_root or "") if located else default_dataset_location("fashionmnist")
    train, test = (_FashionMNIST(root, part, not located) for part in (True, False))
    return train, test
