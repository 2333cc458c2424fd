"""What the loop asks of an experience and its batches."""

import math
from collections.abc import Iterable
from typing import Any

import torch

__all__ = ["number_of_batches", "to_device", "units_needed"]


def number_of_batches(loader: Any) -> float:
    """How many batches an epoch has; infinite where the loader does not know."""
    try:
        return len(loader)
    except (TypeError, NotImplementedError, AttributeError, OverflowError):
        return math.inf  # such as of an iterable data set


def units_needed(experience: Any) -> int:
    """1 + the largest class of an experience, 0 where it has no classes."""
    classes: Iterable[int] | None = getattr(experience, "classes_in_this_experience", None)
    if classes is None:
        targets = getattr(experience.dataset, "targets", None)
        classes = getattr(targets, "uniques", ())
    whole = [c for c in classes if isinstance(c, int)]
    return max(whole, default=-1) + 1


def to_device(batch: Any, device: torch.device) -> Any:
    """A batch of tensors, lists, tuples or dictionaries on ``device``; lists stay lists."""
    if torch.is_tensor(batch):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: to_device(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [to_device(value, device) for value in batch]
    return batch
