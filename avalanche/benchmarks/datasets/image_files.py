"""What data sets of image files have in common: paths and labels known, images read when asked."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..utils.file_datasets import default_image_loader
from .dataset_utils import default_dataset_location
from .downloadable_dataset import DownloadableDataset
from .read_files import read_image, read_text

__all__ = ["ImageFilesDataset", "Remote", "read_lines"]

Transform: TypeAlias = Callable[[Any], Any] | None
Remote: TypeAlias = tuple[str, str, str | None]  # file name, address, checksum


class ImageFilesDataset(DownloadableDataset[tuple[Any, Any]], ABC):
    """Base of data sets whose samples are ``(image, label)``, one file per image.

    A subclass sets :attr:`paths` and :attr:`targets` in ``_load_metadata`` and names the files of
    the release in :attr:`remote_files`.

    Args:
        name: of the folder in the default location, used where ``root`` is None.
        root: the folder of the data set.
        transform: applied to the image.
        target_transform: applied to the label of a sample (``targets`` stay as they are).
        loader: reads one image from its path.
        download: whether to fetch the data set if it is not there.
        verbose: kept for subclasses that report what they do.

    Attributes:
        paths: path of every image, relative to ``root``.
        targets: label of every image, known without opening it.
    """

    remote_files: Sequence[Remote] = ()

    def __init__(
        self,
        name: str,
        root: str | Path | None,
        *,
        transform: Transform = None,
        target_transform: Transform = None,
        loader: Callable[[Any], Any] = default_image_loader,
        download: bool = True,
        verbose: bool = False,
    ) -> None:
        super().__init__(default_dataset_location(name) if root is None else root, download)
        self.verbose = verbose
        self.transform = transform
        self.target_transform = target_transform
        self.loader = loader
        self.paths: list[str] = []
        self.targets: list[int] = []
        self._load_dataset()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self._image(index), self.targets[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            return image, self.target_transform(target)
        return image, target

    def _image(self, index: int) -> Any:
        path = self.root / self.paths[index]
        try:
            return read_image(self.loader, path, f"unpack the images into {self.root} again")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{path}: no such image, the metadata of {type(self).__name__} lists it; unpack "
                f"the images into {self.root} again"
            ) from error

    def _download_dataset(self) -> None:
        for name, url, checksum in self.remote_files:
            path = self._download_file(url, name, checksum)
            if path.suffix == ".zip":
                self._extract_archive(path)

    def _download_error_message(self) -> str:
        files = ", ".join(url for _, url, _ in self.remote_files)
        return f"fetch {files} into {self.root} and unpack the archives there"

    def _folder(self, name: str) -> Path:
        """A folder of the release, which must be there."""
        folder = self.root / name
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder}: no such folder")
        return folder


def read_lines(path: Path) -> list[str]:
    """The lines of a text file without those that are empty.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no text.
    """
    return [line.strip() for line in read_text(path).splitlines() if line.strip()]
