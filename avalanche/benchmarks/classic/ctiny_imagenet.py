"""Split Tiny ImageNet: 200 classes of photographs of 64x64 pixels, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import Compose, Normalize, RandomHorizontalFlip, ToTensor

from ..datasets.tiny_imagenet import TinyImagenet
from ..scenarios import NCScenario, nc_benchmark

__all__ = ["SplitTinyImageNet"]

_NORMALIZE = Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
_default_train_transform = Compose([RandomHorizontalFlip(p=0.5), ToTensor(), _NORMALIZE])
_default_eval_transform = Compose([ToTensor(), _NORMALIZE])


def SplitTinyImageNet(
    n_experiences: int = 10,
    *,
    return_task_id: bool = False,
    seed: int | None = 0,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_eval_transform,
    dataset_root: str | Path | None = None,
) -> NCScenario:
    """Tiny ImageNet, some classes at a time.

    Images are read from their files when they are asked for: load with ``num_workers``. They
    are downloaded if they are missing and no ``dataset_root`` is given.

    Args:
        n_experiences: number of experiences; must divide the 200 classes.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; None takes it from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise that of ``wnids.txt``.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images (PIL, RGB, 64x64); by default a random flip,
            conversion to a tensor, normalisation.
        eval_transform: applied to test images; by default conversion and normalisation.
        dataset_root: the folder with ``tiny-imagenet-200``, or that folder.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if a file is damaged, or the classes can't be divided among the experiences.
    """
    download = dataset_root is None
    return nc_benchmark(
        TinyImagenet(dataset_root, train=True, download=download),
        TinyImagenet(dataset_root, train=False, download=download),
        n_experiences,
        return_task_id,
        shuffle=shuffle,
        seed=seed,
        fixed_class_order=fixed_class_order,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
