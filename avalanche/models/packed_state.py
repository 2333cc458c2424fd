"""Whole numbers that a module saves with its weights, as one tensor.

Code that copies, averages or counts what is in a ``state_dict`` expects tensors in it.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["pack", "unpack"]


def pack(*lists: Iterable[int]) -> Tensor:
    """Lists of numbers, each after its length: int64 ``(values,)``.

    Example:
        >>> pack([7], [0, 3]).tolist()
        [1, 7, 2, 0, 3]
    """
    values: list[int] = []
    for numbers in map(list, lists):
        values += [len(numbers), *numbers]
    return torch.tensor(values, dtype=torch.int64)


def unpack(state: Any) -> list[list[int]]:
    """What :func:`pack` packed; averages of such tensors are rounded."""
    values = [round(float(v)) for v in state.tolist()]
    lists, start = [], 0
    while start < len(values):
        end = start + 1 + values[start]
        lists.append(values[start + 1 : end])
        start = end
    return lists
