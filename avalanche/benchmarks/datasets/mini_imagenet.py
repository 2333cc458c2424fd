"""mini-ImageNet: 100 classes of ImageNet with 600 images each, made from a copy of ImageNet."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from ..utils.file_datasets import default_image_loader
from .dataset_utils import default_dataset_location
from .download import DownloadError, download_file
from .mini_imagenet_classes import MINI_IMAGENET_WNIDS
from .read_files import read_image

__all__ = ["MiniImageNetDataset"]

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py
_CSV_URL = "https://raw.githubusercontent.com/yaoyao-liu/mini-imagenet-tools/main/csv_files/"
_SPLITS = ("train", "val", "test")


class MiniImageNetDataset(Dataset[tuple[Any, int]]):
    """mini-ImageNet with the splits of Ravi and Larochelle (2017): 64, 16 and 20 classes.

    The lists ``train.csv``, ``val.csv`` and ``test.csv`` say which images of ImageNet's training
    set belong to it, by WordNet id and position among the images of the class, sorted by number.
    They are looked for beside the class folders, in the folder above, and in
    ``default_dataset_location("mini_imagenet")``, into which they are downloaded if they are in
    none of them.

    Args:
        imagenet_path: the folder of ImageNet (with ``train``), or its training folder.
        split: ``train``, ``val``, ``test``, or ``all`` for the 100 classes.
        resize_to: side of the images in pixels, or ``(height, width)``; aspect is not kept.
        loader: reads one image from its path.

    Attributes:
        image_paths: the files.
        targets: class of every sample, from 0 to 99 whatever the split: the position of its
            WordNet id in ``wnids``. The numbers are those of avalanche-lib 0.6.
        wnids: WordNet ids of all 100 classes.
        wnid_to_idx: class number by WordNet id.
        classes: as ``wnids``.
        class_to_idx: as ``wnid_to_idx``.

    Raises:
        FileNotFoundError: if ImageNet is not there, or lacks a class or an image of the lists.
        RuntimeError: if the lists can't be downloaded.
        ValueError: if ``split`` is unknown or a list is damaged.
    """

    def __init__(
        self,
        imagenet_path: str | Path,
        split: str = "all",
        resize_to: int | tuple[int, int] = 84,
        loader: Callable[[Any], Any] = default_image_loader,
    ) -> None:
        if split not in (*_SPLITS, "all"):
            raise ValueError(f"split={split!r}: expected 'train', 'val', 'test' or 'all'")
        self.imagenet_path = self.get_train_path(imagenet_path)
        self.split = split
        self.resize_to = (resize_to, resize_to) if isinstance(resize_to, int) else resize_to
        self.loader = loader
        self.image_paths: list[str] = []
        self.targets: list[int] = []
        self.wnids: list[str] = list(MINI_IMAGENET_WNIDS)
        self.wnid_to_idx = {wnid: label for label, wnid in enumerate(self.wnids)}
        self.prepare_dataset()

    @staticmethod
    def get_train_path(root_path: str | Path) -> Path:
        """ImageNet's training folder: ``<root_path>/train`` if it is there, else ``root_path``.

        Raises:
            FileNotFoundError: if there is no such folder.
        """
        root = Path(root_path)
        folder = root / "train" if (root / "train").is_dir() else root
        if not folder.is_dir():
            raise FileNotFoundError(
                f"imagenet_path={str(root)!r}: no such folder; expected a folder of ImageNet "
                "with train/<wnid>/*.JPEG"
            )
        return folder

    @property
    def classes(self) -> list[str]:
        """As ``wnids``."""
        return self.wnids

    @property
    def class_to_idx(self) -> Mapping[str, int]:
        """As ``wnid_to_idx``."""
        return self.wnid_to_idx

    def prepare_dataset(self) -> None:
        """Read the lists and find their images."""
        positions: dict[str, list[int]] = {}
        for split in _SPLITS if self.split == "all" else (self.split,):
            for wnid, position in _read_list(self._list_file(split)):
                positions.setdefault(wnid, []).append(position)
        for wnid, chosen in positions.items():
            files = self._class_files(wnid, chosen)
            self.image_paths += files
            self.targets += [self.wnid_to_idx[wnid]] * len(files)

    def _class_files(self, wnid: str, positions: Sequence[int]) -> list[str]:
        folder = self.imagenet_path / wnid
        names = [e.name for e in os.scandir(folder)] if folder.is_dir() else []
        names = sorted((n for n in names if n.endswith(".JPEG")), key=_image_number)
        if max(positions) > len(names):
            raise FileNotFoundError(
                f"{folder}: {len(names)} images, expected at least {max(positions)} of "
                f"class {wnid}; imagenet_path must be a whole copy of ImageNet's training set"
            )
        # Positions count from 1; a position of 0 is the last image, as in the published tools.
        return [str(folder / names[position - 1]) for position in positions]

    def _list_file(self, split: str) -> Path:
        name = f"{split}.csv"
        own = default_dataset_location("mini_imagenet")
        for folder in (self.imagenet_path, self.imagenet_path.parent, own):
            if (folder / name).is_file():
                return folder / name
        try:
            return download_file(_CSV_URL + name, own / name)
        except (DownloadError, OSError) as error:
            raise RuntimeError(f"mini-ImageNet's list of the split {split!r}: {error}") from error

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, item: int) -> tuple[Any, int]:
        from PIL import Image

        height, width = self.resize_to
        image = read_image(self.loader, self.image_paths[item], "unpack ImageNet again")
        return image.resize((width, height), Image.Resampling.BILINEAR), self.targets[item]


def _image_number(name: str) -> int:
    """42 of ``n01532829_42.JPEG``."""
    number = name.rpartition("_")[2].partition(".")[0]
    if not number.isdigit():
        raise ValueError(
            f"{name}: expected a name of ImageNet's training set, such as n01532829_42.JPEG; "
            "remove the file"
        )
    return int(number)


def _read_list(path: Path) -> list[tuple[str, int]]:
    """WordNet id and position of every line ``n0153282900000005.jpg,n01532829``."""
    entries = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            if row == ["filename", "label"] or not row:
                continue
            stem = row[0].partition(".")[0]
            position = stem[len(row[-1]) :]
            known = len(row) == 2 and row[1] in MINI_IMAGENET_WNIDS
            if not known or not stem.startswith(row[1]) or not position.isdigit():
                raise ValueError(
                    f"{path}: line {','.join(row)!r}: expected a line such as "
                    "'n0153282900000005.jpg,n01532829', of a class of mini-ImageNet; fetch the "
                    "file again"
                )
            entries.append((row[1], int(position)))
    if not entries:
        raise ValueError(f"{path}: no entries; fetch the file again")
    return entries
