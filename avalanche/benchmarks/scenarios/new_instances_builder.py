"""`ni_benchmark`: new samples of the same classes in every experience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..utils import concat_datasets
from .class_labels import of_pair
from .joined_datasets import as_transformed, dataset_lists
from .new_instances import NIScenario


def ni_benchmark(
    train_dataset: Any,
    test_dataset: Any,
    n_experiences: int,
    *,
    task_labels: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    balance_experiences: bool = False,
    min_class_patterns_in_exp: int = 0,
    fixed_exp_assignment: Sequence[Sequence[int]] | None = None,
    train_transform: Any = None,
    eval_transform: Any = None,
    reproducibility_data: Mapping[str, Any] | None = None,
) -> NIScenario:
    """A benchmark with new samples of the same classes in every experience.

    Classes are whole numbers from 0.

    Args:
        train_dataset: training data: any dataset of ``(x, y)`` samples, a list of them, a pair
            ``(x, y)`` of tensors, arrays or a data frame and a series, or a list of datasets,
            which are joined; a label means the same class in all of them.
        test_dataset: test data, or a list of as many datasets.
        n_experiences: number of experiences of the train stream; the test stream has one.
        task_labels: see :class:`NIScenario`, as for the rest.
        shuffle: as there.
        seed: as there.
        balance_experiences: as there.
        min_class_patterns_in_exp: as there.
        fixed_exp_assignment: as there.
        train_transform: applied in group ``train``.
        eval_transform: applied in group ``eval``.
        reproducibility_data: as there.

    Raises:
        ValueError: if the arguments do not fit together.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.arange(6.0), torch.tensor([0, 1, 0, 1, 0, 1]))
        >>> benchmark = ni_benchmark(data, data, 3, shuffle=False)
        >>> benchmark.train_exps_patterns_assignment, len(benchmark.test_stream)
        ([[0, 1], [2, 3], [4, 5]], 1)
    """
    train_dataset = of_pair(train_dataset, "train_dataset")
    test_dataset = of_pair(test_dataset, "test_dataset")
    lists = dataset_lists(train_dataset, test_dataset)
    if lists is not None:
        train_dataset, test_dataset = (
            concat_datasets([as_transformed(d, None, None) for d in ds]) for ds in lists
        )
    return NIScenario(
        as_transformed(train_dataset, train_transform, eval_transform),
        as_transformed(test_dataset, train_transform, eval_transform),
        n_experiences,
        task_labels,
        shuffle,
        seed,
        balance_experiences,
        min_class_patterns_in_exp,
        fixed_exp_assignment,
        reproducibility_data,
    )
