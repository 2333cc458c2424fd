"""MNIST as torchvision's class, with float tensors instead of PIL images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor
from torchvision.datasets import MNIST
from torchvision.datasets.vision import VisionDataset

from ..dataset_utils import default_dataset_location
from ..mnist import mnist_tensors

__all__ = ["TensorMNIST", "get_mnist_dataset"]


class TensorMNIST(MNIST):  # type: ignore[misc]
    """MNIST whose samples are float tensors ``(1, 28, 28)`` from 0 to 1.

    Args:
        root: see :func:`~avalanche.benchmarks.datasets.mnist.mnist_tensors`.
        train: the training samples, else the test samples.
        transform: applied to the tensor.
        target_transform: applied to the label.
        download: whether to fetch the files if they are missing.

    Attributes:
        data: uint8 ``(samples, 28, 28)``.
        targets: int64 ``(samples,)``.
    """

    data: Tensor
    targets: Tensor

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        # Not MNIST's own: it looks for the files in one place only.
        VisionDataset.__init__(
            self, str(root), transform=transform, target_transform=target_transform
        )
        self.train = train
        images, self.targets = mnist_tensors(train, root, download)
        self.data = images[:, 0]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = self.data[index].unsqueeze(0).float().div_(255)
        target: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


def get_mnist_dataset(dataset_root: str | Path | None) -> tuple[TensorMNIST, TensorMNIST]:
    """Training and test data of MNIST; downloaded if missing and no folder is given."""
    root = default_dataset_location("mnist") if dataset_root is None else Path(dataset_root)
    train, test = (TensorMNIST(root, part, download=dataset_root is None) for part in (True, False))
    return train, test
