"""Stream-51: frames of videos of 51 classes, in order, and test images of further classes.

Layout of the release::

    Stream-51_meta_train.json   list of [class, clip, video, frame, size, box, path] per frame
    Stream-51_meta_test.json    the same; classes that training lacks are out of distribution
    train/ test/                the images

The box is ``[right, left, bottom, top]`` in pixels; the path is relative to the folder.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..utils.file_datasets import default_image_loader
from .image_files import ImageFilesDataset, Remote, Transform
from .read_files import read_json

__all__ = ["ORDERINGS", "Stream51", "crop_box", "read_stream51_metadata"]

ORDERINGS = ("iid", "class_iid", "instance", "class_instance")
_FRAME = 3  # the field that is 0 where a clip starts
_REMOTE: list[Remote] = [
    (
        "Stream-51.zip",
        "http://klab.cis.rit.edu/files/Stream-51.zip",
        "5f34d542b71af7e5ecb2226d1bc7297c",
    )
]


class Stream51(ImageFilesDataset):
    """The frames of Stream-51, cropped to the object.

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("stream51")``.
        train: the training frames, else the test frames (with those of novel classes).
        transform: applied to the cropped image.
        target_transform: applied to the label.
        loader: reads one image from its path.
        download: whether to fetch the files if they are missing.

    Attributes:
        samples: the metadata of every frame, as in the file.
        bbox_crop: whether images are cropped to their box; on by default.
        ratio: how much larger than the box the crop is; 1.1 by default.

    Raises:
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a metadata file is damaged.

    References:
        Roady, Hayes, Vaidya, Kanan: Stream-51: Streaming Classification and Novelty Detection
        From Videos, CVPR Workshops 2020.
    """

    remote_files = _REMOTE

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        train: bool = True,
        transform: Transform = None,
        target_transform: Transform = None,
        loader: Callable[[Any], Any] = default_image_loader,
        download: bool = True,
    ) -> None:
        self.train = train
        self.bbox_crop = True
        self.ratio = 1.1
        self.samples: list[list[Any]] = []
        super().__init__(
            "stream51",
            root,
            transform=transform,
            target_transform=target_transform,
            loader=loader,
            download=download,
        )

    def _load_metadata(self) -> bool:
        name = f"Stream-51_meta_{'train' if self.train else 'test'}.json"
        self.samples = read_stream51_metadata(self._metadata_file(name))
        self.targets = [int(sample[0]) for sample in self.samples]
        folder = self._metadata_file(name).parent.relative_to(self.root)
        self.paths = [str(folder / sample[-1]) for sample in self.samples]
        return True

    def _metadata_file(self, name: str) -> Path:
        """In the folder itself, or in the one that the archive unpacks to."""
        nested = self.root / "Stream-51" / name
        return nested if nested.is_file() else self.root / name

    def _image(self, index: int) -> Any:
        image = super()._image(index)
        if not self.bbox_crop:
            return image
        return image.crop(crop_box(self.samples[index][-2], image.size, self.ratio))

    @staticmethod
    def make_dataset(
        data_list: Sequence[Any], ordering: str = "class_instance", seed: int = 666
    ) -> list[Any]:
        """Put frames into one of the orders of the paper.

        Args:
            data_list: the metadata of the frames, in the order of the file.
            ordering: ``iid`` shuffles all frames, ``class_iid`` the classes and the frames of
                each, ``instance`` the clips, ``class_instance`` the classes and the clips of
                each; frames of a clip stay in order.
            seed: of the order; the orders are those of the original code.

        Raises:
            ValueError: if ``ordering`` is no order.

        Example:
            >>> frames = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 1]]
            >>> [f[2:] for f in Stream51.make_dataset(frames, "instance", seed=1)]
            [[1, 0], [1, 1], [0, 0], [0, 1]]
        """
        data = list(data_list)
        if ordering == "iid":
            return _shuffled(data, seed)
        if ordering == "instance":
            return _by_clip(data, seed)
        if ordering not in ORDERINGS:
            raise ValueError(f"ordering={ordering!r}: expected one of {', '.join(ORDERINGS)}")
        inner = _shuffled if ordering == "class_iid" else _by_clip
        classes = [
            inner([x for x in data if x[0] == label], seed)
            for label in sorted({x[0] for x in data})
        ]
        return [x for group in _shuffled(classes, seed) for x in group]


def read_stream51_metadata(path: Path) -> list[list[Any]]:
    """Read a metadata file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no list of ``[class, ..., frame, ..., box, path]``.
    """
    samples = read_json(path, remedy="unpack Stream-51.zip again")
    for number, sample in enumerate(samples if isinstance(samples, list) else [samples]):
        whole = isinstance(sample, list) and len(sample) >= 6
        if not (whole and isinstance(sample[0], int) and len(sample[-2]) == 4):
            raise ValueError(
                f"{path}, entry {number}: {str(sample)[:80]}: expected [class, clip, video, frame, "
                "..., [right, left, bottom, top], path]; unpack Stream-51.zip again"
            )
    return list(samples)


def crop_box(
    box: Sequence[float], size: tuple[int, int], ratio: float
) -> tuple[int, int, int, int]:
    """The part of an image to keep: the object's box, enlarged around its centre.

    Args:
        box: ``[right, left, bottom, top]`` in pixels.
        size: width and height of the image.
        ratio: how much larger than the box the part is.

    Returns:
        ``(left, top, right, bottom)``, inside the image.

    Example:
        >>> crop_box([32, 8, 28, 6], (40, 30), ratio=1.1)
        (6, 4, 33, 29)
    """
    right, left, bottom, top = box
    width, height = right - left, bottom - top
    x, y = int(left + width / 2), int(top + height / 2)
    return (
        max(int(x - width * ratio / 2), 0),
        max(int(y - height * ratio / 2), 0),
        min(int(x + width * ratio / 2), size[0]),
        min(int(y + height * ratio / 2), size[1]),
    )


def _shuffled(items: list[Any], seed: int) -> list[Any]:
    items = list(items)
    random.Random(seed).shuffle(items)
    return items


def _by_clip(data: list[Any], seed: int) -> list[Any]:
    """Clips in random order; a clip starts at a frame numbered 0."""
    clips: list[list[Any]] = []
    for sample in data:
        if sample[_FRAME] == 0 or not clips:
            clips.append([])
        clips[-1].append(sample)
    return [sample for clip in _shuffled(clips, seed) for sample in clip]
