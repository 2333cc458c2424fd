"""ImageNet from its folders: labels come from their names, images are read when asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ...utils.file_datasets import default_image_loader
from ..image_files import ImageFilesDataset

__all__ = ["AvalancheImageNet"]

_META = "meta.bin"
_DEVKIT = "ILSVRC2012_devkit_t12.tar.gz"
_ARCHIVES = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}
_FROM_TORCHVISION = (
    "load_meta_file",
    "parse_devkit_archive",
    "parse_train_archive",
    "parse_val_archive",
)


class AvalancheImageNet(ImageFilesDataset):
    """ImageNet of the challenge of 2012: 1,281,167 training and 50,000 validation images.

    The layout is that of ``torchvision.datasets.ImageNet``: ``train/<wnid>/*.JPEG`` and
    ``val/<wnid>/*.JPEG``. A folder ``val`` without class folders will do where ``meta.bin`` is
    there, which has the labels. Archives of the challenge that lie in the root are unpacked the
    first time. Nothing is downloaded: the archives need a registration at image-net.org.

    Args:
        root: the folder that has ``train`` and ``val``.
        split: ``train`` or ``val``.
        meta_root: the folder with ``meta.bin`` or the challenge's devkit archive, for the names
            of classes; ``root`` by default. Without these files the names are the WordNet ids.
        kwargs: ``transform``, ``target_transform`` and ``loader``, as torchvision has them.

    Attributes:
        targets: class of every sample: the position of its WordNet id among all of them, sorted.
        wnids: WordNet ids, sorted.
        wnid_to_idx: class number of every WordNet id.
        classes: names of every class, a tuple of synonyms.
        class_to_idx: class number of every name.

    Raises:
        FileNotFoundError: if the split is not there.
        ValueError: if ``split`` is unknown, or a class folder is empty.
    """

    downloadable = False

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        meta_root: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        if split not in _ARCHIVES:
            raise ValueError(f"split={split!r}: expected 'train' or 'val'")
        self.split = split
        self.meta_root = Path(root if meta_root is None else meta_root)
        self.wnids: list[str] = []
        self.wnid_to_idx: dict[str, int] = {}
        self.classes: list[tuple[str, ...]] = []
        self.class_to_idx: dict[str, int] = {}
        super().__init__("imagenet", root, download=False, **_image_options(**kwargs))

    @property
    def split_folder(self) -> Path:
        """The folder of the split."""
        return self.root / self.split

    @property
    def imgs(self) -> list[tuple[str, int]]:
        """``(path, class)`` of every sample."""
        files = (str(self.root / path) for path in self.paths)
        return list(zip(files, self.targets, strict=True))

    @property
    def samples(self) -> list[tuple[str, int]]:
        """As :attr:`imgs`."""
        return self.imgs

    def parse_archives(self) -> None:
        """Unpack the challenge's archives if they are there and not yet unpacked."""
        from torchvision.datasets import imagenet

        has_meta = (self.meta_root / _META).is_file()
        if not has_meta and (self.meta_root / _DEVKIT).is_file():
            imagenet.parse_devkit_archive(str(self.meta_root))
        if self.split_folder.is_dir() or not (self.root / _ARCHIVES[self.split]).is_file():
            return
        if self.split == "train":
            imagenet.parse_train_archive(str(self.root))
        else:
            wnids = imagenet.load_meta_file(str(self.meta_root))[1]
            imagenet.parse_val_archive(str(self.root), wnids=wnids)

    def _load_metadata(self) -> bool:
        archives = (self.root / _ARCHIVES[self.split], self.meta_root / _DEVKIT)
        if any(archive.is_file() for archive in archives):
            self.parse_archives()
        if not self.split_folder.is_dir():
            return False
        names, val_wnids = _read_meta(self.meta_root / _META)
        folders = sorted(entry.name for entry in os.scandir(self.split_folder) if entry.is_dir())
        if folders:
            self.wnids = folders
            self._list_folders()
        else:
            self.wnids = sorted(set(val_wnids))
            self._list_flat(val_wnids)
        self.wnid_to_idx = {wnid: label for label, wnid in enumerate(self.wnids)}
        self.classes = [names.get(wnid, (wnid,)) for wnid in self.wnids]
        self.class_to_idx = {
            name: label for label, synonyms in enumerate(self.classes) for name in synonyms
        }
        return True

    def _list_folders(self) -> None:
        for label, wnid in enumerate(self.wnids):
            files = _image_names(self.split_folder / wnid)
            if not files:
                raise ValueError(
                    f"{self.split_folder / wnid}: no image in it; unpack the class again, or "
                    "remove the folder"
                )
            self.paths += [f"{self.split}/{wnid}/{name}" for name in files]
            self.targets += [label] * len(files)

    def _list_flat(self, val_wnids: list[str]) -> None:
        """Validation images that nobody has sorted into folders: labelled by their order."""
        files = _image_names(self.split_folder)
        if not files or len(files) != len(val_wnids):
            raise ValueError(
                f"{self.split_folder}: {len(files)} images in no class folder, and "
                f"{self.meta_root / _META} labels {len(val_wnids)}; sort the images into folders "
                f"named by WordNet id, or put {_DEVKIT} into {self.meta_root}"
            )
        label_of = {wnid: label for label, wnid in enumerate(self.wnids)}
        self.paths = [f"{self.split}/{name}" for name in files]
        self.targets = [label_of[wnid] for wnid in val_wnids]

    def _download_error_message(self) -> str:
        return (
            f"register at image-net.org, fetch {_ARCHIVES[self.split]} and {_DEVKIT} into "
            f"{self.root}, or name with root the folder that has {self.split}/<wnid>/*.JPEG; "
            "ImageNet can't be downloaded for you"
        )


def _image_options(
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    loader: Callable[[Any], Any] = default_image_loader,
) -> dict[str, Any]:
    return {"transform": transform, "target_transform": target_transform, "loader": loader}


def _image_names(folder: Path) -> list[str]:
    endings = (".jpeg", ".jpg", ".png")
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.name.lower().endswith(endings))


def _read_meta(path: Path) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Names by WordNet id, and the ids of the validation images in order; empty without a file."""
    if not path.is_file():
        return {}, []
    try:
        names, val_wnids = torch.load(path, weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything
        raise ValueError(
            f"{path}: expected the pair that torchvision writes from {_DEVKIT} ({error}); delete "
            "it and put the devkit there"
        ) from error
    return {wnid: tuple(synonyms) for wnid, synonyms in names.items()}, list(val_wnids)


def __getattr__(name: str) -> Any:
    """torchvision's functions for the archives of the challenge, under their own names."""
    if name not in _FROM_TORCHVISION:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from torchvision.datasets import imagenet

    return getattr(imagenet, name)
