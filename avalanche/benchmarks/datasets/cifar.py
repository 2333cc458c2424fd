"""CIFAR-10 and CIFAR-100, from either of the layouts that people have, as bytes in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from ..utils.sources import ColumnSource
from .archives import extract_archive
from .dataset_utils import default_dataset_location
from .download import DownloadError, download_file
from .image_parquet import parquet_class_names, read_image_parquet
from .restricted_pickle import read_plain_pickle

_SIDE = 32  # pixels


@dataclass(frozen=True)
class _Layout:
    """What is where: the folder of pickled batches, their label key, names and address."""

    name: str
    location: str
    n_classes: int
    folder: str
    batches: dict[bool, tuple[str, ...]]
    label_key: str
    label_column: str
    meta: tuple[str, str]
    url: str
    md5: str


_CIFAR10 = _Layout(
    name="CIFAR-10",
    location="cifar10",
    n_classes=10,
    folder="cifar-10-batches-py",
    batches={True: tuple(f"data_batch_{i}" for i in range(1, 6)), False: ("test_batch",)},
    label_key="labels",
    label_column="label",
    meta=("batches.meta", "label_names"),
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    md5="c58f30108f718f92721af3b95e74349a",
)
_CIFAR100 = _Layout(
    name="CIFAR-100",
    location="cifar100",
    n_classes=100,
    folder="cifar-100-python",
    batches={True: ("train",), False: ("test",)},
    label_key="fine_labels",
    label_column="fine_label",
    meta=("meta", "fine_label_names"),
    url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    md5="eb9058c3a382ffc7106e4002c42a8d85",
)

# What is in use is decoded once: benchmarks over the same files share their pixels.
_LOADED: WeakValueDictionary[tuple[Any, ...], ColumnSource] = WeakValueDictionary()


def cifar10_source(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> ColumnSource:
    """CIFAR-10 (Krizhevsky, 2009) in memory: 32x32 RGB images of 10 classes.

    Args:
        train: the 50,000 training samples, else the 10,000 test samples.
        dataset_root: a folder that has ``cifar-10-batches-py`` (the original pickled batches),
            that folder itself, or one with the Parquet files of the Hugging Face hub
            (``train-*.parquet``, ``test-*.parquet``; also in ``cifar10`` or ``plain_text``
            below it). By default ``default_dataset_location("cifar10")``.
        download: whether to fetch the original files if neither is there.

    Returns:
        A source of PIL-like images, uint8 ``(samples, 3, 32, 32)``, and int64 labels.

    Raises:
        FileNotFoundError: if the files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ImportError: if the files are Parquet and ``pyarrow`` is not installed.
        ValueError: if a file is damaged.
    """
    return _source(_CIFAR10, train, dataset_root, download)


def cifar100_source(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> ColumnSource:
    """CIFAR-100 (Krizhevsky, 2009) in memory, with its 100 fine labels.

    Args:
        train: see :func:`cifar10_source`, as for the rest.
        dataset_root: a folder that has ``cifar-100-python``, that folder itself, or one with
            Parquet files (also in ``cifar100`` below it).
        download: as there.
    """
    return _source(_CIFAR100, train, dataset_root, download)


def cifar_class_names(n_classes: int, dataset_root: str | Path | None = None) -> list[str] | None:
    """The names of the 10 or 100 classes where the files on disk have them, else None."""
    layout = {10: _CIFAR10, 100: _CIFAR100}[n_classes]
    root = _root(layout, dataset_root)
    folder = _batch_folder(layout, root, True)
    if folder is not None:
        file, key = layout.meta
        names: list[str] | None = None
        if (folder / file).is_file():
            names = read_plain_pickle(folder / file, dict, encoding="latin1")[key]
        return names
    shards = _files(layout, root, True)
    return parquet_class_names(shards[0], layout.label_column) if shards else None


def _source(
    layout: _Layout, train: bool, dataset_root: str | Path | None, download: bool
) -> ColumnSource:
    root = _root(layout, dataset_root)
    files = _files(layout, root, train)
    if not files and download:
        _download(layout, root)
        files = _files(layout, root, train)
    if not files:
        raise FileNotFoundError(
            f"dataset_root={str(root)!r}: {layout.name} is not there: expected "
            f"{layout.folder}/{layout.batches[train][0]} of {layout.url}, or "
            f"{'train' if train else 'test'}-*.parquet of the Hugging Face hub; put one of them "
            "there, or name the folder that has them with dataset_root"
        )
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"{file}: not found, though other files of {layout.name} are there; unpack "
                f"{layout.url} again"
            )
    stamps = tuple((str(f.resolve()), f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    key = (layout.name, stamps)
    found = _LOADED.get(key)
    if found is None:
        found = ColumnSource(_read(layout, files), images=True)
        _LOADED[key] = found
    return found


def _root(layout: _Layout, dataset_root: str | Path | None) -> Path:
    if dataset_root is None:
        return default_dataset_location(layout.location)
    return Path(dataset_root).expanduser()


def _files(layout: _Layout, root: Path, train: bool) -> list[Path]:
    folder = _batch_folder(layout, root, train)
    if folder is not None:
        return [folder / name for name in layout.batches[train]]
    split = "train" if train else "test"
    for candidate in (root, root / layout.location, root / "plain_text", root / "data"):
        shards = sorted(candidate.glob(f"{split}-*.parquet"))
        if shards:
            return shards
    return []


def _batch_folder(layout: _Layout, root: Path, train: bool) -> Path | None:
    for folder in (root / layout.folder, root):
        if (folder / layout.batches[train][0]).is_file():
            return folder
    return None


def _download(layout: _Layout, root: Path) -> None:
    try:
        packed = download_file(layout.url, root / layout.url.rpartition("/")[2], layout.md5)
        extract_archive(packed, root)
    except (DownloadError, OSError) as error:
        raise RuntimeError(
            f"dataset_root={str(root)!r}: {layout.name} is not there and can't be downloaded "
            f"({error}); connect to a network, or unpack {layout.url} into {root} by hand"
        ) from error


def _read(layout: _Layout, files: list[Path]) -> tuple[Tensor, Tensor]:
    if files[0].suffix == ".parquet":
        images, labels = read_image_parquet(files, layout.label_column, (_SIDE, _SIDE))
    else:
        pairs = [_read_batch(layout, file) for file in files]
        images, labels = (torch.cat(column) for column in zip(*pairs, strict=True))
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < layout.n_classes:
        raise ValueError(
            f"{files[0]}: labels from {int(labels.min())} to {int(labels.max())}, expected 0 to "
            f"{layout.n_classes - 1} of {layout.name}; is it the file of another data set?"
        )
    return images, labels


def _read_batch(layout: _Layout, file: Path) -> tuple[Tensor, Tensor]:
    batch = read_plain_pickle(file, dict, encoding="latin1")
    if "data" not in batch or layout.label_key not in batch:
        raise ValueError(
            f"{file}: found {sorted(map(str, batch))}, expected 'data' and "
            f"{layout.label_key!r}; is it the file of another data set?"
        )
    pixels, labels = torch.as_tensor(batch["data"]), batch[layout.label_key]
    expected = (len(labels), 3 * _SIDE * _SIDE)
    if pixels.dtype != torch.uint8 or pixels.shape != expected:
        raise ValueError(
            f"{file}: {pixels.dtype} data of shape {tuple(pixels.shape)} and {len(labels)} "
            f"labels, expected torch.uint8 data of shape {expected}; unpack {layout.url} again"
        )
    return pixels.view(-1, 3, _SIDE, _SIDE), torch.tensor(labels, dtype=torch.int64)
