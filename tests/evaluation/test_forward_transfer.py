"""Forward transfer against equation 4 of Lopez-Paz and Ranzato, computed with numpy."""

import logging

import numpy as np
import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import ForwardTransfer, forward_transfer_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin

# Right answers out of 10 on experience k (column): before training, then after each training.
BASELINE = [1, 2, 0, 3]
MATRIX = np.array([[8, 4, 1, 3], [7, 9, 5, 1], [6, 5, 9, 8], [5, 5, 6, 9]])
STREAM = "StreamForwardTransfer/eval_phase/test_stream"
IN_ORDER = (0, 1, 2, 3)


def exp(k, stream="test"):
    return f"ExperienceForwardTransfer/eval_phase/{stream}_stream/Task000/Exp{k:03}"


def both():
    return EvaluationPlugin(forward_transfer_metrics(experience=True, stream=True))


def evaluate(loop, row, stream="test"):
    loop.eval(make_stream(stream, len(row)), [[answers(int(n), 10)] for n in row])


def run(evaluator, order=IN_ORDER, matrix=MATRIX, loop=None):
    """Learn in ``order``; row t of the matrix is measured after the t-th training."""
    loop = loop or FakeLoop(evaluator)
    evaluate(loop, BASELINE)
    train = make_stream("train", len(order))
    for row, k in zip(matrix, order, strict=True):
        loop.train(train[k], [[answers(1, 1)]])
        evaluate(loop, row)
    return evaluator


def terms(order, matrix=MATRIX):
    """R_{i-1,i} - b_i for every experience but the first."""
    return {
        k: (matrix[i, k] - BASELINE[k]) / 10 for i, k in enumerate(order[1:]) if i < len(matrix)
    }


@pytest.mark.parametrize("order", [IN_ORDER, (2, 0, 3, 1), (0, 2, 1, 3), (3, 2, 1, 0)], ids=str)
def test_every_order_of_learning(order):
    last = run(both(), order).get_last_metrics()
    expected = terms(order)
    assert last == pytest.approx(
        {**{exp(k): v for k, v in expected.items()}, STREAM: np.mean([*expected.values()])}
    )


def test_emitted_when_the_next_is_evaluated():
    values = run(both()).get_all_metrics()
    expected = terms(IN_ORDER)
    assert {name: steps for name, (steps, _) in values.items()} == {
        exp(1): [1],
        exp(2): [2],
        exp(3): [3],
        STREAM: [0, 1, 2, 3, 4],
    }
    running = [0, *np.cumsum([expected[k] for k in (1, 2, 3)]) / [1, 2, 3]]
    assert values[STREAM][1] == pytest.approx([*running, running[-1]])


def test_a_value_that_nobody_expected_is_emitted_when_its_training_begins():
    loop = FakeLoop(both())
    evaluate(loop, BASELINE)
    train = make_stream("train", 4)
    loop.train(train[0], [[answers(1, 1)]])
    evaluate(loop, MATRIX[0])
    assert exp(2) not in loop.evaluator.get_last_metrics()
    loop.train(train[2], [[answers(1, 1)]])
    assert loop.evaluator.get_all_metrics()[exp(2)] == ([1], [pytest.approx(0.1)])


def test_the_last_evaluation_before_the_training_counts():
    loop = FakeLoop(both())
    evaluate(loop, BASELINE)
    train = make_stream("train", 4)
    loop.train(train[0], [[answers(1, 1)]])
    evaluate(loop, [0, 9, 0, 0])
    evaluate(loop, [0, 5, 0, 0])
    loop.train(train[1], [[answers(1, 1)]])
    evaluate(loop, [0, 10, 1, 0])
    last = loop.evaluator.get_last_metrics()
    assert last == pytest.approx({exp(1): 0.3, exp(2): 0.1, STREAM: 0.2})


def test_pieces_of_an_online_stream_count_as_their_origin():
    loop = FakeLoop(both())
    evaluate(loop, BASELINE[:2])
    big = make_stream("train", 2)
    for number, piece in enumerate(make_stream("train", 6)):
        piece.origin_experience = big[number // 3]
        loop.train(piece, [[answers(1, 1)]])
        evaluate(loop, [9 - number, number])
    # Experience 1 was last measured, before its first piece, after piece 2.
    assert loop.evaluator.get_last_metrics()[STREAM] == pytest.approx((2 - BASELINE[1]) / 10)


def test_training_without_a_baseline_is_refused():
    loop = FakeLoop(both())
    message = r"ExperienceForwardTransfer has no baseline: .* call strategy.eval\(benchmark.test_st"
    with pytest.raises(RuntimeError, match=message):
        loop.train(make_stream("train")[0], [[answers(1, 1)]])


def test_a_stream_without_a_baseline_is_left_out_and_logged_once(caplog):
    loop = FakeLoop(EvaluationPlugin(forward_transfer_metrics(stream=True)))
    evaluate(loop, BASELINE)
    with caplog.at_level(logging.WARNING, logger="avalanche"):
        for experience in make_stream("train", 4)[:2]:
            loop.train(experience, [[answers(1, 1)]])
            evaluate(loop, MATRIX[0], "valid")
    assert [*loop.evaluator.get_last_metrics()] == [STREAM]
    (record,) = caplog.records
    assert "no baseline for experience 1 of the valid stream" in record.getMessage()


@pytest.mark.parametrize("after", [1, 2, 3], ids=str)
@pytest.mark.parametrize("order", [IN_ORDER, (0, 3, 2, 1)], ids=str)
def test_state_round_trips(order, after):
    whole = run(both(), order)
    first, second = both(), both()
    loop = FakeLoop(first)
    evaluate(loop, BASELINE)
    train = make_stream("train", 4)
    for time, k in enumerate(order):
        if time == after:
            second.load_state_dict(first.state_dict())
            loop.evaluator = second
        loop.train(train[k], [[answers(1, 1)]])
        evaluate(loop, MATRIX[time])
    assert second.get_all_metrics() == whole.get_all_metrics()


def test_standalone():
    transfer = ForwardTransfer()
    transfer.update(1, 0.5)
    assert transfer.result_key(1) is None
    transfer.update(1, 0.1, initial=True)
    assert transfer.result() == pytest.approx({1: 0.4})
    transfer.update(1, 0.3)
    assert transfer.result_key(1) == pytest.approx(0.2)
    transfer.reset()
    assert transfer.result() == {}


def test_plugins_take_measurements_by_hand():
    experience, whole = forward_transfer_metrics(experience=True, stream=True)
    for k, value, initial in [(0, 0.1, True), (0, 0.4, False)]:
        experience.update(k, value, initial)
        whole.exp_update(k, value, initial)
    assert experience.result() == pytest.approx({0: 0.3})
    assert whole.result() == pytest.approx(0.3)  # nothing learnt: experience 0 comes next
    experience.reset()
    whole.reset()
    assert (experience.result(), whole.result()) == ({}, 0.0)
