"""Cumulative accuracy that follows a strategy. Values: tests/conformance, tests/correctness."""

import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import (
    CumulativeAccuracy,
    CumulativeAccuracyPluginMetric,
    CumulativeForgettingPluginMetric,
)
from avalanche.training.plugins.evaluation import EvaluationPlugin

SCORES = torch.tensor([[0.1, 0.2, 0.9, 0.0], [0.9, 0.1, 0.0, 0.0]])


def test_classes_without_a_unit_are_never_chosen():
    accuracy = CumulativeAccuracy()
    accuracy.update({0: [0, 6]}, SCORES, torch.tensor([6, 0]))
    assert accuracy.result() == {0: 0.5}
    accuracy.update({}, SCORES, torch.tensor([0, 0]))
    assert accuracy.result() == {0: 0.5}


def test_targets_that_no_set_knows_are_left_out():
    accuracy = CumulativeAccuracy()
    accuracy.update({0: [0, 1], 3: [0, 1, 2, 3]}, SCORES, torch.tensor([99, 0]))
    assert accuracy.result() == {0: 1.0, 3: 1.0}


def evaluator():
    return EvaluationPlugin(CumulativeAccuracyPluginMetric(), CumulativeForgettingPluginMetric())


def go(plugin, times):
    """Two experiences of two classes; the second training confuses 0 with 1."""
    loop = FakeLoop(plugin)
    train, test = make_stream("train", 2), make_stream("test", 1)
    for k in times:
        loop.train(train[k], [[answers(1, 1)]])
        scores = SCORES.clone()
        if k == 1:
            scores[1, 1] = 1.0
        loop.eval(test, [[(scores, torch.tensor([2, 0]))]])
    return plugin


def test_names_and_values():
    accuracy, lost = (
        f"Cumulative{kind}/eval_phase/test_stream" for kind in ("Accuracy", "Forgetting")
    )
    assert go(evaluator(), (0, 1)).get_all_metrics() == {
        f"{accuracy}/Exp000": ([1, 2], [1.0, 0.0]),
        f"{accuracy}/Exp001": ([2], [0.5]),
        f"{lost}/Exp000": ([2], [1.0]),
    }


def test_state_round_trips():
    first, second = go(evaluator(), (0,)), evaluator()
    second.load_state_dict(first.state_dict())
    go(second, (1,))
    values = {name: values[-1] for name, (_, values) in second.get_all_metrics().items()}
    assert values == {
        name: v[-1] for name, (_, v) in go(evaluator(), (0, 1)).get_all_metrics().items()
    }


def test_an_old_experience_that_returns_keeps_its_classes():
    plugin = CumulativeAccuracyPluginMetric()
    loop = FakeLoop(EvaluationPlugin(plugin))
    train = make_stream("train", 2)
    for k in (0, 1, 0, 1):
        loop.train(train[k], [[answers(1, 1)]])
    assert plugin.state_dict()["seen"] == {0: [0, 1], 1: [0, 1, 2, 3]}


def scores_of(right, classes=4):
    """Scores that give every sample its class of ``right``."""
    return torch.nn.functional.one_hot(torch.tensor(right), classes).float()


def last_values(plugin):
    last = plugin.get_last_metrics().items()
    return {name.removeprefix("Cumulative").replace("eval_phase/", ""): v for name, v in last}


def test_streams_have_first_values_of_their_own():
    plugin = EvaluationPlugin(CumulativeForgettingPluginMetric())
    loop, train = FakeLoop(plugin), make_stream("train", 2)
    true = torch.tensor([0, 1, 0, 1])
    answers_of = {  # by the experience learnt last: right are 4 and 2, then 1 and 2 of 4
        0: {"test": [0, 1, 0, 1], "valid": [0, 1, 1, 0]},
        1: {"test": [0, 0, 1, 0], "valid": [0, 1, 1, 0]},
    }
    for k, by_stream in answers_of.items():
        loop.train(train[k], [[answers(1, 1)]])
        for stream, found in by_stream.items():
            loop.eval(make_stream(stream, 1), [[(scores_of(found), true)]])
    assert last_values(plugin) == {
        "Forgetting/test_stream/Exp000": 0.75,
        "Forgetting/valid_stream/Exp000": 0.0,
    }
    twin = EvaluationPlugin(CumulativeForgettingPluginMetric())
    twin.load_state_dict(plugin.state_dict())
    twin.reset_last_metrics()
    FakeLoop(twin).eval(make_stream("valid", 1), [[(scores_of([1, 1, 1, 0]), true)]])
    assert last_values(twin) == {"Forgetting/valid_stream/Exp000": 0.25}


def test_a_part_of_a_stream_has_values_of_the_sets_that_it_measures():
    plugin = evaluator()
    loop, train, test = FakeLoop(plugin), make_stream("train", 2), make_stream("test", 2)
    for experience in train:
        loop.train(experience, [[answers(1, 1)]])
        loop.eval(test, [[(scores_of([0]), torch.tensor([0]))], []])
    plugin.reset_last_metrics()
    loop.eval(test[1:], [[(scores_of([2, 2]), torch.tensor([2, 3]))]])
    assert last_values(plugin) == {"Accuracy/test_stream/Exp001": 0.5}


def test_what_was_never_measured_right_after_learning_has_no_forgetting():
    plugin = EvaluationPlugin(CumulativeForgettingPluginMetric())
    loop = FakeLoop(plugin)
    for experience in make_stream("train", 2):
        loop.train(experience, [[answers(1, 1)]])
    loop.eval(make_stream("test", 1), [[(scores_of([0, 2]), torch.tensor([0, 2]))]])
    assert plugin.get_last_metrics() == {}


def test_experiences_learnt_together_have_a_set_each():
    plugin = evaluator()
    loop = FakeLoop(plugin)
    loop.joint_experiences = make_stream("train", 2)
    loop.train(loop.joint_experiences[-1], [[answers(1, 1)]])
    scores = torch.tensor([[0.0, 1.0, 2.0, 0.0], [0.0, 0.0, 1.0, 0.0]])  # of class 1 and class 2
    loop.eval(make_stream("test", 1), [[(scores, torch.tensor([1, 2]))]])
    assert last_values(plugin) == {
        "Accuracy/test_stream/Exp000": 1.0,
        "Accuracy/test_stream/Exp001": 0.5,
    }


def test_experiences_without_class_lists_are_refused():
    loop = FakeLoop(evaluator())
    experience = make_stream("train", 1)[0]
    del experience.classes_in_this_experience
    with pytest.raises(ValueError, match="CumulativeAccuracy needs to know the classes"):
        loop.train(experience, [[answers(1, 1)]])
