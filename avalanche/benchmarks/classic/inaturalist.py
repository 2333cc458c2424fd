"""Split iNaturalist: one super-category of species per experience."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

from ..datasets.inaturalist import DEFAULT_SUPER_CATEGORIES, INATURALIST2018
from ..scenarios import NCScenario, nc_benchmark

__all__ = ["SplitInaturalist"]

_normalize = Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
_default_transform = Compose([Resize(256), CenterCrop(224), ToTensor(), _normalize])


def SplitInaturalist(
    *,
    super_categories: Sequence[str] | None = None,
    return_task_id: bool = False,
    download: bool = False,
    seed: int | None = 0,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_transform,
    eval_transform: Callable[[Any], Any] | None = _default_transform,
    dataset_root: str | Path | None = None,
) -> NCScenario:
    """iNaturalist 2018, all species of one super-category per experience.

    The super-categories differ much in their numbers of species and images. The train stream has
    the training images of the release, the test stream its validation images.

    Args:
        super_categories: which ones, in the order of the experiences; by default ten of them,
            in alphabetical order.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        download: whether to fetch the files (120 GB) if they are missing.
        seed: without effect, as the order is given by ``super_categories``; accepted because the
            other benchmarks of split classes have it.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images; by default they are resized, cropped to
            224x224 and normalised.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the release; see
            :mod:`avalanche.benchmarks.datasets.inaturalist`.

    Raises:
        ValueError: if a super-category is unknown or given twice, or a file is damaged.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
    """
    names = list(DEFAULT_SUPER_CATEGORIES if super_categories is None else super_categories)
    if not names or len(set(names)) != len(names):
        raise ValueError(
            f"super_categories={names}: expected different super-categories, at least one"
        )
    train, test = (
        INATURALIST2018(dataset_root, split, transform=None, supcats=names, download=download)
        for split in ("train", "val")
    )
    present = set(train.targets)
    classes = [[c for c in train.cats_per_supcat[name] if c in present] for name in names]
    return nc_benchmark(
        train,
        test,
        n_experiences=len(names),
        task_labels=return_task_id,
        seed=seed,
        fixed_class_order=[c for found in classes for c in found],
        per_exp_classes={i: len(found) for i, found in enumerate(classes)},
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
