"""CLEAR: photos of ten years, one bucket of time per task, as images or as features.

Two layouts exist. ``clear10`` and ``clear100`` have the folders ``train`` and ``test``, each with::

    labeled_metadata.json          {bucket: {class: path of a json file}}
    <that json file>               {id: {"IMG_PATH": path of the image}}
    class_names.txt                one class per line
    features/<type>/features.json  {bucket: {class: path of a .pth file}}

Paths are relative to that folder. ``clear10_neurips2021`` and ``clear100_cvpr2022`` have one folder
``training_folder`` that the user splits, and ``class_names.txt`` beside it::

    bucket_indices.json                                       list of buckets
    filelists/<bucket>/all.txt                                "path label" per line
    testset_ratio_0.3/split_<seed>/<bucket>/{train,test}.txt  the same for the 70/30 splits
    features/<type>/<bucket>/all.pth                          one tensor per line of all.txt
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from torch import Tensor

from ..utils.file_datasets import default_flist_reader, default_image_loader
from .clear_features import read_features
from .dataset_utils import default_dataset_location
from .downloadable_dataset import DownloadableDataset
from .image_files import Remote, Transform, read_lines
from .read_files import read_image, read_json

__all__ = [
    "CLEAR_FEATURE_TYPES",
    "SEED_LIST",
    "SPLIT_OPTIONS",
    "CLEARDataset",
    "clear10",
    "clear10_neurips2021",
    "clear100",
    "clear100_cvpr2022",
]

_HOST = "https://huggingface.co/datasets/elvishelvis6/CLEAR-Continual_Learning_Benchmark"
_FILES = f"{_HOST}/resolve/main"


def _archives(*names: str) -> list[Remote]:
    """No checksums: the publisher names none."""
    return [(name, f"{_FILES}/{name}", None) for name in names]


clear10 = _archives("clear10-train.zip", "clear10-test.zip")
clear100 = _archives("clear100-train.zip", "clear100-test.zip")
clear10_neurips2021 = _archives("clear10-public.zip")
clear100_cvpr2022 = _archives("clear100-workshop-avalanche.zip")
_RELEASES: dict[str, list[Remote]] = {
    "clear10": clear10,
    "clear100": clear100,
    "clear10_neurips2021": clear10_neurips2021,
    "clear100_cvpr2022": clear100_cvpr2022,
}
SPLIT_OPTIONS = ("all", "train", "test")
SEED_LIST = (0, 1, 2, 3, 4)  # the 70/30 splits that the releases come with
_ALL_TYPES = ("moco_b0", "moco_imagenet", "byol_imagenet", "imagenet")
CLEAR_FEATURE_TYPES = dict.fromkeys(_RELEASES, _ALL_TYPES)

Samples = list[list[tuple[str, int]]]  # (path relative to root, label), by bucket


class CLEARDataset(DownloadableDataset[tuple[Any, int]]):
    """All labelled images of a CLEAR release, one list per bucket of time.

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location(data_name)``.
        data_name: ``clear10``, ``clear100``, ``clear10_neurips2021`` or ``clear100_cvpr2022``.
        download: whether to fetch the files if they are missing.
        verbose: kept for compatibility.

    Attributes:
        buckets: name of every bucket, in order of time.
        class_names: name of every label.
        samples: ``(path relative to root, label)`` of every image, by bucket.
        targets: label of every image, all buckets one after the other.

    Raises:
        ValueError: if ``data_name`` is unknown, or a metadata file is damaged.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.

    References:
        Lin, Shi, Pathak, Ramanan: The CLEAR Benchmark: Continual LEArning on Real-World Imagery,
        NeurIPS Datasets and Benchmarks 2021.
    """

    split = "all"
    seed: int | None = None

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        data_name: str = "clear10",
        download: bool = True,
        verbose: bool = False,
    ) -> None:
        if data_name not in _RELEASES:
            raise ValueError(f"data_name={data_name!r}: expected one of {', '.join(_RELEASES)}")
        self.data_name = data_name
        self.buckets: list[str] = []
        self.class_names: list[str] = []
        self.samples: Samples = []
        self._flat: list[tuple[str, int]] = []
        super().__init__(
            default_dataset_location(data_name) if root is None else root, download, verbose
        )
        self._load_dataset()

    @property
    def targets(self) -> list[int]:
        """The label of every sample."""
        return [label for _, label in self._flat]

    def __len__(self) -> int:
        return len(self._flat)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        path, label = self._flat[index]
        return read_image(default_image_loader, self.root / path), label

    @property
    def presplit(self) -> bool:
        """Whether the release has a training and a test folder of its own."""
        return self.data_name in {"clear10", "clear100"}

    def _download_dataset(self) -> None:
        for name, url, checksum in _RELEASES[self.data_name]:
            places = [url, f"{url}/{name}"]  # some archives lie in a folder of their own name
            self._download_and_extract_archive(places, name, checksum)

    def _download_error_message(self) -> str:
        urls = ", ".join(url for _, url, _ in _RELEASES[self.data_name])
        return f"unpack {urls} into {self.root}"

    def _load_metadata(self) -> bool:
        if self.presplit:
            halves = ["train", "test"] if self.split == "all" else [self.split]
            read = [self._read_half(half) for half in halves]
            self.samples = [list(chain(*parts)) for parts in zip(*read, strict=True)]
        else:
            self._read_lists()
        self._check_samples()
        self._flat = [sample for bucket in self.samples for sample in bucket]
        return True

    def _read_half(self, half: str) -> Samples:
        folder = self.root / half
        index = read_json(folder / "labeled_metadata.json", dict)
        names = read_lines(folder / "class_names.txt")
        buckets = sorted(index, key=_bucket_order)
        if self.buckets and half != "train" and buckets != self.buckets:
            raise ValueError(
                f"{folder / 'labeled_metadata.json'}: buckets {buckets}, those of training are "
                f"{self.buckets}; expected the same, fetch the release again"
            )
        self.buckets, self.class_names = buckets, names
        samples: Samples = []
        for bucket in buckets:
            here = []
            for label, name in enumerate(names):
                if name not in index[bucket]:
                    raise ValueError(
                        f"{folder / 'labeled_metadata.json'}: bucket {bucket!r} has the classes "
                        f"{sorted(index[bucket])[:8]}, expected {name!r} of class_names.txt too"
                    )
                entries = read_json(folder / index[bucket][name], dict)
                here += [(f"{half}/{e['IMG_PATH']}", label) for e in entries.values()]
            samples.append(here)
        return samples

    def _read_lists(self) -> None:
        folder = self.root / "training_folder"
        buckets = read_json(folder / "bucket_indices.json", list)
        self.buckets = [str(bucket) for bucket in buckets]
        self.class_names = read_lines(self.root / "class_names.txt")
        self.samples = [default_flist_reader(folder / self._list(b)) for b in self.buckets]

    def _list(self, bucket: str) -> str:
        if self.split == "all":
            return f"filelists/{bucket}/all.txt"
        return f"testset_ratio_0.3/split_{self.seed}/{bucket}/{self.split}.txt"

    def _check_samples(self) -> None:
        known = len(self.class_names)
        for bucket, samples in zip(self.buckets, self.samples, strict=True):
            if not samples:
                raise ValueError(f"{self.root}: bucket {bucket!r} is empty; expected images")
            worst = max(label for _, label in samples)
            if worst >= known:
                raise ValueError(
                    f"{self.root}: bucket {bucket!r} has label {worst}, class_names.txt names "
                    f"{known} classes; fetch the release again"
                )


class _CLEARSplit(CLEARDataset):
    """One half, or all, of a release.

    Args:
        split: ``train``, ``test`` or ``all``.
        seed: of the 70/30 split; needed where the release has no test folder.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        data_name: str = "clear10",
        download: bool = True,
        verbose: bool = False,
        split: str = "all",
        seed: int | None = None,
    ) -> None:
        if split not in SPLIT_OPTIONS:
            raise ValueError(f"split={split!r}: expected one of {', '.join(SPLIT_OPTIONS)}")
        if split != "all" and seed not in SEED_LIST:
            raise ValueError(f"seed={seed!r}: split={split!r} needs one of {list(SEED_LIST)}")
        self.split = split
        self.seed = seed
        super().__init__(root, data_name=data_name, download=download, verbose=verbose)

    @abstractmethod
    def bucket_data(self) -> list[Any]:
        """Per bucket what a benchmark is made from."""


class _CLEARImage(_CLEARSplit):
    """The images of a half, by bucket; see :class:`_CLEARSplit`.

    Args:
        transform: applied to the image.
        loader: reads one image from its path.
    """

    def __init__(
        self,
        *args: Any,
        transform: Transform = None,
        loader: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.transform = transform
        self.loader = default_image_loader if loader is None else loader
        super().__init__(*args, **kwargs)

    def bucket_data(self) -> Samples:
        """Per bucket ``(path relative to root, label)`` of every image."""
        return self.samples

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image, label = super().__getitem__(index)
        return image if self.transform is None else self.transform(image), label


class _CLEARFeature(_CLEARSplit):
    """The features of a half, by bucket; see :class:`_CLEARSplit`.

    Args:
        feature_type: which network made them, one of ``CLEAR_FEATURE_TYPES[data_name]``.
    """

    def __init__(self, *args: Any, feature_type: str = "moco_b0", **kwargs: Any) -> None:
        self.feature_type = feature_type
        self.tensors: list[tuple[Tensor, Tensor]] = []
        super().__init__(*args, **kwargs)
        if feature_type not in CLEAR_FEATURE_TYPES[self.data_name]:
            known = ", ".join(CLEAR_FEATURE_TYPES[self.data_name])
            raise ValueError(f"feature_type={feature_type!r}: expected one of {known}")
        self.tensors = read_features(self)

    def bucket_data(self) -> list[tuple[Tensor, Tensor]]:
        """Per bucket the features ``(samples, size)`` and the labels ``(samples,)``."""
        return self.tensors

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        for features, labels in self.tensors:
            if index < len(labels):
                return features[index], int(labels[index])
            index -= len(labels)
        raise IndexError(f"index out of range, the data set has {len(self)} samples")


def _bucket_order(bucket: str) -> tuple[int, str]:
    return (int(bucket), "") if bucket.isdigit() else (1 << 30, bucket)
