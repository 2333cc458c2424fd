"""MNIST from its original files, as bytes in memory."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor
from torch.utils.data import TensorDataset

from .idx_family import IdxFamily

_MNIST = IdxFamily(
    "MNIST",
    "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)


def mnist_tensors(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> tuple[Tensor, Tensor]:
    """Images and labels of MNIST.

    Args:
        train: the 60,000 training samples, else the 10,000 test samples.
        dataset_root: the folder with the four IDX files (plain or ``.gz``), or a folder above it:
            ``<root>/MNIST/raw`` and ``<root>/raw`` are looked into as well. By default
            ``default_dataset_location("mnist")``.
        download: whether to fetch the files into the folder if they are missing.

    Returns:
        uint8 images ``(samples, 1, 28, 28)`` and int64 labels ``(samples,)``.

    Raises:
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a file is damaged or images and labels do not belong together.
    """
    return _MNIST.tensors(train, dataset_root, download)


def mnist_dataset(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> TensorDataset:
    """:func:`mnist_tensors` as a dataset of ``(uint8 image, label)`` samples."""
    return TensorDataset(*mnist_tensors(train, dataset_root, download))
