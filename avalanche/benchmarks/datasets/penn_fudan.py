"""Penn-Fudan: pedestrians with boxes and masks, the smallest real detection data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..utils.file_datasets import default_image_loader
from .dataset_utils import default_dataset_location
from .downloadable_dataset import SimpleDownloadableDataset
from .read_files import read_image

__all__ = ["PennFudanDataset", "default_mask_loader"]

_FOLDER = "PennFudanPed"


def default_mask_loader(mask_path: str | Path) -> Any:
    """The mask of a file as a PIL image: 0 is background, i the i-th person."""
    from PIL import Image

    with Image.open(mask_path) as mask:
        return mask.copy()


class PennFudanDataset(SimpleDownloadableDataset[tuple[Any, dict[str, Tensor]]]):
    """Penn-Fudan (Wang et al., 2007): 170 photographs with 345 pedestrians.

    Samples are ``(image, target)``, where the target is a dictionary as torchvision's detection
    models want it, with N persons:

    - ``boxes``: float32 ``(N, 4)``, left, top, right, bottom in pixels;
    - ``labels``: int64 ``(N,)``, all 1;
    - ``masks``: uint8 ``(N, height, width)``;
    - ``image_id``: int64 ``(1,)``;
    - ``area``: float32 ``(N,)``, of the boxes;
    - ``iscrowd``: int64 ``(N,)``, all 0.

    Args:
        root: the folder that has ``PennFudanPed``, or that folder itself. By default
            ``default_dataset_location("pennfudanped")``.
        transform: applied to image and target together: ``transform(image, target)``.
        loader: reads one image from its path.
        mask_loader: reads one mask from its path.
        download: whether to fetch the data set if it is not there.

    Attributes:
        imgs: paths of the images.
        masks: paths of the masks.
        targets: the targets of all images; made, and kept, when they are first asked for.

    Raises:
        FileNotFoundError: if the data set is not there and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if images and masks do not belong together.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        transform: Callable[..., Any] | None = None,
        loader: Callable[[Any], Any] = default_image_loader,
        mask_loader: Callable[[Any], Any] = default_mask_loader,
        download: bool = True,
    ) -> None:
        super().__init__(
            default_dataset_location("pennfudanped") if root is None else Path(root),
            "https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",
            "5aaa3dee905cef73325923716e38fc6d",
            download=download,
        )
        self.transform = transform
        self.loader = loader
        self.mask_loader = mask_loader
        self.imgs: list[Path] = []
        self.masks: list[Path] = []
        self._targets: list[dict[str, Tensor]] | None = None
        self._load_dataset()

    def _load_metadata(self) -> bool:
        folder = self.root / _FOLDER if (self.root / _FOLDER).is_dir() else self.root
        self.imgs = sorted((folder / "PNGImages").glob("*.png"))
        self.masks = [folder / "PedMasks" / f"{image.stem}_mask.png" for image in self.imgs]
        absent = [mask.name for mask in self.masks if not mask.is_file()]
        if absent:
            raise ValueError(
                f"{folder / 'PedMasks'}: masks {absent[:5]} are missing, expected one for each of "
                f"{len(self.imgs)} images; unpack the archive again"
            )
        return bool(self.imgs)

    @property
    def targets(self) -> list[dict[str, Tensor]]:
        """The target of every image."""
        if self._targets is None:
            self._targets = [self.make_targets(index) for index in range(len(self))]
        return self._targets

    def make_targets(self, idx: int) -> dict[str, Tensor]:
        """The target of one image, from its mask.

        Raises:
            ValueError: if the mask shows nobody.
        """
        mask = read_image(self.mask_loader, self.masks[idx], "unpack the archive again")
        mask = torch.from_numpy(np.array(mask))
        persons = mask.unique()
        persons = persons[persons > 0]
        if not len(persons):
            raise ValueError(f"{self.masks[idx]}: nobody in the mask; unpack the archive again")
        masks = mask == persons[:, None, None]  # (N, height, width)
        boxes = torch.stack([_box(person) for person in masks])
        return {
            "boxes": boxes,
            "labels": torch.ones(len(persons), dtype=torch.int64),
            "masks": masks.to(torch.uint8),
            "image_id": torch.tensor([idx]),
            "area": (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]),
            "iscrowd": torch.zeros(len(persons), dtype=torch.int64),
        }

    def __len__(self) -> int:
        return len(self.imgs)

    def __getitem__(self, idx: int) -> tuple[Any, dict[str, Tensor]]:
        image = read_image(self.loader, self.imgs[idx], "unpack the archive again")
        target = dict(self._targets[idx]) if self._targets is not None else self.make_targets(idx)
        if self.transform is not None:
            image, target = self.transform(image, target)
        return image, target


def _box(mask: Tensor) -> Tensor:
    """Left, top, right and bottom pixel of what is marked."""
    rows, columns = mask.nonzero(as_tuple=True)
    corners = (columns.min(), rows.min(), columns.max(), rows.max())
    return torch.stack(corners).to(torch.float32)
