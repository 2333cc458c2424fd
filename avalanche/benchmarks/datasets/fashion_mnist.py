"""Fashion-MNIST from its original files, as bytes in memory."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from .idx_family import IdxFamily

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_FASHION_MNIST = IdxFamily(
    "FashionMNIST",
    "fashionmnist",
    ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)


def fashion_mnist_tensors(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> tuple[Tensor, Tensor]:
    """Images and labels of Fashion-MNIST (Xiao et al., 2017): 10 kinds of clothing.

    Args:
        train: the 60,000 training samples, else the 10,000 test samples.
        dataset_root: the folder with the four IDX files (plain or ``.gz``), or a folder above it:
            ``<root>/FashionMNIST/raw`` and ``<root>/raw`` are looked into as well. By default
            ``default_dataset_location("fashionmnist")``.
        download: whether to fetch the files into the folder if they are missing.

    Returns:
        uint8 images ``(samples, 1, 28, 28)`` and int64 labels ``(samples,)``.

    Raises:
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a file is damaged or images and labels do not belong together.
    """
    return _FASHION_MNIST.tensors(train, dataset_root, download)
