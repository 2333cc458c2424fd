"""OpenLORIS-Object: household objects filmed by a robot under changing conditions.

Layout of the release, all in one folder::

    train/ test/ validation/    the images
    Paths.pkl                   list of all image paths, relative to the folder
    LUP.pkl                     {"domain": [factor: [batch: [positions in Paths]]]}
    Labels.pkl                  the same with labels; batches 0 to 8 train, 9 is the test set
    batches_filelists/domain/<factor>/{train_batch_<b>,test}.txt
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..utils.file_datasets import default_flist_reader, default_image_loader
from .image_files import ImageFilesDataset, Remote, Transform
from .restricted_pickle import read_plain_pickle

__all__ = ["FACTORS", "OpenLORIS", "openloris_batches"]

FACTORS = {"clutter": 9, "illumination": 9, "occlusion": 9, "pixel": 9, "mixture-iros": 12}
_FOLDERS = {"mixture-iros": "iros"}
_N_DOMAINS = 4  # clutter, illumination, occlusion, pixel
_TRAIN_BATCHES = 9
_HOST = "http://vps.continualai.org/data/openloris"
_REMOTE: list[Remote] = [
    (name, f"{_HOST}/{name}", checksum)
    for name, checksum in [
        ("train.zip", "91c5748e86a7552d346dbe73713b8867"),
        ("validation.zip", "c9fd4f72e24d724b3208d032401db068"),
        ("test.zip", "9a87a4a6ffc16d3daa9249fe032ae734"),
        ("LUP.pkl", "c157c44fe7b9de9017cb555bb86f1530"),
        ("Paths.pkl", "468b7a942a143439ee6b8bfec952aca2"),
        ("Labels.pkl", "cb7dca60a3fc10a05b21e9ea2f3a8d93"),
        ("batches_filelists.zip", "32baf71c525eb018d6912412763bda1d"),
    ]
]


class OpenLORIS(ImageFilesDataset):
    """All training or all test images of the four single factors.

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("openloris")``.
        train: the training images, else the test images.
        transform: applied to the image.
        target_transform: applied to the label.
        loader: reads one image from its path.
        download: whether to fetch the files if they are missing; the server may have gone.

    Raises:
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
        ValueError: if a metadata file is damaged.

    References:
        She et al.: OpenLORIS-Object: A Robotic Vision Dataset and Benchmark for Lifelong Deep
        Learning, ICRA 2020.
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
        super().__init__(
            "openloris",
            root,
            transform=transform,
            target_transform=target_transform,
            loader=loader,
            download=download,
        )

    def _load_metadata(self) -> bool:
        for folder in ("train", "test", "batches_filelists"):
            self._folder(folder)
        paths = read_plain_pickle(self.root / "Paths.pkl", list)
        positions, labels = self._batches("LUP.pkl"), self._batches("Labels.pkl")
        if [len(b) for b in positions] != [len(b) for b in labels]:
            raise ValueError(
                f"{self.root / 'LUP.pkl'} and {self.root / 'Labels.pkl'}: batches of different "
                "lengths, expected one label per position; fetch both again"
            )
        flat = [int(p) for batch in positions for p in batch]
        if flat and not 0 <= min(flat) <= max(flat) < len(paths):
            raise ValueError(
                f"{self.root / 'LUP.pkl'}: positions from {min(flat)} to {max(flat)}, expected "
                f"some of the {len(paths)} of Paths.pkl; fetch both again"
            )
        self.paths = [str(paths[p]) for p in flat]
        self.targets = [int(label) for batch in labels for label in batch]
        return True

    def _batches(self, name: str) -> list[Any]:
        """The batches of the wanted half, of all four factors one after the other."""
        content = read_plain_pickle(self.root / name, dict)
        try:
            domains = [list(content["domain"][i]) for i in range(_N_DOMAINS)]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(
                f"{self.root / name}: expected an entry 'domain' with {_N_DOMAINS} factors, found "
                f"keys {list(content)[:8]}; fetch the file again"
            ) from error
        if any(len(domain) != _TRAIN_BATCHES + 1 for domain in domains):
            raise ValueError(
                f"{self.root / name}: factors of {[len(d) for d in domains]} batches, expected "
                f"{_TRAIN_BATCHES} and the test set for each; fetch the file again"
            )
        half = slice(_TRAIN_BATCHES) if self.train else slice(_TRAIN_BATCHES, None)
        return [batch for domain in domains for batch in domain[half]]


def openloris_batches(
    root: Path, factor: str
) -> tuple[list[list[tuple[str, int]]], list[tuple[str, int]]]:
    """The training batches and the test set of one factor, from the file lists of the release.

    Args:
        root: the folder of the data set.
        factor: one of ``FACTORS``.

    Returns:
        Per training batch a list of ``(path relative to root, label)``, and one for test.

    Raises:
        FileNotFoundError: if a file list is missing.
        ValueError: if one has another form.
    """
    folder = root / "batches_filelists" / "domain" / _FOLDERS.get(factor, factor)
    train = [
        default_flist_reader(folder / f"train_batch_{i:02d}.txt") for i in range(FACTORS[factor])
    ]
    return train, default_flist_reader(folder / "test.txt")
