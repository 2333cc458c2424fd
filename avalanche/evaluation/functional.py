"""Summaries of an accuracy matrix, as pure functions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["forgetting"]


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
