"""CORe50: videos of 50 hand-held objects of 10 categories, in 11 sessions.

Layout of the release, all in one folder::

    core50_128x128/s<session>/o<object>/C_<session>_<object>_<frame>.png   (core50_32x32: mini)
    paths.pkl        list of all image paths, relative to core50_128x128
    LUP.pkl          {scenario: [run: [batch: [positions in paths]]]}, the last one is for test
    labels.pkl       the same with labels
    batches_filelists/{NI,NC,NIC}_inc/run<r>/{train_batch_<b>,test}_filelist.txt
    NIC_v2_{79,196,391}/run<r>/...
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..utils.file_datasets import default_flist_reader, default_image_loader
from .image_files import ImageFilesDataset, Remote, Transform
from .restricted_pickle import read_plain_pickle

__all__ = ["BATCHES", "N_RUNS", "CORe50Dataset", "core50_batches"]

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py
BATCHES = {"ni": 8, "nc": 9, "nic": 79, "nicv2_79": 79, "nicv2_196": 196, "nicv2_391": 391}
N_RUNS = 10
_OBJECTS_PER_CATEGORY = 5
_FOLDERS = {
    "ni": "batches_filelists/NI_inc",
    "nc": "batches_filelists/NC_inc",
    "nic": "batches_filelists/NIC_inc",
    "nicv2_79": "NIC_v2_79",
    "nicv2_196": "NIC_v2_196",
    "nicv2_391": "NIC_v2_391",
}
_DATA = "https://vlomonaco.github.io/core50/data"
_IMAGES: dict[bool, Remote] = {
    False: (
        "core50_128x128.zip",
        "http://bias.csr.unibo.it/maltoni/download/core50/core50_128x128.zip",
        "745f3373fed08d69343f1058ee559e13",
    ),
    True: (
        "core50_32x32.zip",
        "http://vps.continualai.org/data/core50_32x32.zip",
        "d89d34cdc0281fa84074430e9a22b728",
    ),
}
_METADATA: list[Remote] = [
    (name, f"{_DATA}/{name}", checksum)
    for name, checksum in [
        ("batches_filelists.zip", "e3297508a8998ba0c99a83d6b36bde62"),
        ("batches_filelists_NICv2.zip", "460f980a6c85b86b1ec8e7c6067bb7a3"),
        ("paths.pkl", "b568f86998849184df3ec3465290f1b0"),
        ("LUP.pkl", "33afc26faa460aca98739137fdfa606e"),
        ("labels.pkl", "281c95774306a2196f4505f22fd60ab1"),
    ]
]
_OBJECT = re.compile(r"(?:^|/)o(\d+)/")


class CORe50Dataset(ImageFilesDataset):
    """All training or all test images of CORe50.

    The training images are the eight batches of run 0 of the scenario ``ni``, the test images its
    test set (sessions 3, 7 and 10). Every image has the label that ``labels.pkl`` has at the place
    where ``LUP.pkl`` has the image (avalanche-lib 0.6 looks it up at another place).

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("core50")``.
        train: the training images, else the test images.
        transform: applied to the image.
        target_transform: applied to the label.
        loader: reads one image from its path.
        download: whether to fetch the files if they are missing.
        mini: the images of 32x32 pixels instead of those of 128x128.
        object_level: labels are the 50 objects; otherwise the 10 categories.

    Raises:
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a metadata file is damaged.

    References:
        Lomonaco, Maltoni: CORe50: a New Dataset and Benchmark for Continuous Object Recognition,
        CoRL 2017.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        train: bool = True,
        transform: Transform = None,
        target_transform: Transform = None,
        loader: Callable[[Any], Any] = default_image_loader,
        download: bool = True,
        mini: bool = False,
        object_level: bool = True,
    ) -> None:
        self.train = train
        self.mini = mini
        self.object_level = object_level
        self.remote_files = [_IMAGES[mini], *_METADATA]
        super().__init__(
            "core50",
            root,
            transform=transform,
            target_transform=target_transform,
            loader=loader,
            download=download,
        )

    @property
    def images_folder(self) -> str:
        """Name of the folder with the images of this size."""
        return _images_folder(self.mini)

    def _load_metadata(self) -> bool:
        self._folder(self.images_folder)
        for folder in _FOLDERS.values():
            self._folder(folder)
        paths = read_plain_pickle(self.root / "paths.pkl", list)
        positions = self._batches("LUP.pkl")
        labels = self._batches("labels.pkl")
        if [len(b) for b in positions] != [len(b) for b in labels]:
            raise ValueError(
                f"{self.root / 'LUP.pkl'} and {self.root / 'labels.pkl'}: batches of different "
                "lengths, expected one label per position; fetch both again"
            )
        chosen = slice(None, -1) if self.train else slice(-1, None)
        flat = [int(p) for batch in positions[chosen] for p in batch]
        if flat and not 0 <= min(flat) <= max(flat) < len(paths):
            raise ValueError(
                f"{self.root / 'LUP.pkl'}: positions from {min(flat)} to {max(flat)}, expected "
                f"some of the {len(paths)} of paths.pkl; fetch both again"
            )
        names = [str(paths[p]) for p in flat]
        targets = [int(label) for batch in labels[chosen] for label in batch]
        self.paths = [f"{self.images_folder}/{name}" for name in names]
        self.targets = targets if self.object_level else [_category(n, "paths.pkl") for n in names]
        return True

    def _batches(self, name: str) -> list[Any]:
        content = read_plain_pickle(self.root / name, dict)
        try:
            batches = list(content["ni"][0])
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(
                f"{self.root / name}: has no entry ['ni'][0] (found keys {list(content)[:8]}), "
                "expected the batches of every scenario and run; fetch the file again"
            ) from error
        if len(batches) < 2:
            raise ValueError(
                f"{self.root / name}: ['ni'][0] has {len(batches)} batches, expected "
                f"{BATCHES['ni']} and the test set; fetch the file again"
            )
        return batches


def core50_batches(
    root: Path, scenario: str, run: int, object_level: bool = True, mini: bool = False
) -> tuple[list[list[tuple[str, int]]], list[tuple[str, int]]]:
    """The training batches and the test set of one run, from the file lists of the release.

    Args:
        root: the folder of the data set.
        scenario: one of ``BATCHES``.
        run: from 0 to 9; every run has another order.
        object_level: labels as in the file lists (50; in scenario ``nc`` they are numbered in
            order of appearance), else the 10 categories, told by the path of the image.
        mini: whether the paths are those of the small images.

    Returns:
        Per training batch a list of ``(path relative to root, label)``, and one for test.

    Raises:
        FileNotFoundError: if a file list is missing.
        ValueError: if one has another form.
    """
    folder = root / _FOLDERS[scenario] / f"run{run}"
    if not folder.is_dir() and folder.with_name(f"Run{run}").is_dir():
        folder = folder.with_name(f"Run{run}")
    names = [f"train_batch_{i:02d}_filelist.txt" for i in range(BATCHES[scenario])]
    images = _images_folder(mini)

    def read(name: str) -> list[tuple[str, int]]:
        entries = default_flist_reader(folder / name)
        if not entries:
            raise ValueError(f"{folder / name}: is empty, expected 'path label' per line")
        if not object_level:
            entries = [(path, _category(path, str(folder / name))) for path, _ in entries]
        return [(f"{images}/{path}", label) for path, label in entries]

    return [read(name) for name in names], read("test_filelist.txt")


def _images_folder(mini: bool) -> str:
    return "core50_32x32" if mini else "core50_128x128"


def _category(path: str, source: str) -> int:
    """Objects 1 to 5 are category 0, and so on."""
    found = _OBJECT.search(path)
    if found is None or not 1 <= int(found[1]) <= 50:
        raise ValueError(
            f"{source}: {path!r} names no object from 1 to 50, expected a path such as "
            "s1/o1/C_01_01_000.png; fetch the file again"
        )
    return (int(found[1]) - 1) // _OBJECTS_PER_CATEGORY
