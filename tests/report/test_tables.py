import math

import numpy as np
import pytest

from avalanche.report.rows import Row
from avalanche.report.tables import (
    AccuracyMatrix,
    accuracy_matrix,
    average_accuracy,
    backward_transfer,
    final_accuracy,
    forgetting,
    mean_matrix,
    seen_accuracy,
)

# Worked by hand. The first experience is best after the second: 0.9, and ends with 0.1.
MATRIX = AccuracyMatrix((1, 2, 3), np.array([[0.5, 0.0, 0.0], [0.9, 0.8, 0.1], [0.1, 0.4, 0.7]]))


def row(step: int, trained: int, experience: int | None, value: float, **other: object) -> Row:
    cells = {
        "strategy": "Naive", "seed": 0, "phase": "eval", "stream": "test", "task": 0,
        "metric": "Top1_Acc_Exp" if experience is not None else "Top1_Acc_Stream",
        **other,
    }  # fmt: skip
    return Row(step=step, trained_experience=trained, experience=experience, value=value, **cells)


def test_hand_worked_numbers() -> None:
    assert average_accuracy(MATRIX) == pytest.approx((0.1 + 0.4 + 0.7) / 3)
    assert forgetting(MATRIX) == pytest.approx((0.8 + 0.4) / 2)
    assert forgetting(MATRIX, reference="first") == pytest.approx((0.4 + 0.4) / 2)
    assert backward_transfer(MATRIX) == pytest.approx(-0.4)
    assert seen_accuracy(MATRIX) == pytest.approx([0.5, 0.85, 0.4])


def test_forgetting_of_a_learner_that_improves_is_negative() -> None:
    better = AccuracyMatrix((1, 2), np.array([[0.5, 0.0], [0.6, 0.9]]))
    assert forgetting(better) == pytest.approx(-0.1)
    assert backward_transfer(better) == pytest.approx(0.1)


def test_one_training_has_no_forgetting() -> None:
    joint = AccuracyMatrix((1,), np.array([[0.9, 0.8]]))
    assert math.isnan(forgetting(joint))
    assert math.isnan(backward_transfer(joint))
    assert average_accuracy(joint) == pytest.approx(0.85)


def test_forgetting_refuses_another_reference() -> None:
    with pytest.raises(ValueError, match=r"reference='last': expected 'best' or 'first'"):
        forgetting(MATRIX, reference="last")


def test_matrix_reads_only_what_belongs_to_it() -> None:
    rows = [
        row(0, 0, 0, 0.3),  # before any training
        row(4, 1, 0, 0.9),
        row(4, 1, 1, 0.1),
        row(4, 1, 0, 0.7, stream="valid"),
        row(4, 1, 0, 0.6, phase="train"),
        row(4, 1, 0, 0.5, metric="Loss_Exp"),
        row(4, 1, None, 0.5),
        row(8, 2, 1, 0.8),
        row(8, 2, 0, 0.2),
    ]
    matrix = accuracy_matrix(rows)
    assert matrix.trained == (1, 2)
    assert matrix.values.tolist() == [[0.9, 0.1], [0.2, 0.8]]


def test_periodic_evaluation_does_not_replace_the_one_after_the_experience() -> None:
    rows = [row(4, 1, 0, 0.9), row(6, 1, 0, 0.5), row(8, 2, 0, 0.2), row(8, 2, 1, 0.7)]
    assert accuracy_matrix(rows).values[0, 0] == 0.9
    stream = [row(4, 1, None, 0.5), row(6, 1, None, 0.4), row(8, 2, None, 0.45)]
    assert final_accuracy(stream) == 0.45


def test_tasks_of_one_experience_are_averaged() -> None:
    rows = [row(4, 1, 0, 0.4, task=0), row(4, 1, 0, 0.8, task=1)]
    assert accuracy_matrix(rows).values.tolist() == [[pytest.approx(0.6)]]


def test_nothing_measured_is_nan_not_an_error() -> None:
    empty = accuracy_matrix([])
    assert empty.values.shape == (0, 0)
    assert math.isnan(final_accuracy([]))
    assert math.isnan(average_accuracy(empty))
    assert math.isnan(forgetting(empty))


def test_mean_over_runs_stops_at_the_shortest() -> None:
    short = AccuracyMatrix((1, 2), MATRIX.values[:2] + 0.1)
    mean = mean_matrix([MATRIX, short])
    assert mean.trained == (1, 2)
    assert np.allclose(mean.values, MATRIX.values[:2] + 0.05)
    with pytest.raises(ValueError, match=r"matrices=\[\]"):
        mean_matrix([])
