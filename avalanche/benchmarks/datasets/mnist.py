"""MNIST from its original files, as bytes in memory."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor
from torch.utils.data import TensorDataset

from .dataset_utils import default_dataset_location
from .idx import read_idx

_FILES = {
    True: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    False: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


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
    root = Path(dataset_root) if dataset_root is not None else default_dataset_location("mnist")
    folder = _find_folder(root)
    if folder is None and download:
        _download(root)
        folder = _find_folder(root)
    if folder is None:
        raise FileNotFoundError(_missing(root))
    image_file, label_file = (_file(folder, name) for name in _FILES[train])
    assert image_file is not None
    assert label_file is not None
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels):
        raise ValueError(
            f"{image_file} has {len(images)} images, {label_file} has {len(labels)} labels: "
            "expected as many; fetch both again"
        )
    return images.unsqueeze(1), labels.long()


def mnist_dataset(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> TensorDataset:
    """:func:`mnist_tensors` as a dataset of ``(uint8 image, label)`` samples."""
    return TensorDataset(*mnist_tensors(train, dataset_root, download))


def _candidates(root: Path) -> list[Path]:
    return [root / "MNIST" / "raw", root / "raw", root]


def _find_folder(root: Path) -> Path | None:
    """The first folder that has all four files."""
    names = [name for pair in _FILES.values() for name in pair]
    for folder in _candidates(root):
        if all(_file(folder, name) is not None for name in names):
            return folder
    return None


def _file(folder: Path, name: str) -> Path | None:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None


def _missing(root: Path) -> str:
    names = [name for pair in _FILES.values() for name in pair]
    absent = min(
        ([n for n in names if _file(folder, n) is None] for folder in _candidates(root)), key=len
    )
    looked = ", ".join(str(folder) for folder in _candidates(root))
    return (
        f"dataset_root={str(root)!r}: MNIST files {', '.join(absent)} (or .gz) not found in "
        f"{looked}; put them into one of these folders, or name the folder that has them with "
        "dataset_root"
    )


def _download(root: Path) -> None:
    """Fetch the files with torchvision, into ``<root>/MNIST/raw``."""
    from torchvision.datasets import MNIST

    try:
        MNIST(str(root), train=True, download=True)
    except (OSError, RuntimeError) as error:
        raise RuntimeError(
            f"dataset_root={str(root)!r}: MNIST is not there and can't be downloaded ({error}); "
            "connect to a network, or put the four IDX files into "
            f"{root / 'MNIST' / 'raw'} by hand"
        ) from error
