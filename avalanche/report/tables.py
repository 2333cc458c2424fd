r"""Numbers of a report, as pure functions of tidy rows.

Everything is derived from one array per run, the accuracy matrix :math:`R`, where :math:`R_{ij}`
is the accuracy on experience :math:`j` after training on :math:`i` experiences.

References:
    Lopez-Paz and Ranzato 2017, "Gradient Episodic Memory for Continual Learning" (average
    accuracy and BWT); Chaudhry et al. 2018, "Riemannian Walk for Incremental Learning"
    (forgetting, equation 3).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avalanche.report.rows import Row

__all__ = [
    "AccuracyMatrix",
    "accuracy_matrix",
    "average_accuracy",
    "backward_transfer",
    "final_accuracy",
    "forgetting",
    "mean_matrix",
    "seen_accuracy",
]

Array = NDArray[np.float64]

ACCURACY_PER_EXPERIENCE = "Top1_Acc_Exp"
ACCURACY_PER_STREAM = "Top1_Acc_Stream"


@dataclass(frozen=True)
class AccuracyMatrix:
    """Accuracy on every experience after each experience trained.

    Args:
        trained: experiences trained when each row was measured, ``(1, 2, ..., n)``; a single
            number for joint training, which trains once.
        values: accuracies, shape ``(len(trained), experiences)``; NaN where not measured.
    """

    trained: tuple[int, ...]
    values: Array

    def just_trained(self) -> Array:
        """Return the accuracy on each experience right after training on it, NaN if unknown."""
        first = np.full(self.values.shape[1], np.nan)
        for row, trained in enumerate(self.trained):
            if trained <= len(first):
                first[trained - 1] = self.values[row, trained - 1]
        return first


def accuracy_matrix(rows: Iterable[Row], *, stream: str = "test") -> AccuracyMatrix:
    """Return the accuracy matrix of one run (one strategy, one seed).

    Where a stream was evaluated several times with the same number of experiences trained
    (periodic evaluation), the earliest counts: it was made before training went on.

    Args:
        rows: rows of one run.
        stream: name of the stream that is read.

    Example:
        >>> rows = [
        ...     Row("Naive", 0, 4, 1, "eval", "test", 0, 0, "Top1_Acc_Exp", 0.9),
        ...     Row("Naive", 0, 4, 1, "eval", "test", 1, 0, "Top1_Acc_Exp", 0.0),
        ...     Row("Naive", 0, 8, 2, "eval", "test", 0, 0, "Top1_Acc_Exp", 0.2),
        ...     Row("Naive", 0, 8, 2, "eval", "test", 1, 0, "Top1_Acc_Exp", 0.8),
        ... ]
        >>> accuracy_matrix(rows).values.tolist()
        [[0.9, 0.0], [0.2, 0.8]]
    """
    wanted = [
        row
        for row in rows
        if row.metric == ACCURACY_PER_EXPERIENCE
        and row.phase == "eval"
        and row.stream == stream
        and row.experience is not None
        and row.trained_experience > 0
    ]
    first_step: dict[tuple[int, int], int] = {}
    for row in wanted:
        key = (row.trained_experience, row.experience or 0)
        first_step[key] = min(row.step, first_step.get(key, row.step))
    trained = tuple(sorted({key[0] for key in first_step}))
    width = 1 + max((key[1] for key in first_step), default=-1)
    values = np.full((len(trained), width), np.nan)
    cells: dict[tuple[int, int], list[float]] = {}
    for row in wanted:
        key = (row.trained_experience, row.experience or 0)
        if row.step == first_step[key]:
            cells.setdefault(key, []).append(row.value)
    for (count, experience), found in cells.items():
        # An experience with several tasks has one value per task.
        values[trained.index(count), experience] = float(np.mean(found))
    return AccuracyMatrix(trained, values)


def final_accuracy(rows: Iterable[Row], *, stream: str = "test") -> float:
    """Return the accuracy over all samples of the stream after the last experience.

    This weighs every sample the same; `average_accuracy` weighs every experience the same.
    NaN where it was not measured.
    """
    found = [
        row
        for row in rows
        if row.metric == ACCURACY_PER_STREAM and row.phase == "eval" and row.stream == stream
    ]
    if not found:
        return math.nan
    last = max(row.trained_experience for row in found)
    final = [row for row in found if row.trained_experience == last]
    return min(final, key=lambda row: row.step).value


def average_accuracy(matrix: AccuracyMatrix) -> float:
    r"""Return the mean accuracy over experiences at the end, :math:`\frac1n\sum_j R_{nj}`."""
    return _mean(matrix.values[-1]) if len(matrix.trained) else math.nan


def seen_accuracy(matrix: AccuracyMatrix) -> Array:
    r"""Return the mean accuracy over the experiences seen so far, after each experience.

    Entry :math:`i` is :math:`\frac1i\sum_{j\le i} R_{ij}`; shape ``(len(matrix.trained),)``.
    """
    return np.array(
        [_mean(matrix.values[row, :trained]) for row, trained in enumerate(matrix.trained)],
        dtype=np.float64,
    )


def forgetting(matrix: AccuracyMatrix, *, reference: str = "best") -> float:
    r"""Return how much accuracy was lost on the experiences before the last.

    With the best accuracy ever had before the end as reference (Chaudhry 2018, equation 3) it is
    :math:`\frac1{n-1}\sum_{j<n}\big(\max_{i<n} R_{ij} - R_{nj}\big)`; with the first one, right
    after training on the experience, :math:`R_{jj}` stands in place of the maximum.

    Args:
        matrix: accuracies of one run.
        reference: ``"best"`` or ``"first"``.

    Returns:
        The mean over experiences; NaN for joint training and for a single experience.

    Raises:
        ValueError: another reference.

    Example:
        >>> matrix = AccuracyMatrix((1, 2, 3), np.array([[.5, 0, 0], [.9, .8, 0], [.1, .4, .7]]))
        >>> round(forgetting(matrix), 6), round(forgetting(matrix, reference="first"), 6)
        (0.6, 0.4)
    """
    if reference not in ("best", "first"):
        raise ValueError(f"reference={reference!r}: expected 'best' or 'first'")
    if len(matrix.trained) < 2:
        return math.nan
    before = matrix.values[:-1, : matrix.trained[-1] - 1]
    last = matrix.values[-1, : before.shape[1]]
    if reference == "first":
        return _mean(matrix.just_trained()[: before.shape[1]] - last)
    return _mean(np.where(np.isnan(before), -np.inf, before).max(axis=0) - last)


def backward_transfer(matrix: AccuracyMatrix) -> float:
    r"""Return BWT, :math:`\frac1{n-1}\sum_{j<n}(R_{nj} - R_{jj})`; NaN where undefined."""
    return -forgetting(matrix, reference="first")


def mean_matrix(matrices: Sequence[AccuracyMatrix]) -> AccuracyMatrix:
    """Return the mean over runs, entry by entry, over the part that all of them have.

    Raises:
        ValueError: no matrix was given.
    """
    if not matrices:
        raise ValueError("matrices=[]: expected at least one accuracy matrix")
    shortest = min(matrices, key=lambda matrix: len(matrix.trained))
    width = min(matrix.values.shape[1] for matrix in matrices)
    height = len(shortest.trained)
    stack = np.stack([matrix.values[:height, :width] for matrix in matrices])
    return AccuracyMatrix(shortest.trained, stack.mean(axis=0))


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan
