"""Mean scores of new and old classes. Values of one batch: tests/conformance."""

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import (
    MeanNewOldScores,
    PerClassMeanScores,
    mean_scores_metrics,
)
from avalanche.training.plugins.evaluation import EvaluationPlugin
from avalanche.training.supervised import Naive

SCORES = torch.arange(12.0).reshape(4, 3)
TRUE = torch.tensor([0, 1, 1, 2])  # scores of the true class: 0, 4, 7, 11


def test_classes_without_a_unit_are_left_out():
    scores = PerClassMeanScores()
    scores.update(SCORES, torch.tensor([0, 1, 1, 7]))
    assert scores.result() == {0: 0.0, 1: 5.5}


def test_new_and_old():
    scores = MeanNewOldScores()
    assert scores.result() == {}
    scores.update_new_classes([0])
    scores.update(SCORES, TRUE)
    assert scores.old_classes == {1, 2}
    assert scores.result() == pytest.approx({"new": 0.0, "old": 22 / 3})
    assert scores.among([0, 1]) == pytest.approx({"new": 0.0, "old": 5.5})
    scores.update_new_classes([1, 2])
    assert scores.result() == pytest.approx({"new": 5.5})


def test_scores_are_needed():
    with pytest.raises(ValueError, match="expected one row of scores per label"):
        PerClassMeanScores().update(TRUE, TRUE)


def loop_of(*metrics, epochs=1):
    loop = FakeLoop(EvaluationPlugin(*metrics))
    loop.train_epochs = epochs
    return loop


def test_in_training_the_last_epoch_counts_and_replay_is_old():
    loop = loop_of(mean_scores_metrics(on_eval=False), epochs=2)
    train = make_stream("train", 2, classes=1)
    loop.train(train[0], [[(SCORES * 9, TRUE)], [(SCORES[:1] + 1, TRUE[:1])]])
    loop.train(train[1], [[(SCORES * 9, TRUE)], [(SCORES[:3], TRUE[:3])]])
    found = loop.evaluator.get_all_metrics()
    place = "MeanScores/train_phase/train_stream"
    figures = found.pop(place)
    assert found == {
        f"{place}/new_classes": ([2, 4], [1.0, 5.5]),
        f"{place}/old_classes": ([4], [0.0]),
        f"{place}/new_old_diff": ([4], [5.5]),
    }
    assert figures[0] == [2, 4]
    last = figures[1][-1]
    assert last.best_supported_value(dict) == {"new": {2: 1.0, 4: 5.5}, "old": {4: 0.0}}


def test_in_evaluation_what_was_not_learnt_is_neither():
    loop = loop_of(mean_scores_metrics(on_train=False))
    train, test = make_stream("train", 2, classes=1), make_stream("test", 1)
    loop.eval(test, [[(SCORES, TRUE)]])
    assert loop.evaluator.get_last_metrics() == {}
    for experience in train:
        loop.train(experience, [[answers(1, 1)]])
        loop.eval(test, [[(SCORES, TRUE)]])
    place = "MeanScores/eval_phase/test_stream"
    found = loop.evaluator.get_all_metrics()
    assert found.pop(place)[0] == [1, 2]
    assert found == {
        f"{place}/new_classes": ([1, 2], [0.0, 5.5]),
        f"{place}/old_classes": ([2], [0.0]),
        f"{place}/new_old_diff": ([2], [5.5]),
    }


def test_streams_have_histories_of_their_own():
    loop = loop_of(mean_scores_metrics(on_train=False))
    train = make_stream("train", 2, classes=1)
    test, valid = make_stream("test", 1), make_stream("valid", 1)
    for experience in train:
        loop.train(experience, [[answers(1, 1)]])
        loop.eval(test, [[(SCORES, TRUE)]])
        loop.eval(valid, [[(SCORES + 1, TRUE)]])
        state, loop = loop.evaluator.state_dict(), loop_of(mean_scores_metrics(on_train=False))
        loop.evaluator.load_state_dict(state)
        loop.clock.train_iterations = experience.current_experience + 1
    loop.eval(valid, [[(SCORES + 2, TRUE)]])
    loop.eval(test, [[(SCORES, TRUE)]])
    last = loop.evaluator.get_last_metrics()
    for stream, shift in [("test", 0), ("valid", 2)]:
        history = last[f"MeanScores/eval_phase/{stream}_stream"].best_supported_value(dict)
        first = 1.0 if shift else 0.0
        assert history == {"new": {1: first, 2: 5.5 + shift}, "old": {2: float(shift)}}


def test_the_history_is_drawn_on_request():
    drawn = []
    loop = loop_of(mean_scores_metrics(on_eval=False, image_creator=drawn.append))
    loop.train(make_stream("train", 1, classes=1)[0], [[(SCORES[:1], TRUE[:1])]])
    value = loop.evaluator.get_last_metrics()["MeanScores/train_phase/train_stream"]
    assert drawn == []
    value.best_supported_value(set)
    assert drawn == [{"new": {1: 0.0}}]


def test_the_default_picture():
    from matplotlib.figure import Figure

    loop = loop_of(mean_scores_metrics(on_eval=False))
    loop.train(make_stream("train", 1, classes=1)[0], [[(SCORES[:1], TRUE[:1])]])
    value = loop.evaluator.get_last_metrics()["MeanScores/train_phase/train_stream"]
    (line,) = value.best_supported_value(Figure).axes[0].lines
    assert line.get_label() == "new classes"
    assert line.get_xydata().tolist() == [[1.0, 0.0]]


def test_state_round_trips():
    first, second = (loop_of(mean_scores_metrics()) for _ in range(2))
    train, test = make_stream("train", 2, classes=1), make_stream("test", 1)
    first.train(train[0], [[(SCORES[:1], TRUE[:1])]])
    second.evaluator.load_state_dict(first.evaluator.state_dict())
    for loop in (first, second):
        loop.train(train[1], [[(SCORES, TRUE)]])
        loop.eval(test, [[(SCORES, TRUE)]])
    found = []
    for loop in (first, second):
        last = loop.evaluator.get_last_metrics()
        found.append({n: v for n, v in last.items() if isinstance(v, float)})
    assert found[0] == found[1]


def test_experiences_learnt_together_are_all_new():
    loop = loop_of(mean_scores_metrics())
    loop.joint_experiences = make_stream("train", 3, classes=1)
    loop.train(loop.joint_experiences[-1], [[(SCORES, TRUE)]])
    loop.eval(make_stream("test", 1), [[(SCORES, TRUE)]])
    found = loop.evaluator.get_last_metrics()
    phases = ("train_phase/train", "eval_phase/test")
    assert {name: value for name, value in found.items() if "classes" in name} == {
        f"MeanScores/{phase}_stream/new_classes": (0 + 4 + 7 + 11) / 4 for phase in phases
    }


def test_class_lists_are_needed():
    loop = loop_of(mean_scores_metrics())
    experience = make_stream("train", 1)[0]
    del experience.classes_in_this_experience
    with pytest.raises(ValueError, match="MeanScores needs to know the classes"):
        loop.train(experience, [[answers(1, 1)]])


class Stop(SupervisedPlugin):
    """Stops training at the given event of the given epoch of every experience."""

    def __init__(self, event, epoch):
        self._epoch = epoch
        setattr(self, event, self.stop)

    def stop(self, strategy, **kwargs):
        if strategy.clock.train_exp_epochs == self._epoch:
            strategy.stop_training()


@pytest.mark.parametrize(
    ("event", "epoch", "batches"),
    [
        ("after_training_epoch", 1, [2, 3]),
        ("before_training_epoch", 2, [2, 3]),
        ("after_forward", 1, [2]),
        ("before_training_epoch", 0, []),
        ("after_training_epoch", 3, [6, 7]),
    ],
    ids=["after_epoch", "before_epoch", "inside", "before_all", "never"],
)
def test_stopped_early_the_last_epoch_is_the_one_that_was_reached(event, epoch, batches):
    scores, steps = [], []

    class Watch(SupervisedPlugin):
        def after_training_iteration(self, strategy, **kwargs):
            rows = strategy.mb_output.detach()[range(len(strategy.mb_y)), strategy.mb_y]
            steps.append(strategy.clock.train_iterations)
            scores.append(rows.double().numpy())

    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(8) % 2
    data = TensorDataset(torch.randn(8, 3, generator=generator), targets)
    data.targets = targets.tolist()
    benchmark = nc_benchmark(data, data, 1, task_labels=False)
    model = torch.nn.Linear(3, 2)
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=1.0),
        train_mb_size=4,
        train_epochs=4,
        plugins=[Stop(event, epoch), Watch()],
        evaluator=EvaluationPlugin(mean_scores_metrics(on_eval=False)),
    )
    found = strategy.train(benchmark.train_stream)
    place = "MeanScores/train_phase/train_stream"
    if not batches:
        assert found == {}
        return
    expected = np.concatenate([scores[step] for step in batches]).mean()
    assert [*found] == [f"{place}/new_classes", place]
    assert found[f"{place}/new_classes"] == pytest.approx(expected)
    history = found[place].best_supported_value(dict)
    assert [*history["new"]] == [strategy.clock.train_iterations] == [steps[-1] + 1]
