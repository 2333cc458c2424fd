"""Arrays, lists and data frames that stand for columns of samples, as tensors."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

_FRAMES = ("pandas", "polars")  # packages of data frames; they need not be installed to ask


def is_frame(value: Any) -> bool:
    """Whether something is a data frame or a series of one."""
    return any(kind.__module__.split(".")[0] in _FRAMES for kind in type(value).__mro__)


def plain_array(value: Any) -> Any:
    """A data frame or series as an array; anything else as it is."""
    if not is_frame(value):
        return value
    array = value.to_numpy()
    return array if array.flags.writeable else array.copy()  # torch warns of an array it can't own


def refuse_frame(frame: Any) -> NoReturn:
    """Say how a data frame becomes data.

    Raises:
        TypeError: always.
    """
    kind = type(frame).__name__
    raise TypeError(
        f"dataset={kind}: expected a dataset; which columns of a table are inputs and which is the "
        'target has to be said, e.g. (table[["a", "b"]].to_numpy(), table["label"].to_numpy())'
    )


def number_tensor(values: Any, name: str) -> Tensor:
    """A column of numbers as a tensor, without a copy of an array.

    Args:
        values: a tensor, an array, a list of numbers, or a data frame or series.
        name: what messages call the column.

    Raises:
        ValueError: values are names, or no numbers at all.

    Example:
        >>> number_tensor([2, 0], "targets")
        tensor([2, 0])
    """
    values = plain_array(values)
    if isinstance(values, Tensor):
        return values
    if not isinstance(values, np.ndarray) or values.dtype.kind in "USO":
        for value in values.flat if isinstance(values, np.ndarray) else values:
            if isinstance(value, (str, bytes)):
                refuse_names(name, value)
    try:
        return torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError) as error:
        kind = f" of {values.dtype}" if isinstance(values, np.ndarray) else ""
        raise ValueError(
            f"{name}: is {type(values).__name__}{kind}, expected numbers; convert it, e.g. "
            'np.asarray(values, dtype="float32")'
        ) from error


def refuse_names(name: str, value: Any) -> NoReturn:
    """Say how names become numbers.

    Raises:
        ValueError: always.
    """
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    raise ValueError(
        f"{name}: are names such as {text!r}, expected numbers; number them, e.g. "
        "names = sorted(set(labels)); y = [names.index(label) for label in labels]"
    )
