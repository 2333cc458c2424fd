"""Forgetting and backward transfer against hand-worked accuracy matrices."""

import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import (
    BWT,
    Forgetting,
    bwt_metrics,
    forgetting_metrics,
    forgetting_to_bwt,
)
from avalanche.training.plugins.evaluation import EvaluationPlugin

# Right answers out of 10 on experience k (column) after training on experience t (row).
MATRIX = [
    [8, 1, 0],
    [9, 7, 1],
    [4, 5, 6],
]


def run(evaluator, matrix=MATRIX, stream="test", loop=None):
    """Train and evaluate so that the accuracy matrix is the given one; values after each row."""
    loop = loop or FakeLoop(evaluator)
    size = len(matrix)
    train, test = make_stream("train", size), make_stream(stream, size)
    after = []
    for t, row in enumerate(matrix):
        loop.train(train[t], [[answers(1, 1)]])
        evaluator.reset_last_metrics()
        loop.eval(test, [[answers(row[k], 10)] for k in range(size)])
        after.append(evaluator.get_last_metrics())
    return after


def exp(name, k, stream="test"):
    return f"{name}/eval_phase/{stream}_stream/Task000/Exp{k:03}"


def test_first_minus_last():
    after = run(EvaluationPlugin(forgetting_metrics(experience=True, stream=True)))
    whole = "StreamForgetting/eval_phase/test_stream"
    name = "ExperienceForgetting"
    assert after[0] == {whole: 0.0}
    assert after[1] == pytest.approx({exp(name, 0): 0.8 - 0.9, whole: 0.8 - 0.9})
    assert after[2] == pytest.approx(
        {exp(name, 0): 0.8 - 0.4, exp(name, 1): 0.7 - 0.5, whole: (0.4 + 0.2) / 2}
    )


def test_best_minus_last():
    metrics = forgetting_metrics(experience=True, stream=True, reference="best")
    after = run(EvaluationPlugin(metrics))
    name, whole = "ExperienceForgettingFromBest", "StreamForgettingFromBest/eval_phase/test_stream"
    assert after[0] == {whole: 0.0}
    assert after[1] == pytest.approx({exp(name, 0): 0.8 - 0.9, whole: 0.8 - 0.9})
    assert after[2] == pytest.approx(
        {exp(name, 0): 0.9 - 0.4, exp(name, 1): 0.7 - 0.5, whole: (0.5 + 0.2) / 2}
    )


def test_bwt_is_minus_forgetting():
    after = run(EvaluationPlugin(bwt_metrics(experience=True, stream=True)))
    name, whole = "ExperienceBWT", "StreamBWT/eval_phase/test_stream"
    assert after[2] == pytest.approx(
        {exp(name, 0): 0.4 - 0.8, exp(name, 1): 0.5 - 0.7, whole: -(0.4 + 0.2) / 2}
    )


@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        (forgetting_metrics, "StreamForgetting", 0.8 - 0.3),
        (bwt_metrics, "StreamBWT", 0.3 - 0.8),
    ],
    ids=["forgetting", "bwt"],
)
def test_a_part_of_the_stream_is_averaged_over_that_part_alone(make, name, expected):
    evaluator = EvaluationPlugin(make(stream=True))
    loop = FakeLoop(evaluator)
    run(evaluator, loop=loop)
    loop.eval(make_stream("test", 3)[:1], [[answers(3, 10)]])
    values = evaluator.get_last_metrics()
    assert values == pytest.approx({f"{name}/eval_phase/test_stream": expected})


@pytest.mark.parametrize("reference", ["first", "best"])
def test_correctness_row_33_streams_do_not_mix(reference):
    evaluator = EvaluationPlugin(forgetting_metrics(stream=True, reference=reference))
    loop = FakeLoop(evaluator)
    name = "StreamForgetting" + ("FromBest" if reference == "best" else "")
    train = make_stream("train", 2)
    test, valid = make_stream("test", 2), make_stream("valid", 2)
    loop.train(train[0], [[answers(1, 1)]])
    loop.eval(test, [[answers(9, 10)], [answers(0, 10)]])
    loop.eval(valid, [[answers(3, 10)], [answers(0, 10)]])
    loop.train(train[1], [[answers(1, 1)]])
    loop.eval(test, [[answers(5, 10)], [answers(9, 10)]])
    loop.eval(valid, [[answers(2, 10)], [answers(8, 10)]])
    assert evaluator.get_last_metrics() == pytest.approx(
        {f"{name}/eval_phase/test_stream": 0.4, f"{name}/eval_phase/valid_stream": 0.1}
    )


@pytest.mark.parametrize("reference", ["first", "best"])
def test_evaluating_again_before_the_next_training_replaces(reference):
    evaluator = EvaluationPlugin(forgetting_metrics(stream=True, reference=reference))
    loop = FakeLoop(evaluator)
    train, test = make_stream("train", 3), make_stream("test", 3)
    loop.train(train[0], [[answers(1, 1)]])
    loop.eval(test, [[answers(9, 10)], [answers(0, 10)], [answers(0, 10)]])
    loop.eval(test, [[answers(6, 10)], [answers(0, 10)], [answers(0, 10)]])
    loop.train(train[1], [[answers(1, 1)]])
    loop.eval(test, [[answers(8, 10)], [answers(5, 10)], [answers(0, 10)]])
    loop.eval(test, [[answers(2, 10)], [answers(5, 10)], [answers(0, 10)]])
    assert [*evaluator.get_last_metrics().values()] == pytest.approx([0.6 - 0.2])


def test_one_evaluation_per_experience():
    evaluator = EvaluationPlugin(forgetting_metrics(experience=True))
    loop = FakeLoop(evaluator)
    train, test = make_stream("train", 2), make_stream("test", 2)
    for t, row in enumerate([[9, 0], [4, 8]]):
        loop.train(train[t], [[answers(1, 1)]])
        for k in range(2):
            loop.eval([test[k]], [[answers(row[k], 10)]])
    assert evaluator.get_last_metrics() == pytest.approx({exp("ExperienceForgetting", 0): 0.5})


def test_online_streams_count_as_their_origin():
    evaluator = EvaluationPlugin(forgetting_metrics(stream=True))
    loop = FakeLoop(evaluator)
    big, small, test = make_stream("train", 2), make_stream("train", 6), make_stream("test", 2)
    for number, experience in enumerate(small):
        experience.origin_experience = big[number // 3]
        loop.train(experience, [[answers(1, 1)]])
        loop.eval(test, [[answers(9 - number, 10)], [answers(number, 10)]])
    # Reference of experience 0: its last evaluation before the first piece of experience 1, 0.7.
    assert [*evaluator.get_last_metrics().values()] == pytest.approx([0.7 - 0.4])


def test_the_best_is_of_what_was_learnt_and_not_of_a_piece_in_between():
    """After the pieces of experience 0: 0.6; of experience 1: 0.5; of experience 2: 0.4."""
    pieces = [(0, 9), (0, 6), (1, 8), (1, 5), (2, 7), (2, 4)]  # experience, right ones of 10

    def learn(loop, part):
        for number, right in part:
            piece = make_stream("train", 1)[0]
            piece.origin_experience = make_stream("train", 3)[number]
            loop.train(piece, [[answers(1, 1)]])
            loop.eval(make_stream("test", 3), [[answers(right, 10)]] * 3)
        return loop.evaluator

    def fresh():
        return EvaluationPlugin(forgetting_metrics(experience=True, reference="best"))

    first, second = learn(FakeLoop(fresh()), pieces[:3]), fresh()
    second.load_state_dict(first.state_dict())
    for evaluator in (learn(FakeLoop(first), pieces[3:]), learn(FakeLoop(second), pieces[3:])):
        name = "ExperienceForgettingFromBest"
        assert evaluator.get_last_metrics() == pytest.approx(
            {exp(name, 0): 0.6 - 0.4, exp(name, 1): 0.5 - 0.4}
        )


def test_an_experience_without_data_is_left_out():
    evaluator = EvaluationPlugin(forgetting_metrics(experience=True, stream=True))
    loop = FakeLoop(evaluator)
    loop.train(make_stream("train")[0], [[answers(1, 1)]])
    loop.eval(make_stream("test"), [[], [answers(1, 2)]])
    assert evaluator.get_last_metrics() == {"StreamForgetting/eval_phase/test_stream": 0.0}


@pytest.mark.parametrize("reference", ["first", "best"])
def test_state_round_trips(reference):
    def fresh():
        metrics = forgetting_metrics(experience=True, stream=True, reference=reference)
        return EvaluationPlugin(metrics, bwt_metrics(stream=True))

    whole = fresh()
    expected = run(whole)[-1]
    first, second = fresh(), fresh()
    run(first, MATRIX[:2])
    train, test = make_stream("train", 3), make_stream("test", 3)
    del train, test
    second.load_state_dict(first.state_dict())
    second.reset_last_metrics()
    loop = FakeLoop(second)
    loop.train(make_stream("train", 3)[2], [[answers(1, 1)]])
    loop.eval(make_stream("test", 3), [[answers(n, 10)] for n in MATRIX[2]])
    assert second.get_last_metrics() == expected


def test_standalone():
    forgetting = Forgetting()
    assert forgetting.result() == {}
    assert forgetting.result_key(5) is None
    forgetting.update(0, 0.9, initial=True)
    assert forgetting.result_key(0) is None
    forgetting.update(0, 0.5)
    forgetting.update(1, 0.1)  # not learnt yet: no value
    assert forgetting.result() == pytest.approx({0: 0.4})
    forgetting.reset_last()
    assert forgetting.result() == {}
    forgetting.update(0, 0.7)
    assert forgetting.result() == pytest.approx({0: 0.2})
    forgetting.reset()
    forgetting.update(0, 0.7)
    assert forgetting.result() == {}


def test_standalone_best():
    forgetting = Forgetting(reference="best")
    for value, is_initial in [(0.6, True), (0.8, False), (0.7, False), (0.3, False)]:
        forgetting.update(0, value, initial=is_initial)
    assert forgetting.result() == pytest.approx({0: 0.5})
    forgetting.update(0, 0.9, again=True)
    assert forgetting.result() == pytest.approx({0: -0.1})


def test_standalone_bwt():
    bwt = BWT()
    bwt.update(0, 0.9, initial=True)
    assert bwt.result_key(0) is None
    bwt.update(0, 0.5)
    assert bwt.result() == pytest.approx({0: -0.4})


def test_plugins_take_measurements_by_hand():
    experience, whole = forgetting_metrics(experience=True, stream=True)
    experience.update(0, 0.9, initial=True)
    experience.update(0, 0.5)
    whole.exp_update(0, 0.9, initial=True)
    whole.exp_update(0, 0.5)
    assert experience.result() == pytest.approx({0: 0.4})
    assert whole.result() == pytest.approx(0.4)
    experience.reset_last()
    assert experience.result() == {}
    whole.reset()
    assert whole.result() == 0.0


def test_forgetting_to_bwt():
    assert forgetting_to_bwt(None) is None
    assert forgetting_to_bwt(0.5) == -0.5
    assert forgetting_to_bwt({0: 0.5, 1: -0.25}) == {0: -0.5, 1: 0.25}


def test_unknown_reference():
    with pytest.raises(ValueError, match="reference='last': expected 'first' or 'best'"):
        forgetting_metrics(stream=True, reference="last")


def test_counts_of_tensors_are_not_kept():
    evaluator = EvaluationPlugin(forgetting_metrics(stream=True))
    run(evaluator)
    state = evaluator.state_dict()["metrics"][0]["streams"]["test"]
    assert not any(isinstance(value, torch.Tensor) for value in state["last"].values())


@pytest.mark.parametrize("metrics", [forgetting_metrics, bwt_metrics])
def test_what_was_never_measured_is_not_called_zero(metrics):
    """Evaluated once at the end, nobody knows what had been reached."""
    evaluator = EvaluationPlugin(metrics(stream=True))
    loop = FakeLoop(evaluator)
    train, test = make_stream("train", 3), make_stream("test", 3)
    loop.train(train[0], [[answers(1, 1)]])
    loop.eval(test[:1], [[answers(9, 10)]])
    assert [*evaluator.get_last_metrics().values()] == [0]  # nothing can be forgotten yet
    evaluator = EvaluationPlugin(metrics(stream=True))
    loop = FakeLoop(evaluator)
    for experience in train:
        loop.train(experience, [[answers(1, 1)]])
    with pytest.warns(UserWarning, match=r"experiences \[0, 1\] were not evaluated before"):
        loop.eval(test, [[answers(row, 10)] for row in (1, 2, 8)])
    (value,) = evaluator.get_last_metrics().values()
    assert value != value
