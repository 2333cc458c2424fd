"""Models that give a class to every element of a sample, such as a pixel or a word."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["as_rows", "count_labels", "has_elements", "label_elements", "of_each_element"]


def has_elements(predicted_y: Tensor, true_y: Tensor) -> bool:
    """Whether there is a class for every element of a sample, not one for the sample.

    Two dimensions on both sides are samples with scores, or one-hot.
    """
    return predicted_y.dim() > 2 or true_y.dim() > 2


def label_elements(predicted_y: Tensor, true_y: Tensor) -> Tensor:
    """The true label of every element, ``(batch, ...)``.

    Args:
        predicted_y: scores ``(batch, classes, ...)``, or labels ``(batch, ...)`` as whole numbers.
        true_y: labels ``(batch, ...)`` or ``(batch, 1, ...)``, or, with scores, floats of their
            shape: the probability of every class.

    Raises:
        ValueError: shapes that do not fit, naming both. Nothing is broadcast.
    """
    scores = predicted_y.is_floating_point()
    wanted = predicted_y.shape
    if scores:
        wanted = torch.Size([*predicted_y.shape[:1], *predicted_y.shape[2:]])
    if true_y.shape == wanted:
        return true_y
    if scores and true_y.shape == (*wanted[:1], 1, *wanted[1:]):
        return true_y.squeeze(1)
    if scores and true_y.shape == predicted_y.shape and true_y.is_floating_point():
        return true_y.argmax(dim=1)
    hint = "scores have their classes in dimension 1, as predicted_y.movedim(-1, 1) puts the last"
    if not scores:
        hint = "whole numbers are labels, of which there is one for every true label"
    raise _misfit(predicted_y, true_y, f"true labels of shape {tuple(wanted)}; {hint}")


def as_rows(predicted_y: Tensor, true_y: Tensor) -> tuple[Tensor, Tensor]:
    """Scores ``(elements, classes)`` and labels ``(elements,)`` where elements have classes.

    Predictions and truths of whole samples come back as they are.

    Raises:
        ValueError: shapes that do not fit; see :func:`label_elements`.

    Example:
        >>> scores, labels = torch.rand(4, 3, 8, 8), torch.zeros(4, 8, 8, dtype=torch.int64)
        >>> [tuple(rows.shape) for rows in as_rows(scores, labels)]
        [(256, 3), (256,)]
    """
    if not has_elements(predicted_y, true_y):
        return predicted_y, true_y
    labels = label_elements(predicted_y, true_y).flatten()
    if not predicted_y.is_floating_point():
        return predicted_y.flatten(), labels
    if predicted_y.shape == true_y.shape and true_y.shape[1] == 1:
        labels = labels.unsqueeze(1)  # a column of targets, as binary cross-entropy takes them
    return predicted_y.movedim(1, -1).flatten(0, -2), labels


def count_labels(predicted_y: Tensor, true_y: Tensor) -> int:
    """How many labels are predicted: one for every sample, or one for every element."""
    if not has_elements(predicted_y, true_y):
        return len(true_y)
    return predicted_y.numel() // (predicted_y.shape[1] if predicted_y.is_floating_point() else 1)


def of_each_element(task_labels: int | Tensor, batch: int, elements: int) -> int | Tensor:
    """Task labels of samples as those of their elements, ``(elements,)``, sample by sample."""
    if not isinstance(task_labels, Tensor) or task_labels.shape != (batch,) or batch == elements:
        return task_labels
    return task_labels.repeat_interleave(elements // max(batch, 1))


def _misfit(predicted_y: Tensor, true_y: Tensor, expected: str) -> ValueError:
    return ValueError(
        f"predicted_y of shape {tuple(predicted_y.shape)} with true_y of shape "
        f"{tuple(true_y.shape)}: expected {expected}"
    )
