"""Tiny ImageNet: 200 classes of ImageNet in images of 64x64 pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..utils.file_datasets import default_image_loader
from .image_files import ImageFilesDataset, read_lines

__all__ = ["TinyImagenet"]

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py
_FOLDER = "tiny-imagenet-200"
_N_CLASSES = 200


class TinyImagenet(ImageFilesDataset):
    """Tiny ImageNet (Stanford CS231n): 500 training and 50 test images of each class.

    Test images are those of the folder ``val``; the labels of the release's own test set are not
    public. Classes are numbered in the order of ``wnids.txt``.

    Args:
        root: the folder that has ``tiny-imagenet-200``, or that folder itself. By default
            ``default_dataset_location("tinyimagenet")``.
        train: the training samples, else the test samples.
        transform: applied to the image (PIL, RGB).
        target_transform: applied to the label.
        loader: reads one image from its path.
        download: whether to fetch the data set if it is not there.

    Attributes:
        data_folder: the folder ``tiny-imagenet-200``.
        label2id: class number of every WordNet id.
        id2label: WordNet id of every class number.
        targets: class of every sample.

    Raises:
        FileNotFoundError: if the data set is not there and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a file of the release is damaged.
    """

    remote_files = (
        (
            f"{_FOLDER}.zip",
            "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
            "90528d7ca1a48142e341f4ef8d21d0de",
        ),
    )

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
        self.data_folder = Path()
        self.label2id: dict[str, int] = {}
        self.id2label: dict[int, str] = {}
        self._val_files: dict[str, list[Path]] = {}
        super().__init__(
            "tinyimagenet",
            root,
            transform=transform,
            target_transform=target_transform,
            loader=loader,
            download=download,
        )

    def _load_metadata(self) -> bool:
        below = self.root / _FOLDER
        self.data_folder = below if below.is_dir() else self.root
        if not (self.data_folder / "wnids.txt").is_file():
            return False
        self.label2id, self.id2label = self.labels2dict(self.data_folder)
        files, self.targets = self.load_data()
        self.paths = [file.relative_to(self.root).as_posix() for file in files]
        return True

    @staticmethod
    def labels2dict(data_folder: Path) -> tuple[dict[str, int], dict[int, str]]:
        """Read ``wnids.txt``: class number by WordNet id, and the other way round.

        Raises:
            ValueError: if it does not list 200 different ids.
        """
        path = Path(data_folder) / "wnids.txt"
        wnids = read_lines(path)
        if len(wnids) != _N_CLASSES or len(set(wnids)) != _N_CLASSES:
            raise ValueError(
                f"{path}: {len(set(wnids))} different ids in {len(wnids)} lines, expected "
                f"{_N_CLASSES}; unpack the archive again"
            )
        return {w: i for i, w in enumerate(wnids)}, dict(enumerate(wnids))

    def load_data(self) -> tuple[list[Path], list[int]]:
        """Path and class of every sample of the split, class by class."""
        listed = self.get_train_images_paths if self.train else self.get_test_images_paths
        files: list[Path] = []
        targets: list[int] = []
        for label, wnid in self.id2label.items():
            found = listed(wnid)
            files += found
            targets += [label] * len(found)
        return files, targets

    def get_train_images_paths(self, class_name: str) -> list[Path]:
        """Training images of a class, by name.

        Args:
            class_name: the WordNet id, such as ``n01443537``.

        Raises:
            FileNotFoundError: if the class has no folder or no image.
        """
        folder = self.data_folder / "train" / class_name / "images"
        files = sorted(folder.glob("*.JPEG"))
        if not files:
            raise FileNotFoundError(
                f"{folder}: no .JPEG image of class {class_name}; unpack the archive again"
            )
        return files

    def get_test_images_paths(self, class_name: str) -> list[Path]:
        """Test images of a class, in the order of ``val/val_annotations.txt``.

        Args:
            class_name: the WordNet id, such as ``n01443537``.

        Raises:
            ValueError: if the annotations are damaged or name no image of the class.
        """
        if not self._val_files:
            self._val_files = self._read_annotations()
        return self._val_files[class_name]

    def _read_annotations(self) -> dict[str, list[Path]]:
        path = self.data_folder / "val" / "val_annotations.txt"
        found: dict[str, list[Path]] = {wnid: [] for wnid in self.label2id}
        for line in read_lines(path):
            name, *values = line.split("\t")
            if not values or values[0] not in found:
                raise ValueError(
                    f"{path}: line {line!r}: expected a file, a tab and an id of wnids.txt; "
                    "unpack the archive again"
                )
            found[values[0]].append(path.parent / "images" / name)
        empty = [wnid for wnid, files in found.items() if not files]
        if empty:
            raise ValueError(f"{path}: no image of {empty[:5]}; unpack the archive again")
        return found
