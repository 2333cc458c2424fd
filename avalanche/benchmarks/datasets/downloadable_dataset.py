"""Data sets that fetch themselves: load what is there, else download, then load again."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from torch.utils.data import Dataset

from .archives import extract_archive
from .dataset_utils import default_dataset_location
from .download import DownloadError, download_file, has_checksum

__all__ = ["DownloadableDataset", "SimpleDownloadableDataset"]

T_co = TypeVar("T_co", covariant=True)


class DownloadableDataset(Dataset[T_co], ABC):
    """Base of data sets that can be downloaded.

    A subclass sets its own fields, calls ``super().__init__`` and then ``self._load_dataset()``,
    and implements three methods: ``_load_metadata`` reads what is on disk and says whether the
    data set is there; ``_download_dataset`` fetches it with the helpers below;
    ``_download_error_message`` tells what to do by hand.

    Args:
        root: the folder of the data set.
        download: whether to fetch it if it is not there.
        verbose: kept for subclasses that report what they do.

    Attributes:
        root: the folder, as a ``Path``.
        downloadable: whether anybody may download it; False for data that needs a registration.
    """

    downloadable: ClassVar[bool] = True

    def __init__(self, root: str | Path, download: bool = True, verbose: bool = False) -> None:
        super().__init__()
        self.root = Path(root).expanduser()
        self.download = download
        self.verbose = verbose

    def _load_dataset(self) -> None:
        """Load what is there; if it is not, download it (where allowed) and load it.

        Raises:
            FileNotFoundError: if the data is not there and ``download`` is off.
            RuntimeError: if the download fails, or does not bring what is expected.
            ValueError: if a file that is there is damaged. Nothing is deleted.
        """
        missing: FileNotFoundError | None = None
        try:
            if self._load_metadata():
                return
        except FileNotFoundError as error:
            missing = error
        if not self.download:
            what = f" ({missing})" if missing is not None else ""
            way = "pass download=True, or do it by hand: " if self.downloadable else ""
            raise FileNotFoundError(
                f"root={str(self.root)!r}: {type(self).__name__} is not there{what}; "
                f"{way}{self._download_error_message()}"
            ) from missing
        try:
            self._download_dataset()
        except DownloadError as error:  # says already what to do by hand
            raise DownloadError(f"{type(self).__name__}: {error}") from error
        except (OSError, RuntimeError) as error:
            raise RuntimeError(
                f"{type(self).__name__}: {error}; by hand: {self._download_error_message()}"
            ) from error
        if not self._load_metadata():
            raise RuntimeError(
                f"root={str(self.root)!r}: the download of {type(self).__name__} is complete, "
                "but the expected files are not in it; by hand: "
                f"{self._download_error_message()}"
            )

    @abstractmethod
    def _download_dataset(self) -> None:
        """Fetch the files into ``self.root``."""

    @abstractmethod
    def _load_metadata(self) -> bool:
        """Read file lists and labels from ``self.root``; False if they are not there.

        Raise FileNotFoundError to say what exactly is missing, ValueError for damaged files.
        """

    @abstractmethod
    def _download_error_message(self) -> str:
        """What to fetch from where, and where to put it, in one sentence."""

    def _cleanup_dataset_root(self) -> None:
        """Delete the data set's folder with everything in it. Never called by the library."""
        if self.root.is_dir():
            shutil.rmtree(self.root)

    def _download_file(
        self, url: str | Sequence[str], file_name: str, checksum: str | None
    ) -> Path:
        """Fetch one file into the root, resuming; see :func:`~.download.download_file`."""
        return download_file(url, self.root / file_name, checksum)

    def _extract_archive(
        self,
        path: str | Path,
        sub_directory: str | None = None,
        remove_archive: bool = False,
    ) -> Path:
        """Unpack an archive into the root, or a folder in it; returns that folder."""
        folder = self.root if sub_directory is None else self.root / sub_directory
        extract_archive(path, folder)
        if remove_archive:
            Path(path).unlink()
        return folder

    def _download_and_extract_archive(
        self,
        url: str | Sequence[str],
        file_name: str,
        checksum: str | None,
        sub_directory: str | None = None,
        remove_archive: bool = False,
    ) -> Path:
        """Fetch an archive and unpack it; returns the folder that it is unpacked into."""
        path = self._download_file(url, file_name, checksum)
        return self._extract_archive(path, sub_directory, remove_archive)

    def _check_file(self, path: str | Path, checksum: str) -> bool:
        """Whether the file exists and has the checksum."""
        return has_checksum(path, checksum)


class SimpleDownloadableDataset(DownloadableDataset[T_co]):
    """A data set that is one archive; a subclass implements ``_load_metadata``.

    Args:
        root_or_dataset_name: the folder (a ``Path``, or a string with a separator or of an
            absolute path), or the name of one in the default location.
        url: the address of the archive, or several mirrors.
        checksum: of the archive, in hexadecimal digits; None to check nothing.
        download: whether to fetch it if it is not there.
        verbose: see :class:`DownloadableDataset`.
    """

    def __init__(
        self,
        root_or_dataset_name: str | Path,
        url: str | Sequence[str],
        checksum: str | None,
        download: bool = False,
        verbose: bool = False,
    ) -> None:
        super().__init__(_root(root_or_dataset_name), download, verbose)
        self.url = url
        self.checksum = checksum

    def _download_dataset(self) -> None:
        self._download_and_extract_archive(self.url, self._archive_name, self.checksum)

    def _download_error_message(self) -> str:
        first = self.url if isinstance(self.url, str) else self.url[0]
        return f"unpack {first} into {self.root}"

    @property
    def _archive_name(self) -> str:
        first = self.url if isinstance(self.url, str) else self.url[0]
        return PurePosixPath(urlsplit(first).path).name


def _root(root_or_dataset_name: Any) -> Path:
    if isinstance(root_or_dataset_name, str):
        path = Path(root_or_dataset_name).expanduser()
        if not path.is_absolute() and len(path.parts) == 1:
            return default_dataset_location(root_or_dataset_name)
        return path
    return Path(root_or_dataset_name)
