"""`nc_benchmark`: new classes in every experience, from one dataset or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .class_labels import of_pair
from .class_order import class_order
from .joined_datasets import as_transformed, dataset_lists, join
from .new_classes import NCScenario


def nc_benchmark(
    train_dataset: Any,
    test_dataset: Any,
    n_experiences: int,
    task_labels: bool,
    *,
    shuffle: bool = True,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    per_exp_classes: Mapping[int, int] | None = None,
    class_ids_from_zero_from_first_exp: bool = False,
    class_ids_from_zero_in_each_exp: bool = False,
    one_dataset_per_exp: bool = False,
    train_transform: Any = None,
    eval_transform: Any = None,
    reproducibility_data: Mapping[str, Any] | None = None,
) -> NCScenario:
    """A benchmark with new classes in every experience.

    Classes are whole numbers from 0.

    Args:
        train_dataset: training data: any dataset of ``(x, y)`` samples, a list of them, a pair
            ``(x, y)`` of tensors, arrays or a data frame and a series, or a list of datasets,
            whose classes are then all different and numbered on from dataset to dataset.
        test_dataset: test data; a list of as many datasets if there are several.
        n_experiences: number of experiences.
        task_labels: whether experience i has task label i (task-incremental); otherwise all
            samples have 0 (class-incremental).
        shuffle: whether the order of classes (of datasets, with ``one_dataset_per_exp``) is
            random.
        seed: of that order.
        fixed_class_order: the order itself, instead of ``shuffle`` and ``seed``.
        per_exp_classes: number of classes of some experiences, by experience.
        class_ids_from_zero_from_first_exp: relabel classes 0, 1, ... in order of appearance.
        class_ids_from_zero_in_each_exp: relabel classes from 0 in every experience.
        one_dataset_per_exp: every experience is one of the listed datasets.
        train_transform: applied in group ``train``.
        eval_transform: applied in group ``eval``.
        reproducibility_data: repeats a split, see :class:`NCScenario`.

    Raises:
        ValueError: if the arguments do not fit together.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.randn(8, 3), torch.arange(8) % 4)
        >>> benchmark = nc_benchmark(data, data, 2, False, fixed_class_order=[3, 1, 0, 2])
        >>> [e.classes_in_this_experience for e in benchmark.train_stream]
        [[3, 1], [0, 2]]
        >>> both = nc_benchmark([data, data], [data, data], 2, True, one_dataset_per_exp=True,
        ...                     shuffle=False)
        >>> [e.classes_in_this_experience for e in both.train_stream]
        [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    train_dataset = of_pair(train_dataset, "train_dataset")
    test_dataset = of_pair(test_dataset, "test_dataset")
    lists = dataset_lists(train_dataset, test_dataset)
    if lists is None:
        if one_dataset_per_exp:
            raise ValueError(
                "one_dataset_per_exp=True with single datasets: expected lists of datasets; pass "
                "lists, or leave it False to divide the classes of one dataset"
            )
        train = as_transformed(train_dataset, train_transform, eval_transform)
        test = as_transformed(test_dataset, train_transform, eval_transform)
    else:
        train, test, labels = join(
            *([as_transformed(d, train_transform, eval_transform) for d in ds] for ds in lists)
        )
        if one_dataset_per_exp and reproducibility_data is None:
            _check_alone(n_experiences, len(labels), fixed_class_order, per_exp_classes)
            order = class_order(range(len(labels)), shuffle, seed, None)
            fixed_class_order = [label for i in order for label in labels[i]]
            per_exp_classes = {exp: len(labels[i]) for exp, i in enumerate(order)}
    return NCScenario(
        train,
        test,
        n_experiences,
        task_labels,
        shuffle,
        seed,
        fixed_class_order,
        per_exp_classes,
        class_ids_from_zero_from_first_exp,
        class_ids_from_zero_in_each_exp,
        reproducibility_data,
    )


def _check_alone(n_experiences: int, n_datasets: int, order: Any, counts: Any) -> None:
    for name, value in (("fixed_class_order", order), ("per_exp_classes", counts)):
        if value is not None:
            raise ValueError(
                f"one_dataset_per_exp=True with {name}={value}: expected one of them; the "
                "datasets already say which classes come together"
            )
    if n_experiences != n_datasets:
        raise ValueError(
            f"n_experiences={n_experiences} with one_dataset_per_exp=True and {n_datasets} "
            f"datasets: expected {n_datasets}"
        )
