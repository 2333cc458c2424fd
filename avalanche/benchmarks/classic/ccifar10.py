"""Split CIFAR-10: ten classes of small colour images, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import (
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    ToTensor,
)

from ..datasets.cifar import cifar10_source
from ..scenarios import NCScenario, nc_benchmark
from ..utils import AvalancheDataset

__all__ = ["SplitCIFAR10"]

_NORMALIZE = Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
_default_cifar10_train_transform = Compose(
    [RandomCrop(32, padding=4), RandomHorizontalFlip(), ToTensor(), _NORMALIZE]
)
_default_cifar10_eval_transform = Compose([ToTensor(), _NORMALIZE])


def SplitCIFAR10(
    n_experiences: int,
    *,
    first_exp_with_half_classes: bool = False,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_cifar10_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_cifar10_eval_transform,
    dataset_root: str | Path | None = None,
) -> NCScenario:
    """CIFAR-10, some classes at a time.

    The images are decoded once and stay in memory as bytes. They are downloaded if they are
    missing and no ``dataset_root`` is given.

    Args:
        n_experiences: number of experiences; must divide the 10 classes, or the last 5 among
            all but the first experience if that has half of them.
        first_exp_with_half_classes: whether the first experience has 5 classes.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; without one it comes from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise ascending.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images (PIL, RGB); by default a random crop of 32
            pixels with 4 of padding, a random flip, conversion to a tensor, normalisation.
        eval_transform: applied to test images; by default conversion and normalisation.
        dataset_root: a folder with the original pickled batches or the Parquet files of the
            Hugging Face hub, see :func:`~avalanche.benchmarks.datasets.cifar.cifar10_source`.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ImportError: if they are Parquet files and ``pyarrow`` is not installed.
        ValueError: if a file is damaged, or the classes can't be divided among the experiences.
    """
    train, test = (
        AvalancheDataset([cifar10_source(is_train, dataset_root, download=dataset_root is None)])
        for is_train in (True, False)
    )
    return nc_benchmark(
        train,
        test,
        n_experiences,
        return_task_id,
        shuffle=shuffle,
        seed=seed,
        fixed_class_order=fixed_class_order,
        per_exp_classes={0: 5} if first_exp_with_half_classes else None,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
