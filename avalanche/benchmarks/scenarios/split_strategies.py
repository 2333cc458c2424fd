"""How releases up to 0.3 divided an experience: functions for ``custom_split_strategy``."""

from __future__ import annotations

from typing import Any

import torch

from .online_experience import check_size
from .validation import split_validation_class_balanced, split_validation_random

__all__ = [
    "class_balanced_split_strategy",
    "fixed_size_experience_split",
    "fixed_size_experience_split_strategy",
    "random_validation_split_strategy",
]


def random_validation_split_strategy(
    validation_size: int | float, shuffle: bool, experience: Any
) -> tuple[Any, Any]:
    """``(train, valid)`` datasets; older form of :func:`split_validation_random`."""
    train, valid = split_validation_random(validation_size, shuffle, dataset=experience.dataset)
    return train, valid


def class_balanced_split_strategy(validation_size: float, experience: Any) -> tuple[Any, Any]:
    """``(train, valid)`` datasets; older form of :func:`split_validation_class_balanced`."""
    train, valid = split_validation_class_balanced(validation_size, experience.dataset)
    return train, valid


def fixed_size_experience_split_strategy(
    experience_size: int, shuffle: bool, drop_last: bool, experience: Any
) -> list[Any]:
    """Datasets of a fixed size; ``data_incremental_benchmark`` cuts like this by itself.

    Args:
        experience_size: samples per dataset.
        shuffle: whether samples are dealt out in random order, by torch's global generator.
        drop_last: whether a last dataset with fewer samples is left out.
        experience: what is cut.

    Raises:
        ValueError: if the size is not above zero.
    """
    check_size(experience_size)
    length = len(experience.dataset)
    order = torch.randperm(length) if shuffle else torch.arange(length)
    if drop_last:
        order = order[: length // experience_size * experience_size]
    pieces = order.split(experience_size) if len(order) else ()
    return [experience.dataset.subset(piece) for piece in pieces]


def fixed_size_experience_split(
    experience: Any, experience_size: int, shuffle: bool = True, drop_last: bool = False
) -> list[Any]:
    """The same with the experience first, and in random order by default."""
    return fixed_size_experience_split_strategy(experience_size, shuffle, drop_last, experience)
