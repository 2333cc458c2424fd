"""Forgetting of an accuracy matrix against its definition, written as a loop."""

import numpy as np
import pytest

from avalanche.evaluation.functional import forgetting, forgetting_matrix


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


def test_forgetting_matrix_is_the_distance_from_the_best_so_far():
    accuracy = np.random.default_rng(1).uniform(size=(7, 3))
    found = forgetting_matrix(accuracy)
    for time, experience in np.ndindex(accuracy.shape):
        best = max(accuracy[s, experience] for s in range(time + 1))
        assert found[time, experience] == best - accuracy[time, experience]
    np.testing.assert_array_equal(forgetting_matrix(accuracy[:, 0]), found[:, 0])


def test_forgetting_matrix_of_experiences_that_come_later():
    accuracy = [[0.5, np.nan], [0.25, 1.0], [0.5, 0.75]]
    np.testing.assert_array_equal(
        forgetting_matrix(accuracy), [[0.0, np.nan], [0.25, 0.0], [0.0, 0.25]]
    )


@pytest.mark.parametrize("accuracy", [0.5, np.zeros((1, 1, 1))])
def test_forgetting_matrix_needs_a_matrix(accuracy):
    with pytest.raises(ValueError, match="accuracy_matrix of shape .*: expected"):
        forgetting_matrix(accuracy)
