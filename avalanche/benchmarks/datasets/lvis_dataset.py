"""LVIS: objects of 1,203 classes in COCO's images, with a long tail of rare ones.

Layout: the annotations ``lvis_v1_train.json`` and ``lvis_v1_val.json``, and COCO's image folders
``train2017`` and ``val2017`` (LVIS splits them in another way than COCO), all in one folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

import torch
from torch import Tensor

from ..utils.file_datasets import default_image_loader
from .dataset_utils import default_dataset_location
from .downloadable_dataset import DownloadableDataset
from .read_files import read_image

__all__ = [
    "LVISAnnotationEntry",
    "LVISDetectionTargets",
    "LVISImgEntry",
    "LVISImgTargets",
    "LvisDataset",
]

_ANNOTATIONS = "https://dl.fbaipublicfiles.com/LVIS"
_IMAGES = "http://images.cocodataset.org/zips"


class LVISImgEntry(TypedDict):
    """An image of the annotations; ``coco_url`` ends with its folder and file name."""

    id: int
    height: int
    width: int
    coco_url: str


class LVISAnnotationEntry(TypedDict):
    """An object: ``bbox`` is ``[left, top, width, height]`` in pixels, ``area`` in pixels."""

    id: int
    area: float
    segmentation: list[list[float]]
    image_id: int
    bbox: list[float]
    category_id: int


class LVISImgTargets(TypedDict):
    """The objects of an image, as detection models of torchvision take them.

    ``boxes`` are float ``(objects, 4)``, ``[left, top, right, bottom]``; ``labels`` int64
    ``(objects,)``; ``image_id`` int64 ``(1,)``; ``area`` float and ``iscrowd`` int64
    ``(objects,)``.
    """

    boxes: Tensor
    labels: Tensor
    image_id: Tensor
    area: Tensor
    iscrowd: Tensor


class LVISDetectionTargets(Sequence[LVISImgTargets]):
    """The targets of images, made when they are asked for.

    Args:
        lvis_api: the annotations.
        img_ids: ids of the images.
    """

    def __init__(self, lvis_api: Any, img_ids: Sequence[int]) -> None:
        self.lvis_api = lvis_api
        self.img_ids = list(img_ids)

    def __len__(self) -> int:
        return len(self.img_ids)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return LVISDetectionTargets(self.lvis_api, self.img_ids[index])
        image_id = self.img_ids[index]
        objects = self.lvis_api.load_anns(self.lvis_api.get_ann_ids(img_ids=[image_id]))
        corners = torch.tensor([o["bbox"] for o in objects], dtype=torch.float32).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]  # width and height to right and bottom
        return LVISImgTargets(
            boxes=corners,
            labels=torch.tensor([o["category_id"] for o in objects], dtype=torch.int64),
            image_id=torch.tensor([image_id], dtype=torch.int64),
            area=torch.tensor([o["area"] for o in objects], dtype=torch.float32),
            iscrowd=torch.zeros(len(objects), dtype=torch.int64),
        )

    def __iter__(self) -> Iterator[LVISImgTargets]:
        return (self[position] for position in range(len(self)))


class LvisDataset(DownloadableDataset[tuple[Any, LVISImgTargets]]):
    """The images of LVIS with their objects: samples ``(image, targets)``.

    Reading the annotations needs the package ``lvis``, unless ``lvis_api`` is given. The archives
    are downloaded without a checksum: their publishers name none.

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("lvis")``.
        train: the training images, else the validation images.
        transform: applied to image and targets together: ``transform(image, targets)``.
        loader: reads one image from its path.
        download: whether to fetch the files (25 GB) if they are missing.
        lvis_api: the annotations, read before.
        img_ids: ids of the images to have; all by default.

    Attributes:
        targets: the objects of every image, made when they are asked for.

    Raises:
        ModuleNotFoundError: if ``lvis`` is needed and not installed.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if the annotations have no images.

    References:
        Gupta, Dollar, Girshick: LVIS: A Dataset for Large Vocabulary Instance Segmentation,
        CVPR 2019.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        train: bool = True,
        transform: Callable[[Any, Any], Any] | None = None,
        loader: Callable[[Any], Any] = default_image_loader,
        download: bool = True,
        lvis_api: Any = None,
        img_ids: Sequence[int] | None = None,
    ) -> None:
        self.train = train
        self.transform = transform
        self.loader = loader
        self.lvis_api = lvis_api
        self.img_ids = [] if img_ids is None else list(img_ids)
        self._all_images = img_ids is None
        super().__init__(default_dataset_location("lvis") if root is None else root, download)
        self._load_dataset()
        self.targets = LVISDetectionTargets(self.lvis_api, self.img_ids)

    @property
    def _annotations(self) -> str:
        return f"lvis_v1_{'train' if self.train else 'val'}.json"

    def _download_dataset(self) -> None:
        name = f"{self._annotations}.zip"
        self._download_and_extract_archive(f"{_ANNOTATIONS}/{name}", name, None)
        for name in ("train2017.zip", "val2017.zip"):
            self._download_and_extract_archive(f"{_IMAGES}/{name}", name, None)

    def _download_error_message(self) -> str:
        return (
            f"unpack {_ANNOTATIONS}/{self._annotations}.zip, {_IMAGES}/train2017.zip and "
            f"{_IMAGES}/val2017.zip into {self.root}"
        )

    def _load_metadata(self) -> bool:
        if not (self.root / "train2017").is_dir() and not (self.root / "val2017").is_dir():
            raise FileNotFoundError(f"{self.root / 'train2017'}: no such folder")
        if self.lvis_api is None:
            path = self.root / self._annotations
            if not path.is_file():
                raise FileNotFoundError(f"{path}: no such file")
            self.lvis_api = _lvis_class()(str(path))
        if self._all_images:
            self.img_ids = sorted(self.lvis_api.get_img_ids())
        if not self.img_ids:
            raise ValueError(f"{self.root / self._annotations}: has no images; fetch it again")
        return True

    def __len__(self) -> int:
        return len(self.img_ids)

    def __getitem__(self, index: int) -> tuple[Any, LVISImgTargets]:
        entry = self.lvis_api.load_imgs([self.img_ids[index]])[0]
        folder, name = urlsplit(entry["coco_url"]).path.split("/")[-2:]
        path = self.root / folder / name
        try:
            image = read_image(self.loader, path, f"unpack {folder}.zip again")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{path}: no such image, the annotations list it; unpack {folder}.zip into "
                f"{self.root} again"
            ) from error
        targets = self.targets[index]
        if self.transform is None:
            return image, targets
        image, targets = self.transform(image, targets)
        return image, targets


def _lvis_class() -> Any:
    try:
        return importlib.import_module("lvis").LVIS
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "reading LVIS annotations needs the package lvis: pip install avalanche-lib[detection]"
        ) from error
