"""Split CIFAR-100, and CIFAR-110: first the classes of CIFAR-10, then those of CIFAR-100."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torchvision.transforms import (
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    ToTensor,
)

from ..datasets.cifar import cifar10_source, cifar100_source
from ..scenarios import NCScenario, nc_benchmark
from ..utils import AvalancheDataset
from ..utils.sources import ColumnSource

__all__ = ["SplitCIFAR100", "SplitCIFAR110"]

_NORMALIZE = Normalize((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))
_default_cifar100_train_transform = Compose(
    [RandomCrop(32, padding=4), RandomHorizontalFlip(), ToTensor(), _NORMALIZE]
)
_default_cifar100_eval_transform = Compose([ToTensor(), _NORMALIZE])


def SplitCIFAR100(
    n_experiences: int,
    *,
    first_exp_with_half_classes: bool = False,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_cifar100_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_cifar100_eval_transform,
    dataset_root: str | Path | None = None,
) -> NCScenario:
    """CIFAR-100, some classes at a time.

    Args:
        n_experiences: number of experiences; must divide the 100 classes, or the last 50 among
            all but the first experience if that has half of them.
        first_exp_with_half_classes: whether the first experience has 50 classes.
        return_task_id: see :func:`~avalanche.benchmarks.classic.ccifar10.SplitCIFAR10`, as for
            the rest.
        seed: as there.
        fixed_class_order: as there.
        shuffle: as there.
        class_ids_from_zero_in_each_exp: as there.
        class_ids_from_zero_from_first_exp: as there.
        train_transform: as there, with the mean and standard deviation of CIFAR-100.
        eval_transform: as there, likewise.
        dataset_root: a folder with ``cifar-100-python`` or Parquet files, see
            :func:`~avalanche.benchmarks.datasets.cifar.cifar100_source`.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ImportError: if they are Parquet files and ``pyarrow`` is not installed.
        ValueError: if a file is damaged, or the classes can't be divided among the experiences.
    """
    train, test = (
        AvalancheDataset([cifar100_source(is_train, dataset_root, download=dataset_root is None)])
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
        per_exp_classes={0: 50} if first_exp_with_half_classes else None,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def SplitCIFAR110(
    n_experiences: int,
    *,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_cifar100_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_cifar100_eval_transform,
    dataset_root_cifar10: str | Path | None = None,
    dataset_root_cifar100: str | Path | None = None,
) -> NCScenario:
    """All of CIFAR-10 in the first experience, then CIFAR-100, some classes at a time.

    Classes 0 to 9 are those of CIFAR-10, classes 10 to 109 those of CIFAR-100. The same seed
    gives the same class order as avalanche-lib 0.6.

    Args:
        n_experiences: number of experiences, with the first; the others divide 100 classes.
        seed: of the order of the classes of CIFAR-100; without one it comes from torch's
            global generator.
        fixed_class_order: the order of those classes, by their labels 0 to 99 in CIFAR-100; may
            leave out classes.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images (PIL, RGB); see :func:`SplitCIFAR100`.
        eval_transform: applied to test images; likewise.
        dataset_root_cifar10: the folder of CIFAR-10; downloaded if not given and missing.
        dataset_root_cifar100: the folder of CIFAR-100; likewise.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``, without task labels.

    Raises:
        FileNotFoundError: if a folder does not have the files.
        ValueError: if the 100 classes can't be divided among all experiences but the first.
    """
    if not isinstance(n_experiences, int) or n_experiences < 2:
        raise ValueError(
            f"n_experiences={n_experiences!r}: expected at least 2, one for CIFAR-10 and the "
            "others for CIFAR-100"
        )
    if fixed_class_order is None:
        draw = random.Random(int(torch.randint(2**31, ())) if seed is None else int(seed))
        order = draw.sample(range(10, 110), 100)  # Python's generator, as published splits used
    else:
        order = [10 + int(label) for label in fixed_class_order]
        if any(not 10 <= label < 110 for label in order):
            raise ValueError(
                f"fixed_class_order={list(fixed_class_order)}: expected labels of CIFAR-100, "
                "from 0 to 99"
            )
    train, test = (
        AvalancheDataset(
            [
                cifar10_source(is_train, dataset_root_cifar10, dataset_root_cifar10 is None),
                _after_cifar10(
                    cifar100_source(is_train, dataset_root_cifar100, dataset_root_cifar100 is None)
                ),
            ]
        )
        for is_train in (True, False)
    )
    return nc_benchmark(
        train,
        test,
        n_experiences,
        False,
        fixed_class_order=[*range(10), *order],
        per_exp_classes={0: 10},
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def _after_cifar10(source: ColumnSource) -> ColumnSource:
    """The same pixels with labels that follow those of CIFAR-10."""
    pixels, labels = source.columns
    return ColumnSource([pixels, labels + 10], images=True)
