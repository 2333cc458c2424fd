"""Class labels that benchmarks can divide by: whole numbers from 0, in the samples too."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ..utils import AvalancheDataset, DefaultTransformGroups
from ..utils.arrays import number_tensor, plain_array
from ..utils.classification_dataset import map_classes
from ..utils.transforms import MapClasses

_OTHERS = (
    "; targets that are no classes are divided by data_incremental_benchmark("
    "dataset_benchmark([train], [test]), experience_size)"
)


def with_whole_labels(dataset: Any) -> Any:
    """The dataset, if its targets are whole numbers from 0; floats like 2.0 become ints.

    Args:
        dataset: an Avalanche dataset with ``targets``.

    Raises:
        ValueError: for any other targets.

    Example:
        >>> from avalanche.benchmarks.utils import as_classification_dataset
        >>> data = as_classification_dataset(
        ...     TensorDataset(torch.zeros(2, 3), torch.tensor([2.0, 0.0])))
        >>> with_whole_labels(data).targets, int(with_whole_labels(data)[0][1])
        ([2, 0], 2)
    """
    column = dataset.targets.column
    if not len(column):
        return dataset
    if not isinstance(column, Tensor):
        _refuse(f"values of type {type(column[0]).__name__}", "number the classes 0, 1, ...")
    if column.ndim != 1:
        what = f"vectors of shape {tuple(column.shape[1:])}"
        _refuse(what, f"pass y.argmax(1) of one-hot vectors, y.flatten() of single values{_OTHERS}")
    if column.is_complex():
        _refuse("complex numbers", "number the classes 0, 1, ...")
    if column.is_floating_point():
        odd = column[~torch.isfinite(column) | (column != column.round())]
        if len(odd):
            what = f"fractions such as {odd[0].item():g}"
            _refuse(what, f"number the classes 0, 1, ...{_OTHERS}")
    lowest = column.min().item()
    if lowest < 0:
        _refuse(
            f"negative numbers such as {lowest:g}",
            "number the classes 0, 1, ..., and leave out samples without a class",
        )
    if not column.is_floating_point():
        return dataset
    same = MapClasses(range(int(column.max().item()) + 1))
    return map_classes(dataset, DefaultTransformGroups((None, same)))


def check_known(name: str, dataset: Any, known: Sequence[int]) -> None:
    """Refuse samples of classes that no experience would have.

    Raises:
        ValueError: naming the classes.
    """
    unknown = sorted(dataset.targets.uniques - set(known))
    if unknown:
        raise ValueError(
            f"{name}: has samples of the classes {unknown[:10]}, which the training data lack, so "
            "they would be in no experience; leave them out of the data, or name the classes to "
            "use in a class order"
        )


def _refuse(what: str, hint: str) -> NoReturn:
    raise ValueError(f"targets: hold {what}, expected whole numbers from 0; {hint}")


def _is_sample(value: Any) -> bool:
    """Whether this is one sample ``(x, y, ...)``, and not a pair of the columns of many."""
    if isinstance(value, dict):
        return True
    if not isinstance(value, tuple) or len(value) < 2:
        return False
    return isinstance(value[1], (str, Number)) or getattr(value[1], "shape", None) == ()


def of_pair(given: Any, argument: str) -> Any:
    """A pair ``(x, y)`` of tensors, arrays or frames, or a list of samples, as a dataset.

    Anything else comes back as it is.

    Args:
        given: what a user passed as a dataset.
        argument: the name of that argument, for messages.

    Raises:
        ValueError: if the rows differ in number, there are other than two tensors, or values are
            no numbers.
    """
    arrays = (Tensor, np.ndarray)
    if not isinstance(given, (list, tuple)) or not given:
        return given
    if isinstance(given, list) and _is_sample(given[0]):
        return AvalancheDataset(given)
    values = list(given)
    if isinstance(given, tuple) or isinstance(given[0], arrays):
        values = [plain_array(value) for value in given]
    if not isinstance(values[0], arrays):
        return given
    if len(values) != 2 or not isinstance(values[1], (*arrays, list)):
        kinds = [type(value).__name__ for value in given[:5]]
        raise ValueError(
            f"{argument}: a {type(given).__name__} of {len(given)} values {kinds}; expected a "
            "dataset, a list of datasets, or a pair (x, y) of tensors or arrays"
        )
    x, y = number_tensor(values[0], f"{argument}: x"), number_tensor(values[1], f"{argument}: y")
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(
            f"{argument}: a pair of shapes {tuple(x.shape)} and {tuple(y.shape)}; expected one "
            "row of x and one class of y per sample"
        )
    return TensorDataset(x, y)
