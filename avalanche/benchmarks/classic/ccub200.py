"""Split CUB-200: 200 species of birds, 100 of them first by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import Compose, Normalize, RandomHorizontalFlip, Resize, ToTensor

from ..datasets.cub200 import CUB200
from ..scenarios import NCScenario, nc_benchmark

__all__ = ["SplitCUB200"]

_SIZE = (224, 224)  # the crops have all sizes; batches need one
_NORMALIZE = Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
_default_train_transform = Compose(
    [Resize(_SIZE), RandomHorizontalFlip(p=0.5), ToTensor(), _NORMALIZE]
)
_default_eval_transform = Compose([Resize(_SIZE), ToTensor(), _NORMALIZE])


def SplitCUB200(
    n_experiences: int = 11,
    *,
    classes_first_batch: int | None = 100,
    return_task_id: bool = False,
    seed: int | None = 0,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = False,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_eval_transform,
    dataset_root: str | Path | None = None,
) -> NCScenario:
    """CUB-200-2011, some species at a time.

    Images are read from their files when they are asked for: load with ``num_workers``. They
    are downloaded if they are missing and no ``dataset_root`` is given. Difference from
    avalanche-lib 0.6: the default transforms resize the crops to 224x224, without which they
    can't be put into a batch.

    Args:
        n_experiences: number of experiences; all but the first must divide the other species.
        classes_first_batch: number of species in the first experience; None for as many as in
            the others.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order, if ``shuffle``; None takes it from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise that of the release.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images (PIL, RGB, cropped to the bird); by default
            resizing, a random flip, conversion to a tensor, normalisation.
        eval_transform: applied to test images; likewise without the flip.
        dataset_root: the folder with ``CUB_200_2011``, or that folder.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if a file is damaged, or the classes can't be divided among the experiences.
    """
    download = dataset_root is None
    return nc_benchmark(
        CUB200(dataset_root, train=True, download=download),
        CUB200(dataset_root, train=False, download=download),
        n_experiences,
        return_task_id,
        shuffle=shuffle,
        seed=seed,
        fixed_class_order=fixed_class_order,
        per_exp_classes=None if classes_first_batch is None else {0: classes_first_batch},
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
