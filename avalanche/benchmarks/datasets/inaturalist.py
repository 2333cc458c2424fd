"""iNaturalist 2018: photos of 8,142 species in 14 super-categories.

Layout of the release::

    train2018.json, val2018.json                   COCO-style: images, annotations, categories
    train_val2018/<super-category>/<category>/...  the images
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import ToTensor

from ..utils.file_datasets import default_image_loader
from .image_files import ImageFilesDataset, Remote, Transform
from .read_files import read_json

__all__ = ["DEFAULT_SUPER_CATEGORIES", "INATURALIST2018", "INATURALIST_DATA", "pil_loader"]

DEFAULT_SUPER_CATEGORIES = (
    "Amphibia",
    "Animalia",
    "Arachnida",
    "Aves",
    "Fungi",
    "Insecta",
    "Mammalia",
    "Mollusca",
    "Plantae",
    "Reptilia",
)
_HOST = "https://ml-inat-competition-datasets.s3.amazonaws.com/2018"
INATURALIST_DATA: list[Remote] = [
    (
        "train_val2018.tar.gz",
        f"{_HOST}/train_val2018.tar.gz",
        "b1c6952ce38f31868cc50ea72d066cc3",
    ),
    ("train2018.json.tar.gz", f"{_HOST}/train2018.json.tar.gz", None),
    ("val2018.json.tar.gz", f"{_HOST}/val2018.json.tar.gz", None),
]


def pil_loader(path: Any) -> Any:
    """The image of a file as a PIL image in RGB."""
    return default_image_loader(path)


class INATURALIST2018(ImageFilesDataset):
    """iNaturalist 2018, the species of some super-categories.

    The annotations are read with the standard library. The two json archives are downloaded
    without a checksum: it is not known here.

    Args:
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("inaturalist2018")``.
        split: ``train`` or ``val``; the test images have no labels.
        transform: applied to the image.
        target_transform: applied to the label.
        loader: reads one image from its path.
        download: whether to fetch the files (120 GB) if they are missing.
        supcats: the super-categories; by default ``DEFAULT_SUPER_CATEGORIES``.

    Attributes:
        cats_per_supcat: the categories (labels) of every super-category, ascending.

    Raises:
        ValueError: if ``split`` or a super-category is unknown, or the annotations are damaged.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.

    References:
        Van Horn et al.: The iNaturalist Species Classification and Detection Dataset, CVPR 2018.
    """

    remote_files = INATURALIST_DATA

    def __init__(
        self,
        root: str | Path | None = None,
        split: str = "train",
        transform: Transform = ToTensor(),  # noqa: B008 - has no state
        target_transform: Transform = None,
        loader: Callable[[Any], Any] = pil_loader,
        download: bool = True,
        supcats: Sequence[str] | None = None,
    ) -> None:
        if split not in {"train", "val"}:
            raise ValueError(f"split={split!r}: expected 'train' or 'val'; 'test' has no labels")
        self.split = split
        self.supcats = list(DEFAULT_SUPER_CATEGORIES if supcats is None else supcats)
        self.cats_per_supcat: dict[str, list[int]] = {}
        super().__init__(
            "inaturalist2018",
            root,
            transform=transform,
            target_transform=target_transform,
            loader=loader,
            download=download,
        )

    def _download_dataset(self) -> None:
        for name, url, checksum in self.remote_files:
            self._download_and_extract_archive(url, name, checksum)

    def _load_metadata(self) -> bool:
        path = self.root / f"{self.split}2018.json"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        self._folder("train_val2018")
        images, annotations, categories = _read_annotations(path)
        known = sorted({name for name in categories.values()})
        for name in self.supcats:
            if name not in known:
                raise ValueError(
                    f"supcats has {name!r}: expected super-categories of {path}: {', '.join(known)}"
                )
        wanted = set(self.supcats)
        self.paths, self.targets = [], []
        for image, category in annotations:
            if image not in images or category not in categories:
                raise ValueError(
                    f"{path}: an annotation has image {image} and category {category}, which are "
                    "not both listed; fetch the file again"
                )
            if categories[category] in wanted:
                self.paths.append(images[image])
                self.targets.append(category)
        self.cats_per_supcat = {
            name: sorted(c for c, supercategory in categories.items() if supercategory == name)
            for name in self.supcats
        }
        return True


def _read_annotations(
    path: Path,
) -> tuple[dict[int, str], list[tuple[int, int]], dict[int, str]]:
    """Path of every image, (image, category) of every annotation, super-category of categories."""
    try:
        content = read_json(path, dict, "fetch the file again")
        images = {int(image["id"]): str(image["file_name"]) for image in content["images"]}
        annotations = [(int(a["image_id"]), int(a["category_id"])) for a in content["annotations"]]
        categories = {int(c["id"]): str(c["supercategory"]) for c in content["categories"]}
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected 'images' with id and file_name, 'annotations' with image_id and "
            f"category_id, 'categories' with id and supercategory; not found: {error}"
        ) from error
    return images, annotations, categories
