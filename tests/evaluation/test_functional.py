"""Forgetting of an accuracy matrix against its definition, written as a loop."""

import numpy as np
import pytest

from avalanche.evaluation.functional import forgetting


def by_definition(matrix, learnt):
    values = np.zeros_like(matrix)
    for t in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            if t > learnt[k]:
                values[t, k] = matrix[learnt[k], k] - matrix[t, k]
    return values


def test_square():
    matrix = np.random.default_rng(0).random((5, 5))
    np.testing.assert_array_equal(forgetting(matrix), by_definition(matrix, range(5)))


def test_boundaries():
    matrix = np.random.default_rng(1).random((9, 3))
    found = forgetting(matrix, boundary_indices=[2, 5, 8])
    np.testing.assert_array_equal(found, by_definition(matrix, [2, 5, 8]))


@pytest.mark.parametrize(
    ("shape", "boundaries", "message"),
    [
        ((3, 2), None, r"accuracy_matrix of shape \(3, 2\): expected a square matrix"),
        ((3,), None, r"accuracy_matrix of shape \(3,\): expected \(times, experiences\)"),
        ((3, 2), [0], r"boundary_indices=\[0\]: expected for each of the 2 experiences"),
        ((3, 2), [0, 3], r"the row, from 0 to 2"),
    ],
)
def test_wrong_input(shape, boundaries, message):
    with pytest.raises(ValueError, match=message):
        forgetting(np.zeros(shape), boundaries)
