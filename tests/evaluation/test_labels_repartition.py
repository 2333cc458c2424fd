"""Counts of classes, and their pictures."""

import pytest
import torch
from fake_loop import FakeLoop, make_stream
from matplotlib.figure import Figure

from avalanche.evaluation.metric_utils import (
    default_history_repartition_image_creator,
    repartition_bar_chart_image_creator,
    repartition_pie_chart_image_creator,
)
from avalanche.evaluation.metrics import LabelsRepartition, labels_repartition_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin


def test_order_of_classes():
    counts = LabelsRepartition()
    counts.update(0, [1, 2, 3, 3, 0])
    assert [*counts.result()[0]] == [0, 1, 2, 3]
    counts.update_order([3, 1])
    assert [*counts.result()[0].items()] == [(3, 2), (1, 1), (0, 1), (2, 1)]


def batch(*labels, task=0):
    targets = torch.tensor(labels)
    return torch.zeros(len(labels), 4), targets, torch.full_like(targets, task)


def counts_of(values):
    return [value.best_supported_value(dict) for value in values]


def run(**options):
    loop = FakeLoop(EvaluationPlugin(labels_repartition_metrics(**options)))
    train, test = make_stream("train", 2), make_stream("test", 2)
    loop.train(train[0], [[batch(0, 1), batch(1)]] * 2)
    loop.train(train[1], [[batch(0, task=0), batch(2, 2, task=1)]])
    loop.eval(test, [[batch(0, 0)], [batch(2, task=1)]])
    return loop.evaluator.get_all_metrics()


def test_names_and_values():
    found = run(on_eval=True)
    train, test = "Repartition/train_phase/train_stream", "Repartition/eval_phase/test_stream"
    assert {name: (steps, counts_of(v)) for name, (steps, v) in found.items()} == {
        f"{train}/Task_000": ([2, 4, 6], [{0: 1, 1: 2}, {0: 1, 1: 2}, {0: 1}]),
        f"{train}/Task_001": ([6], [{2: 2}]),
        f"{test}/Task_000": ([6], [{0: 2}]),
        f"{test}/Task_001": ([6], [{2: 1}]),
    }


def test_per_experience():
    found = run(emit_train_at="experience")
    place = "Repartition/train_phase/train_stream"
    assert {name: counts_of(v) for name, (_, v) in found.items()} == {
        f"{place}/Exp000/Task_000": [{0: 2, 1: 4}],
        f"{place}/Exp001/Task_000": [{0: 1}],
        f"{place}/Exp001/Task_001": [{2: 2}],
    }


def test_the_history_until_then_is_drawn_on_request():
    drawn = []
    found = run(image_creator=lambda *args: drawn.append(args))
    values = found["Repartition/train_phase/train_stream/Task_000"][1]
    assert drawn == []
    values[1].best_supported_value(set)
    values[2].best_supported_value(set)
    assert drawn == [
        ({0: [1, 1], 1: [2, 2]}, [2, 4]),
        ({0: [1, 1, 1], 1: [2, 2, 0]}, [2, 4, 6]),
    ]


def test_streams_have_histories_of_their_own():
    drawn = []

    def fresh():
        metrics = labels_repartition_metrics(
            on_train=False, on_eval=True, image_creator=lambda *args: drawn.append(args)
        )
        return FakeLoop(EvaluationPlugin(metrics))

    loop = fresh()
    for step, labels in enumerate([(0, 0), (0,)]):
        state, loop = loop.evaluator.state_dict(), fresh()
        loop.evaluator.load_state_dict(state)
        loop.clock.train_iterations = step
        loop.eval(make_stream("test", 1), [[batch(*labels)]])
        loop.eval(make_stream("valid", 1), [[batch(*labels, 1, task=step)]])
    last = loop.evaluator.get_last_metrics()
    assert len(last) == 3
    for value in last.values():
        value.best_supported_value(set)
    assert drawn == [
        ({0: [2, 1]}, [0, 1]),
        ({0: [2, 0], 1: [1, 0]}, [0, 1]),
        ({0: [1], 1: [1]}, [1]),
    ]


@pytest.mark.parametrize("times", [1, 3], ids=["once", "thrice"])
@pytest.mark.parametrize(
    "draw",
    [
        default_history_repartition_image_creator,
        repartition_bar_chart_image_creator,
        repartition_pie_chart_image_creator,
    ],
    ids=["history", "bars", "pie"],
)
def test_pictures(draw, times):
    figure = draw({3: [1] * times, 1: [2] * times}, [*range(times)])
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    text = axes.get_legend().get_texts() if axes.get_legend() else axes.texts
    labels = [t.get_text() for t in text] + [t.get_text() for t in axes.get_xticklabels()]
    assert {"1", "3"} <= set(labels)


def test_state_round_trips():
    first, second = (FakeLoop(EvaluationPlugin(labels_repartition_metrics())) for _ in range(2))
    train = make_stream("train", 2)
    first.train(train[0], [[batch(0, 1)]])
    second.evaluator.load_state_dict(first.evaluator.state_dict())
    drawn = []
    second.evaluator.metrics[0]._image_creator = lambda *args: drawn.append(args)
    second.train(train[1], [[batch(2)]])
    (value,) = second.evaluator.get_last_metrics().values()
    value.best_supported_value(set)
    assert drawn == [({0: [1, 0], 1: [1, 0], 2: [0, 1]}, [1, 1])]
