"""The matrix of accuracies."""

import math

import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import accuracy_matrix_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin

NAME = "EvalStream/Acc_Matrix"


def rows(matrix):
    return [
        [None if math.isnan(v) else round(v, 4) for v in row]
        for row in torch.as_tensor(matrix).tolist()
    ]


def run(evaluator, order=(0, 1), loop=None):
    loop = loop or FakeLoop(evaluator)
    train, test = make_stream("train", 2), make_stream("test", 2)
    for time, k in enumerate(order):
        loop.train(train[k], [[answers(1, 1)]])
        loop.eval(test, [[answers(5 + time, 10)], [answers(2 * time, 10)]])
    return loop


def test_rows_are_experiences_learnt():
    loop = FakeLoop(EvaluationPlugin(accuracy_matrix_metrics()))
    test = make_stream("test", 2)
    loop.eval(test, [[answers(1, 10)], [answers(1, 10)]])  # before any training: no row
    assert loop.evaluator.get_last_metrics() == {}
    run(loop.evaluator, loop=loop)
    steps, values = loop.evaluator.get_all_metrics()[NAME]
    assert steps == [1, 2]
    assert rows(values[0]) == [[0.5, 0.0], [None, None]]
    assert rows(values[1]) == [[0.5, 0.0], [0.6, 0.2]]


def test_rows_follow_the_order_of_learning_and_pieces_share_one():
    loop = FakeLoop(EvaluationPlugin(accuracy_matrix_metrics()))
    big, test = make_stream("train", 2), make_stream("test", 2)
    for number, piece in enumerate(make_stream("train", 4)):
        piece.origin_experience = big[1 - number // 2]
        loop.train(piece, [[answers(1, 1)]])
        loop.eval(test, [[answers(number, 10)], [answers(9, 10)]])
    assert rows(loop.evaluator.get_last_metrics()[NAME]) == [[0.1, 0.9], [0.3, 0.9]]


def test_streams_do_not_mix():
    loop = run(EvaluationPlugin(accuracy_matrix_metrics()))
    loop.eval(make_stream("valid", 2), [[answers(9, 10)], [answers(9, 10)]])
    found = loop.evaluator.get_last_metrics()
    assert rows(found[NAME]) == [[0.5, 0.0], [0.6, 0.2]]
    assert rows(found[f"{NAME}/valid_stream"]) == [[None, None], [0.9, 0.9]]


def test_state_round_trips():
    first, second = (EvaluationPlugin(accuracy_matrix_metrics()) for _ in range(2))
    run(first, order=(0,))
    second.load_state_dict(first.state_dict())
    loop = FakeLoop(second)
    loop.train(make_stream("train", 2)[1], [[answers(1, 1)]])
    loop.eval(make_stream("test", 2), [[answers(6, 10)], [answers(2, 10)]])
    whole = run(EvaluationPlugin(accuracy_matrix_metrics())).evaluator
    assert rows(second.get_last_metrics()[NAME]) == rows(whole.get_last_metrics()[NAME])


def test_reset():
    (metric,) = accuracy_matrix_metrics()
    run(EvaluationPlugin(metric))
    metric.reset()
    assert metric.result().shape == (0, 0)
