"""The videos of Endless-CL-Sim: frames with a class per pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..utils.file_datasets import default_image_loader
from .image_files import Transform
from .read_files import damaged_images_named, read_image, read_json

__all__ = ["CLASS_MAP", "VideoSubSequence", "video_sequences"]

_REMEDY = "unpack the archive again"

CLASS_MAP = {  # the simulator's labels
    "": 0,
    "Terrain": 0,
    "Street": 1,
    "SideWalk": 2,
    "Building": 3,
    "Tree": 4,
    "Car": 5,
    "People": 6,
    "Streetlamp": 7,
}


class VideoSubSequence:
    """The frames of one sequence: samples ``(image, labels)``, read when asked for.

    Labels are an int64 tensor ``(height, width)``. A pixel's object id is its value in a grey
    image, and ``red + 256 * green + 65536 * blue`` in one of colours.

    Args:
        files: paths of every frame and of its object ids.
        labels: label of every object id; ids that are not in it have label 0.
        patch_size: width and height in pixels that frames are scaled to.
        transform: applied to the image.
        target_transform: applied to the labels.
    """

    def __init__(
        self,
        files: Sequence[tuple[Path, Path]],
        labels: Mapping[int, int],
        patch_size: tuple[int, int] = (240, 135),
        transform: Transform = None,
        target_transform: Transform = None,
    ) -> None:
        self.files = list(files)
        self.labels = dict(labels)
        self.patch_size = patch_size
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        frame, ids = self.files[index]
        image: Any = read_image(default_image_loader, frame, _REMEDY).resize(self.patch_size)
        target: Any = self._labels(ids)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def _labels(self, path: Path) -> Tensor:
        from PIL import Image

        with damaged_images_named(path, _REMEDY), Image.open(path) as opened:
            image = opened if opened.mode == "L" else opened.convert("RGB")
            pixels = np.asarray(image.resize(self.patch_size, Image.Resampling.NEAREST), np.int64)
        if pixels.ndim == 3:
            pixels = pixels @ np.array([1, 256, 65536])
        ids, inverse = np.unique(pixels, return_inverse=True)
        table = torch.tensor([self.labels.get(int(i), 0) for i in ids])
        return table[torch.from_numpy(inverse.reshape(pixels.shape))]


def video_sequences(
    folder: Path,
    patch_size: tuple[int, int],
    class_map: Mapping[str, int] | None,
    transform: Transform,
    target_transform: Transform,
) -> list[VideoSubSequence]:
    """The sequences of one video.

    Args:
        folder: holds ``Color``, ``Seg``, ``Sequence.json`` and ``Segmentation.json``.
        patch_size: see :class:`VideoSubSequence`, as for the transforms.
        class_map: label of every class name; the simulator's by default.
        transform: as there.
        target_transform: as there.

    Raises:
        FileNotFoundError: if a file or folder is missing.
        ValueError: if frames and object ids are not as many, or a json file has another form.
    """
    frames, ids = _images(folder / "Color"), _images(folder / "Seg")
    if len(frames) != len(ids):
        raise ValueError(
            f"{folder}: {len(frames)} images in Color, {len(ids)} in Seg; expected as many, unpack "
            "the archive again"
        )
    starts = _starts(folder / "Sequence.json", len(frames))
    labels = _object_labels(folder / "Segmentation.json", class_map or CLASS_MAP)
    pairs = list(zip(frames, ids, strict=True))
    return [
        VideoSubSequence(pairs[a:b], labels, patch_size, transform, target_transform)
        for a, b in zip(starts, [*starts[1:], len(pairs)], strict=True)
    ]


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    return sorted(folder.rglob("*.png"))


def _starts(path: Path, n_frames: int) -> list[int]:
    """The number of the first frame of every sequence."""
    try:
        starts = [
            int(entry["Sequence"]["ImageCounter"]) for entry in read_json(path, list, _REMEDY)
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected entries with ['Sequence']['ImageCounter'], not found: {error}"
        ) from error
    if starts != sorted(set(starts)) or not starts or starts[-1] >= n_frames:
        raise ValueError(
            f"{path}: sequences start at the frames {starts}, expected ascending numbers below "
            f"{n_frames}, the number of frames"
        )
    return starts


def _object_labels(path: Path, class_map: Mapping[str, int]) -> dict[int, int]:
    labels: dict[int, int] = {}
    for entry in read_json(path, list, _REMEDY):
        mapping = entry.get("ObjectClassMapping") if isinstance(entry, dict) else None
        if not isinstance(mapping, dict):
            raise ValueError(f"{path}: expected entries with 'ObjectClassMapping', {{id: class}}")
        for number, name in mapping.items():
            if name not in class_map or not str(number).isdigit():
                raise ValueError(
                    f"{path}: object {number!r} of class {name!r}: expected a number and one of "
                    f"{sorted(class_map)}; pass labelmap_path= for other classes"
                )
            labels[int(number)] = class_map[name]
    return labels
