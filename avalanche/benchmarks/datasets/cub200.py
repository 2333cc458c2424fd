"""Caltech-UCSD Birds: photographs of 200 species, cropped to the bird."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..utils.file_datasets import default_image_loader
from .image_files import ImageFilesDataset, read_lines

__all__ = ["CUB200"]

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py
_URL = "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz"
_MD5 = "97eceeb196236b17998738112f37df78"
_FOLDER = "CUB_200_2011"
_N_SPECIES = 200


class CUB200(ImageFilesDataset):
    """CUB-200-2011 (Wah et al., 2011): 11,788 photographs, about half of them for training.

    A sample is the part of the photograph inside the bird's bounding box, and the number of its
    species. The files are those of the release: ``images.txt``, ``image_class_labels.txt``,
    ``train_test_split.txt``, ``bounding_boxes.txt`` and the folder ``images``.

    Args:
        root: the folder that has ``CUB_200_2011``, or that folder itself. By default
            ``default_dataset_location("CUB_200_2011")``.
        train: the training samples, else the test samples.
        transform: applied to the image (PIL, RGB).
        target_transform: applied to the label.
        loader: reads one image from its path.
        download: whether to fetch the data set if it is not there.

    Attributes:
        targets: species of every sample, from 0 to 199.
        boxes: ``(left, top, right, bottom)`` of every sample in pixels.
        classes: names of the species, such as ``001.Black_footed_Albatross``.

    Raises:
        FileNotFoundError: if the data set is not there and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a file of the release is damaged.
    """

    remote_files = ((f"{_FOLDER}.tgz", _URL, _MD5),)

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        loader: Callable[[Any], Any] = default_image_loader,
        download: bool = True,
    ) -> None:
        self.train = train
        self.classes: list[str] = []
        self.boxes: list[tuple[int, int, int, int]] = []
        super().__init__(
            _FOLDER,
            root,
            transform=transform,
            target_transform=target_transform,
            loader=loader,
            download=download,
        )

    def _load_metadata(self) -> bool:
        folder = self.root / _FOLDER if (self.root / _FOLDER).is_dir() else self.root
        if not (folder / "images.txt").is_file():
            return False
        names = _by_number(folder / "images.txt", 1)
        labels = _by_number(folder / "image_class_labels.txt", 1, names)
        splits = _by_number(folder / "train_test_split.txt", 1, names)
        boxes = _by_number(folder / "bounding_boxes.txt", 4, names)
        if (folder / "classes.txt").is_file():
            self.classes = [v[0] for v in _by_number(folder / "classes.txt", 1).values()]
        images = folder / "images"
        if not images.is_dir():
            raise FileNotFoundError(f"{images}: no such folder, though images.txt lists its files")
        prefix = images.relative_to(self.root).as_posix()
        chosen = [n for n in names if splits[n][0] == str(int(self.train))]
        self.paths = [f"{prefix}/{names[n][0]}" for n in chosen]
        self.targets = [_species(labels[n][0], folder) for n in chosen]
        self.boxes = [_corners([float(v) for v in boxes[n]]) for n in chosen]
        return True

    def _download_dataset(self) -> None:
        for name, url, checksum in self.remote_files:
            self._download_and_extract_archive(url, name, checksum)

    def _image(self, index: int) -> Any:
        return super()._image(index).crop(self.boxes[index])


def _species(label: str, folder: Path) -> int:
    if not label.isdigit() or not 1 <= int(label) <= _N_SPECIES:
        raise ValueError(
            f"{folder / 'image_class_labels.txt'}: label {label!r}, expected 1 to {_N_SPECIES}; "
            "unpack the archive again"
        )
    return int(label) - 1


def _corners(box: list[float]) -> tuple[int, int, int, int]:
    """Left, top, width and height in pixels as the corners that PIL wants."""
    left, top, width, height = (int(v) for v in box)
    return left, top, left + width, top + height


def _by_number(
    path: Path, n_values: int, expected: dict[int, list[str]] | None = None
) -> dict[int, list[str]]:
    """Read lines ``<number> <value> ...``; the numbers must be those expected.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a line of another form, or if numbers are missing.
    """
    found: dict[int, list[str]] = {}
    for line in read_lines(path):
        number, *values = line.split()
        if not number.isdigit() or len(values) != n_values:
            raise ValueError(
                f"{path}: line {line!r}: expected a number and {n_values} value(s); unpack the "
                "archive again"
            )
        found[int(number)] = values
    if expected is not None and found.keys() != expected.keys():
        odd = sorted(found.keys() ^ expected.keys())[:5]
        raise ValueError(
            f"{path}: {len(found)} samples, images.txt has {len(expected)}; numbers {odd} are in "
            "one of them only: unpack the archive again"
        )
    return found
