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


def test_experiences_without_class_lists_are_refused():
    loop = FakeLoop(evaluator())
    experience = make_stream("train", 1)[0]
    del experience.classes_in_this_experience
    with pytest.raises(ValueError, match="CumulativeAccuracy needs to know the classes"):
        loop.train(experience, [[answers(1, 1)]])
