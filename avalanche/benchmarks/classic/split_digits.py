"""Split Digits: scikit-learn's digits, some classes at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.utils.data import TensorDataset

from ..datasets.digits import PIXEL_MAXIMUM, digits_tensors
from ..scenarios import NCScenario, nc_benchmark
from ..utils import AvalancheDataset, DefaultTransformGroups
from ..utils.transforms import ScalePixels

_TO_UNIT_RANGE = DefaultTransformGroups(ScalePixels(PIXEL_MAXIMUM))


def SplitDigits(
    n_experiences: int = 5,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: list[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = None,
    eval_transform: Callable[[Any], Any] | None = None,
    test_size: float = 0.25,
    split_seed: int = 0,
) -> NCScenario:
    """Class-incremental benchmark on 1,797 real images of digits that need no download.

    Samples are float images ``(1, 8, 8)`` in [0, 1] with their label and task label. Small
    enough to learn in seconds: the benchmark to try things on.

    Args:
        n_experiences: number of experiences; must divide the 10 classes.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; without one it comes from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise ascending.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images, after they are scaled to [0, 1].
        eval_transform: applied to test images, likewise.
        test_size: fraction of every class that is test data, between 0 and 1.
        split_seed: of the split into training and test data.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        ValueError: if the classes can't be divided among the experiences, or an argument is out
            of its range.

    Example:
        >>> benchmark = SplitDigits(5, seed=1)
        >>> experience = benchmark.train_stream[0]
        >>> experience.classes_in_this_experience
        [5, 6]
        >>> image, label, task = experience.dataset[0]
        >>> image.shape, label in (5, 6), task
        (torch.Size([1, 8, 8]), True, 0)
    """
    train, test = (
        AvalancheDataset(
            TensorDataset(*digits_tensors(is_train, test_size, split_seed)),
            frozen_transform_groups=_TO_UNIT_RANGE,
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
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
