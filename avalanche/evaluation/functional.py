"""Summaries of an accuracy matrix, as pure functions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["forgetting", "forgetting_matrix"]


def forgetting(
    accuracy_matrix: npt.ArrayLike, boundary_indices: Sequence[int] | None = None
) -> npt.NDArray[np.float64]:
    r"""Forgetting of every experience at every time.

    With :math:`b_k` the row at which experience :math:`k` was just learnt,
    :math:`F_{t,k} = A_{b_k,k} - A_{t,k}` for :math:`t > b_k`, and 0 before.

    Args:
        accuracy_matrix: shape ``(times, experiences)``; row: when it was measured, column: on what.
        boundary_indices: :math:`b_k` for every experience; by default row :math:`k`, which needs a
            square matrix.

    Returns:
        shape ``(times, experiences)``.

    Raises:
        ValueError: not a matrix; not square without ``boundary_indices``; or not one valid row per
            experience in ``boundary_indices``.

    Example:
        >>> forgetting([[0.9, 0.1], [0.5, 0.8]]).tolist()
        [[0.0, 0.0], [0.4, 0.0]]
    """
    matrix = np.asarray(accuracy_matrix, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"accuracy_matrix of shape {matrix.shape}: expected (times, experiences)")
    times, experiences = matrix.shape
    if boundary_indices is None:
        if times != experiences:
            raise ValueError(
                f"accuracy_matrix of shape {matrix.shape}: expected a square matrix, one row per "
                "experience learnt; give boundary_indices for any other"
            )
        boundary_indices = range(experiences)
    learnt = np.asarray(boundary_indices, dtype=np.int64)
    if learnt.shape != (experiences,) or (learnt < 0).any() or (learnt >= times).any():
        raise ValueError(
            f"boundary_indices={list(boundary_indices)}: expected for each of the {experiences} "
            f"experiences the row, from 0 to {times - 1}, at which it was just learnt"
        )
    reached = matrix[learnt, np.arange(experiences)]
    later = np.arange(times)[:, None] > learnt[None, :]
    return np.where(later, reached - matrix, 0.0)


def forgetting_matrix(accuracy_matrix: npt.ArrayLike) -> npt.NDArray[np.float64]:
    r"""How far every experience has fallen below its best accuracy so far.

    :math:`F_{t,k} = \max_{s \le t} A_{s,k} - A_{t,k}`, at least 0. It needs no knowledge of when
    an experience was learnt, so it suits streams without boundaries; with boundaries
    :func:`forgetting` compares with the accuracy right after learning.

    Args:
        accuracy_matrix: shape ``(times, experiences)``, or ``(times,)`` for a single one.

    Returns:
        The same shape; not a number where the accuracy is none.

    Raises:
        ValueError: neither one nor two dimensions.

    Example:
        >>> forgetting_matrix([[0.75, 0.0], [0.5, 1.0], [0.25, 0.5]]).tolist()
        [[0.0, 0.0], [0.25, 0.0], [0.5, 0.5]]

    Differences from the paper:
        The present counts among the times whose best is taken, so an accuracy that still rises
        gives 0, not a negative number.

    References:
        Chaudhry et al., "Riemannian Walk", ECCV 2018 (arXiv 1801.10112), section 3.
    """
    matrix = np.asarray(accuracy_matrix, dtype=np.float64)
    if matrix.ndim not in (1, 2):
        raise ValueError(f"accuracy_matrix of shape {matrix.shape}: expected (times, experiences)")
    return np.fmax.accumulate(matrix, axis=0) - matrix
