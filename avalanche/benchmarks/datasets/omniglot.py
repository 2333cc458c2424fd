"""Omniglot: 1,623 handwritten characters of 50 alphabets, each drawn by 20 people."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..utils.columns import ImageBatch
from .dataset_utils import default_dataset_location
from .download import DownloadError, download_file

__all__ = ["Omniglot", "OmniglotImages", "omniglot_images"]

_SIDE = 105  # pixels
_URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"
_PARTS = {True: "images_background", False: "images_evaluation"}
_CHECKSUMS = {
    True: "68d2efa1b9178cc56df9314c21c6e718",
    False: "6b91aef0f799c5bb55b94e3f2daec811",
}
_FILE_NAME = re.compile(r"\d+_(\d+)\.png")  # <character number>_<number of the drawer>.png


@dataclass(frozen=True, eq=False)
class OmniglotImages:
    """A part of Omniglot in memory, ordered by alphabet, character and drawer.

    Args:
        pixels: uint8 ``(samples, 1, 105, 105)``: ink is 0, paper 255.
        labels: int64 ``(samples,)``, the position of the character in ``characters``.
        drawers: int64 ``(samples,)``, from 1 to 20.
        characters: ``(alphabet, character)`` of every class, sorted.
    """

    pixels: Tensor
    labels: Tensor
    drawers: Tensor
    characters: tuple[tuple[str, str], ...]

    @property
    def alphabets(self) -> list[list[int]]:
        """The classes of every alphabet, in alphabetical order."""
        found: dict[str, list[int]] = {}
        for label, (alphabet, _) in enumerate(self.characters):
            found.setdefault(alphabet, []).append(label)
        return list(found.values())


_LOADED: WeakValueDictionary[tuple[Any, ...], OmniglotImages] = WeakValueDictionary()


def omniglot_images(
    train: bool = True, dataset_root: str | Path | None = None, download: bool = False
) -> OmniglotImages:
    """Decode a part of Omniglot (Lake et al., 2015) into memory.

    Args:
        train: the background set (964 characters of 30 alphabets), else the evaluation set (659
            of 20 other alphabets).
        dataset_root: a folder that has ``images_background`` and ``images_evaluation``, as
            folders or as the zip archives of the release (also in ``omniglot-py`` below it); or
            one such folder or archive itself, for instance ``images_background_small1.zip``,
            which is then read whatever ``train`` says. By default
            ``default_dataset_location("omniglot")``.
        download: whether to fetch the archive if it is missing.

    Raises:
        FileNotFoundError: if the part is missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if the archive is damaged or an image is not what it should be.
    """
    located = dataset_root is not None
    root = Path(dataset_root or "") if located else default_dataset_location("omniglot")
    place = _find(root, train)
    if place is None and download:
        place = _download(root, train)
    if place is None:
        name = _PARTS[train]
        raise FileNotFoundError(
            f"dataset_root={str(root)!r}: Omniglot's {name} or {name}.zip is not there, nor in "
            f"omniglot-py below it; put {_URL}{name}.zip there, or name the folder that has it "
            "with dataset_root"
        )
    key = (str(place.resolve()), place.stat().st_mtime_ns)
    found = _LOADED.get(key)
    if found is None:
        found = _read(place)
        _LOADED[key] = found
    return found


class Omniglot(Dataset[tuple[Any, int]]):
    """Omniglot as a dataset of PIL images (mode ``L``) with the number of their character.

    Args:
        root: see :func:`omniglot_images`.
        train: the background set, else the evaluation set.
        transform: applied to the image.
        target_transform: applied to the label.
        download: whether to fetch the archive if it is missing.

    Attributes:
        targets: the label of every sample, a list of ints.
        characters: ``(alphabet, character)`` of every class.
    """

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root = Path(root)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        self._images = omniglot_images(train, root, download)
        self.targets: list[int] = self._images.labels.tolist()
        self.characters = self._images.characters

    @property
    def data(self) -> Tensor:
        """All images, uint8 ``(samples, 105, 105)``."""
        return self._images.pixels[:, 0]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = ImageBatch(self._images.pixels[index].unsqueeze(0)).to_pil()[0]
        target: Any = self.targets[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


def _find(root: Path, train: bool) -> Path | None:
    name = _PARTS[train]
    for folder in (root, root / "omniglot-py", root / "omniglot-py" / "omniglot-py"):
        for place in (folder / name, folder / f"{name}.zip"):
            if place.exists():
                return place
    if root.suffix == ".zip" and root.is_file():
        return root
    is_part = root.is_dir() and any(root.glob("*/character*"))
    return root if is_part else None


def _download(root: Path, train: bool) -> Path:
    name = f"{_PARTS[train]}.zip"
    target = root / "omniglot-py" / name
    try:
        return download_file(_URL + name, target, _CHECKSUMS[train])
    except (DownloadError, OSError) as error:
        raise RuntimeError(f"Omniglot is not there and {error}") from error


def _read(place: Path) -> OmniglotImages:
    """Every ``<alphabet>/<character>/<number>_<drawer>.png`` of a folder or an archive."""
    found: dict[tuple[str, str], list[tuple[int, bytes]]] = {}
    for name, content in _contents(place):
        alphabet, character, file = PurePosixPath(name).parts[-3:]
        match = _FILE_NAME.fullmatch(file)
        if match is None:
            raise ValueError(
                f"{place}: {name}: expected a name such as 0108_01.png (character and drawer); "
                "remove the file or get the archive again"
            )
        found.setdefault((alphabet, character), []).append((int(match[1]), content))
    if not found:
        raise ValueError(
            f"{place}: no image in it; expected <alphabet>/<character>/<number>_<drawer>.png"
        )
    characters = tuple(sorted(found))
    labels, drawers, images = [], [], []
    for label, key in enumerate(characters):
        for drawer, content in sorted(found[key], key=lambda pair: pair[0]):
            labels.append(label)
            drawers.append(drawer)
            images.append(_decode(content, f"{place}: {'/'.join(key)}, drawer {drawer}"))
    pixels = torch.from_numpy(np.stack(images)).unsqueeze(1)
    return OmniglotImages(pixels, torch.tensor(labels), torch.tensor(drawers), characters)


def _contents(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for file in place.glob("*/*/*.png"):
            yield file.relative_to(place).as_posix(), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                if name.endswith(".png") and len(PurePosixPath(name).parts) >= 3:
                    yield name, archive.read(name)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{place}: damaged zip archive ({error}); fetch it again") from error


def _decode(content: bytes, what: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image.convert("L"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"{what}: no image ({error}); get the archive again") from error
    if pixels.shape != (_SIDE, _SIDE):
        raise ValueError(
            f"{what}: {pixels.shape} pixels, expected ({_SIDE}, {_SIDE}); get the archive again"
        )
    return pixels
