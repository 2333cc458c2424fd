"""Data sets in four IDX files, as MNIST has them: found, fetched and read as bytes in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from .archives import extract_archive
from .dataset_utils import default_dataset_location
from .download import download_file
from .idx import read_idx

_FILES = {
    True: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    False: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_NAMES = [name for pair in _FILES.values() for name in pair]


@dataclass(frozen=True)
class IdxFamily:
    """A data set of the family.

    Args:
        name: as in the literature; its files are looked for in ``<root>/<name>/raw``.
        location: the name of its folder in the default location.
        mirrors: addresses of folders that have the four files, compressed.
        checksums: md5 of the compressed files: training images and labels, then test.
    """

    name: str
    location: str
    mirrors: tuple[str, ...]
    checksums: tuple[str, ...]

    def tensors(
        self, train: bool, dataset_root: str | Path | None, download: bool
    ) -> tuple[Tensor, Tensor]:
        """uint8 images ``(samples, 1, 28, 28)`` and int64 labels ``(samples,)``.

        Raises:
            FileNotFoundError: if files are missing and ``download`` is off.
            RuntimeError: if the download fails.
            ValueError: if a file is damaged or images and labels do not belong together.
        """
        located = dataset_root is not None
        root = Path(dataset_root or "") if located else default_dataset_location(self.location)
        folder = self._find_folder(root)
        if folder is None and download:
            self._download(root)
            folder = self._find_folder(root)
        if folder is None:
            raise FileNotFoundError(self._missing(root))
        image_file, label_file = (_file(folder, name) for name in _FILES[train])
        assert image_file is not None
        assert label_file is not None
        images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
        if len(images) != len(labels):
            raise ValueError(
                f"{image_file} has {len(images)} images, {label_file} has {len(labels)} labels: "
                "expected as many; fetch both again"
            )
        return images.unsqueeze(1), labels.long()

    def _candidates(self, root: Path) -> list[Path]:
        return [root / self.name / "raw", root / "raw", root]

    def _find_folder(self, root: Path) -> Path | None:
        """The first folder that has all four files."""
        for folder in self._candidates(root):
            if all(_file(folder, name) is not None for name in _NAMES):
                return folder
        return None

    def _missing(self, root: Path) -> str:
        absent = min(
            ([n for n in _NAMES if _file(f, n) is None] for f in self._candidates(root)), key=len
        )
        looked = ", ".join(str(folder) for folder in self._candidates(root))
        return (
            f"dataset_root={str(root)!r}: {self.name} files {', '.join(absent)} (or .gz) not "
            f"found in {looked}; put them into one of these folders, or name the folder that has "
            "them with dataset_root"
        )

    def _download(self, root: Path) -> None:
        """Fetch and unpack the files that are missing, into ``<root>/<name>/raw``."""
        folder = root / self.name / "raw"
        try:
            for name, checksum in zip(_NAMES, self.checksums, strict=True):
                if _file(folder, name) is None:
                    urls = [f"{mirror}{name}.gz" for mirror in self.mirrors]
                    packed = download_file(urls, folder / f"{name}.gz", checksum)
                    extract_archive(packed, folder)
                    packed.unlink()
        except (OSError, RuntimeError) as error:
            raise RuntimeError(
                f"dataset_root={str(root)!r}: {self.name} is not there and can't be downloaded "
                f"({error}); connect to a network, or put the four IDX files into {folder} by hand"
            ) from error


def _file(folder: Path, name: str) -> Path | None:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None
