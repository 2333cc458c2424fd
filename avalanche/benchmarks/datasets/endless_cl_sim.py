"""Endless-CL-Sim: streets of a simulator, as image patches to classify or videos to segment.

Layout of the release, one folder per archive::

    Incremental{Classes,Lighting,Weather}_Classification/{Train,Test}/<sequence>/<class>/*.png
    Incremental{Classes,Lighting,Weather}_Video/{Train,Test}/
        Color/0/*.png      the frames
        Seg/0/*.png        the object ids of their pixels
        Sequence.json      the first frame of every sequence
        Segmentation.json  the class of every object id
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..utils.file_datasets import default_image_loader
from .dataset_utils import default_dataset_location
from .downloadable_dataset import DownloadableDataset
from .endless_video import VideoSubSequence, video_sequences
from .image_files import Remote, Transform
from .read_files import read_image, read_json

__all__ = ["SCENARIOS", "ClassificationSubSequence", "EndlessCLSimDataset", "VideoSubSequence"]

SCENARIOS = ("Classes", "Illumination", "Weather")
_NAMES = {"Classes": "Classes", "Illumination": "Lighting", "Weather": "Weather"}
_HOST = "https://zenodo.org/record/4899267/files"
_CHECKSUMS = {
    "IncrementalClasses_Classification": "8f53c18e46de35ba375d6ed8fced5d47",
    "IncrementalClasses_Video": "d354832d0004e16a429f2231f79a4c40",
    "IncrementalLighting_Classification": "61a36070d6aae926ef3d121fd17ec501",
    "IncrementalLighting_Video": "a7cf1914fd6548e57ab268820045f19b",
    "IncrementalWeather_Classification": "60e1a0d50b0091e16424d8e88ae2a2a2",
    "IncrementalWeather_Video": "5fc0718e06faa36da94adefb7e29ac0f",
}
_ENDINGS = {".png", ".jpg", ".jpeg"}

SubSequence: TypeAlias = "ClassificationSubSequence | VideoSubSequence"


class ClassificationSubSequence:
    """The image patches of one sequence: samples ``(image, label)``, read when asked for.

    Args:
        files: ``(path, label)`` of every patch.
        patch_size: side of the patches in pixels; others are scaled to it.
        transform: applied to the patch.
        target_transform: applied to the label.

    Attributes:
        targets: the label of every patch.
    """

    def __init__(
        self,
        files: Sequence[tuple[Path, int]],
        patch_size: int = 64,
        transform: Transform = None,
        target_transform: Transform = None,
    ) -> None:
        self.files = list(files)
        self.targets = [label for _, label in files]
        self.patch_size = patch_size
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.files[index]
        image = read_image(default_image_loader, path, "unpack the archive again")
        if image.size != (self.patch_size, self.patch_size):
            image = image.resize((self.patch_size, self.patch_size))
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            return image, self.target_transform(target)
        return image, target


class EndlessCLSimDataset(DownloadableDataset["tuple[SubSequence, SubSequence]"]):
    """The sequences of one scenario: item i is the training and the test data of sequence i.

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("endless-cl-sim")``.
        scenario: ``Classes``, ``Illumination`` or ``Weather``: what changes from one sequence to
            the next.
        patch_size: side of image patches in pixels; for videos ``(width, height)`` of the frames,
            240x135 if it is a single number.
        transform: applied to the image.
        target_transform: applied to the label.
        download: whether to fetch the files if they are missing.
        semseg: videos with a class per pixel, instead of patches.
        labelmap_path: a json file ``{class name: label}``; by default the names of the patches'
            classes are numbered in alphabetical order, and those of videos as by the simulator.

    Attributes:
        class_names: label of every class name of the patches.

    Raises:
        ValueError: if ``scenario`` is unknown, or files are damaged or do not fit together.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.

    References:
        Hess, Mundt, Pliushch, Ramesh: A Procedural World Generation Framework for Systematic
        Evaluation of Continual Learning, NeurIPS Datasets and Benchmarks 2021.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        scenario: str | None = None,
        patch_size: int | tuple[int, int] = 64,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = True,
        semseg: bool = False,
        labelmap_path: str | Path | None = None,
    ) -> None:
        if scenario not in SCENARIOS:
            raise ValueError(f"scenario={scenario!r}: expected one of {', '.join(SCENARIOS)}")
        if not semseg and not isinstance(patch_size, int):
            raise ValueError(f"patch_size={patch_size!r}: expected an int, patches are square")
        self.scenario = scenario
        self.patch_size = patch_size
        self.transform = transform
        self.target_transform = target_transform
        self.semseg = semseg
        self.labelmap_path = labelmap_path
        self.class_names: dict[str, int] = {}
        self._pairs: list[tuple[SubSequence, SubSequence]] = []
        super().__init__(
            default_dataset_location("endless-cl-sim") if root is None else root, download
        )
        self._load_dataset()

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> tuple[SubSequence, SubSequence]:
        return self._pairs[index]

    @property
    def _archive(self) -> str:
        kind = "Video" if self.semseg else "Classification"
        return f"Incremental{_NAMES[str(self.scenario)]}_{kind}"

    @property
    def _remote(self) -> Remote:
        name = f"{self._archive}.zip"
        return name, f"{_HOST}/{name}", _CHECKSUMS[self._archive]

    def _download_dataset(self) -> None:
        name, url, checksum = self._remote
        self._download_and_extract_archive(url, name, checksum, self._archive)

    def _download_error_message(self) -> str:
        return f"unpack {self._remote[1]} into {self.root / self._archive}"

    def _load_metadata(self) -> bool:
        train, test = self._half("train"), self._half("test")
        labels = self._labelmap()
        if self.semseg:
            halves: list[Sequence[SubSequence]] = [self._videos(f, labels) for f in (train, test)]
        else:
            self.class_names = labels or _class_names([train, test])
            halves = [self._patches(train), self._patches(test)]
        if len(halves[0]) != len(halves[1]):
            raise ValueError(
                f"{train} has {len(halves[0])} sequences, {test} has {len(halves[1])}; expected as "
                "many, unpack the archive again"
            )
        self._pairs = list(zip(*halves, strict=True))
        return True

    def _half(self, name: str) -> Path:
        """The folder of a half; archives may have one folder above the two."""
        top = self.root / self._archive
        for folder in (top, top / self._archive):
            if folder.is_dir():
                for child in sorted(folder.iterdir()):
                    if child.is_dir() and child.name.lower().startswith(name):
                        return child
        raise FileNotFoundError(f"{top / name.title()}: no such folder")

    def _labelmap(self) -> dict[str, int] | None:
        if self.labelmap_path is None:
            return None
        path = Path(self.labelmap_path)
        content = read_json(path, remedy="expected {class name: label} in it")
        if not isinstance(content, dict) or not all(isinstance(v, int) for v in content.values()):
            raise ValueError(f"labelmap_path={str(path)!r}: expected {{class name: label}} in it")
        return content

    def _videos(self, half: Path, labels: dict[str, int] | None) -> list[VideoSubSequence]:
        size = (240, 135) if isinstance(self.patch_size, int) else self.patch_size
        return video_sequences(half, size, labels, self.transform, self.target_transform)

    def _patches(self, half: Path) -> list[ClassificationSubSequence]:
        assert isinstance(self.patch_size, int)
        made = []
        for sequence in _folders(half):
            files = []
            for folder in _folders(sequence):
                if folder.name not in self.class_names:
                    raise ValueError(
                        f"{folder}: class {folder.name!r} is not one of "
                        f"{sorted(self.class_names)}; add it to the label map"
                    )
                images = sorted(p for p in folder.iterdir() if p.suffix.lower() in _ENDINGS)
                files += [(path, self.class_names[folder.name]) for path in images]
            if not files:
                raise ValueError(f"{sequence}: has no images; unpack the archive again")
            made.append(
                ClassificationSubSequence(
                    files, self.patch_size, self.transform, self.target_transform
                )
            )
        return made


def _class_names(halves: Sequence[Path]) -> dict[str, int]:
    found = {c.name for half in halves for sequence in _folders(half) for c in _folders(sequence)}
    return {name: label for label, name in enumerate(sorted(found))}


def _folders(path: Path) -> list[Path]:
    """The folders in a folder, in the order of their numbers where they have them."""

    def key(folder: Path) -> tuple[int, str]:
        digits = "".join(c for c in folder.name if c.isdigit())
        return (int(digits) if digits else 0, folder.name)

    return sorted((p for p in path.iterdir() if p.is_dir()), key=key)
