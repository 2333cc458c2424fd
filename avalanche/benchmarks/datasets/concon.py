"""ConCon: rendered scenes whose class is confounded with another feature, task by task.

Layout, unpacked from the archive of a variant::

    <variant>/{train,val,test}/images/t<task>/<class>/*.png

``<variant>`` is ``disjoint``, ``strict`` or ``unconfounded``; a folder ``case_<variant>_main``, as
the archives have it, is found too. The variant ``unconfounded`` has a single task, whose classes
may lie in ``images`` directly.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .image_files import ImageFilesDataset

__all__ = ["N_TASKS", "VARIANTS", "ConConDataset"]

N_TASKS = 3
VARIANTS = ("disjoint", "strict", "unconfounded")
_RECORD = "https://zenodo.org/records/10630482"
_CLASSES = ("0", "1")  # whether the rule that holds over all tasks is fulfilled
_ENDINGS = {".png", ".jpg", ".jpeg"}


class ConConDataset(ImageFilesDataset):
    """The images of one task of a variant of ConCon.

    The data must be fetched by hand: the addresses of the single files are not known here.

    Args:
        variant: ``disjoint`` (another confounder in every task), ``strict`` (confounders of
            other tasks appear too, at random) or ``unconfounded``.
        scenario: the task, 0 to 2; 0 for ``unconfounded``.
        root: the folder with the release (see the module's text); by default
            ``default_dataset_location("concon")``.
        train: the training images, else the test images.
        download: whether to try to fetch the files if they are missing; the error says how to do
            it by hand.
        transform: applied to the image.

    Raises:
        ValueError: if ``variant`` or ``scenario`` is unknown, or a class has no image.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if files are missing and ``download`` is on.

    References:
        Busch, Willich, Mundt, Kersting: Where is the Truth? The Risk of Getting Confounded in a
        Continual World, 2024.
    """

    def __init__(
        self,
        variant: str,
        scenario: int,
        root: str | Path | None = None,
        train: bool = True,
        download: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"variant={variant!r}: expected one of {', '.join(VARIANTS)}")
        known = range(1 if variant == "unconfounded" else N_TASKS)
        if scenario not in known:
            raise ValueError(
                f"scenario={scenario!r}: expected one of {list(known)} for variant={variant!r}"
            )
        self.variant = variant
        self.scenario = scenario
        self.train = train
        super().__init__("concon", root, transform=transform, download=download)

    def _download_dataset(self) -> None:
        raise RuntimeError("there is no address to download it from")

    def _download_error_message(self) -> str:
        return f"fetch the archives of {_RECORD} and unpack them into {self.root}"

    def _load_metadata(self) -> bool:
        folder = self._images_folder()
        self.paths, self.targets = [], []
        for label, name in enumerate(_CLASSES):
            images = sorted(p for p in (folder / name).iterdir() if p.suffix.lower() in _ENDINGS)
            if not images:
                raise ValueError(f"{folder / name}: has no images; unpack the archive again")
            self.paths += [str(path.relative_to(self.root)) for path in images]
            self.targets += [label] * len(images)
        return True

    def _images_folder(self) -> Path:
        """The folder that has one folder per class."""
        half = "train" if self.train else "test"
        names = [self.variant, f"case_{self.variant}_main"]
        bases = [top / name for top in (self.root, self.root / "ConCon") for name in names]
        endings = [f"images/t{self.scenario}", f"t{self.scenario}"]
        if self.variant == "unconfounded":
            endings += ["images", "."]
        for base in bases:
            for ending in endings:
                folder = base / half / ending
                if all((folder / name).is_dir() for name in _CLASSES):
                    return folder
        first = bases[0] / half / endings[0]
        raise FileNotFoundError(f"{first}: no such folder with the folders {', '.join(_CLASSES)}")
