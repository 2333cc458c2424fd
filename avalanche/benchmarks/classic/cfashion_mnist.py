"""Split Fashion-MNIST: ten kinds of clothing, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import Compose, Normalize, ToTensor

from ..datasets.fashion_mnist import fashion_mnist_tensors
from ..scenarios import NCScenario, nc_benchmark
from ..utils import AvalancheDataset
from ..utils.sources import ColumnSource

__all__ = ["SplitFMNIST"]

_default_fmnist_train_transform = Compose([ToTensor(), Normalize((0.286,), (0.353,))])
_default_fmnist_eval_transform = Compose([ToTensor(), Normalize((0.286,), (0.353,))])


def SplitFMNIST(
    n_experiences: int,
    *,
    first_batch_with_half_classes: bool = False,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_fmnist_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_fmnist_eval_transform,
    dataset_root: str | Path | None = None,
) -> NCScenario:
    """Fashion-MNIST, some classes at a time.

    Images are PIL images of mode ``L`` before the transforms. The files are downloaded if they
    are missing and no ``dataset_root`` is given.

    Args:
        n_experiences: number of experiences; must divide the 10 classes, or the last 5 among
            all but the first experience if that has half of them.
        first_batch_with_half_classes: whether the first experience has 5 classes.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; without one it comes from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise ascending.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images; by default they become tensors, normalised
            with mean 0.286 and standard deviation 0.353.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the original IDX files, or a folder above it (such as the
            one that holds ``FashionMNIST/raw``).

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if the classes can't be divided among the experiences.
    """
    download = dataset_root is None
    train, test = (
        AvalancheDataset(
            [ColumnSource(fashion_mnist_tensors(is_train, dataset_root, download), images=True)]
        )
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
        per_exp_classes={0: 5} if first_batch_with_half_classes else None,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
