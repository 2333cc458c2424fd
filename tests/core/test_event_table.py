"""The one table of events is what the documents, the bases and the loops say."""

from pathlib import Path

import pytest
import torch
from torch import nn

from avalanche.cli.main import main
from avalanche.core import SupervisedMetaLearningPlugin, SupervisedPlugin
from avalanche.core.events import EVAL_EVENTS, EVENTS, TRAIN_EVENTS, events_table
from avalanche.evaluation import PluginMetric
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.templates import BaseTemplate

DOCS = Path(__file__).parents[2] / "docs"


def test_the_command_prints_the_table(capsys):
    assert main(["events"]) == 0
    assert capsys.readouterr().out == events_table()


def test_the_page_is_the_table():
    assert (DOCS / "events.md").read_text().endswith(events_table())


def test_the_overview_names_every_event():
    page = (DOCS / "index.md").read_text()
    assert all(event.name in page for event in TRAIN_EVENTS + EVAL_EVENTS)


def test_every_base_has_every_event():
    for event in EVENTS:
        assert hasattr(SupervisedMetaLearningPlugin, event.name)
        assert hasattr(BaseTemplate, f"_{event.name}")
    for event in TRAIN_EVENTS + EVAL_EVENTS:
        assert hasattr(SupervisedPlugin, event.name)
        assert hasattr(PluginMetric, event.name)


class Spy(SupervisedPlugin):
    """Notes every event, and whether what the table promises is there."""

    def __init__(self):
        self.fired = []


def _note(event):
    def callback(self, strategy, **kwargs):
        self.fired.append(event.name)
        missing = [n for n in event.provides if getattr(strategy, n, None) in (None, ())]
        assert not missing, f"{event.name}: {missing} not set"
        assert strategy.is_training == (event in TRAIN_EVENTS)

    return callback


for one in TRAIN_EVENTS + EVAL_EVENTS:
    setattr(Spy, one.name, _note(one))


def expected(experiences, epochs, iterations, evaluated=0, eval_iterations=1):
    """The order that the table's rows stand in, written out for a whole run."""
    train, evaluate = [e.name for e in TRAIN_EVENTS], [e.name for e in EVAL_EVENTS]
    one_eval = ["before_eval"]
    for _ in range(evaluated):
        one_eval += [*evaluate[1:4], *evaluate[4:8] * eval_iterations, "after_eval_exp"]
    one_eval = [*one_eval, "after_eval"] if evaluated else []
    order = ["before_training", *one_eval]
    for _ in range(experiences):
        order += train[1:4]
        for _ in range(epochs):
            order += ["before_training_epoch", *train[5:13] * iterations, "after_training_epoch"]
            order += one_eval
        order += ["after_training_exp"]
    return [*order, "after_training"]


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("experiences", [1, 3])
@pytest.mark.parametrize("evaluated", [0, 2])
def test_every_event_fires_in_order_with_what_it_promises(epochs, experiences, evaluated):
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    spy = Spy()
    strategy = Naive(
        model, torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=20, eval_mb_size=40, train_epochs=epochs,
        evaluator=None, plugins=[spy], eval_every=1 if evaluated else -1,
    )  # fmt: skip
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[:experiences], [benchmark.test_stream[:2]])
    assert spy.fired == expected(experiences, epochs, 2, evaluated)
