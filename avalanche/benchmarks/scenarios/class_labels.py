"""Class labels that benchmarks can divide by: whole numbers from 0, in the samples too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ..utils import DefaultTransformGroups
from ..utils.classification_dataset import map_classes
from ..utils.transforms import MapClasses


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
        _refuse(what, "pass y.argmax(1) of one-hot vectors, y.flatten() of single values")
    if column.is_complex():
        _refuse("complex numbers", "number the classes 0, 1, ...")
    if column.is_floating_point():
        odd = column[~torch.isfinite(column) | (column != column.round())]
        if len(odd):
            _refuse(f"fractions such as {odd[0].item():g}", "number the classes 0, 1, ...")
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


def of_pair(given: Any, argument: str) -> Any:
    """A pair ``(x, y)`` of tensors or arrays as a dataset; anything else as it is.

    Args:
        given: what a user passed as a dataset.
        argument: the name of that argument, for messages.

    Raises:
        ValueError: if the rows differ in number, or there are other than two tensors.
    """
    arrays = (Tensor, np.ndarray)
    if not isinstance(given, (list, tuple)) or not given or not isinstance(given[0], arrays):
        return given
    if len(given) != 2 or not isinstance(given[1], (*arrays, list)):
        kinds = [type(value).__name__ for value in given[:5]]
        raise ValueError(
            f"{argument}: a {type(given).__name__} of {len(given)} values {kinds}; expected a "
            "dataset, a list of datasets, or a pair (x, y) of tensors or arrays"
        )
    x, y = (torch.as_tensor(value) for value in given)
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(
            f"{argument}: a pair of shapes {tuple(x.shape)} and {tuple(y.shape)}; expected one "
            "row of x and one class of y per sample"
        )
    return TensorDataset(x, y)
