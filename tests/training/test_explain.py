"""``strategy.explain()``: who acts when, and who gets in whose way."""

import io

import pytest
import torch
from torch import nn

from avalanche.training import Naive, Replay
from avalanche.training.plugins import EWCPlugin, ReplayPlugin


def make(strategy, **options):
    model = nn.Linear(2, 2)
    return strategy(model, torch.optim.SGD(model.parameters(), lr=0.1), evaluator=None, **options)


def test_events_in_order_with_the_plugins_in_order():
    file = io.StringIO()
    text = make(Naive, plugins=[EWCPlugin(1.0), ReplayPlugin(10)]).explain(file)
    assert file.getvalue() == text + "\n"
    lines = text.splitlines()
    assert lines[0] == "Naive on cpu"
    events = [line.split()[1].rstrip(":") for line in lines if line.startswith("├─")]
    assert events.index("before_training_exp") < events.index("before_backward")
    end = lines.index("├─ after_training_exp: the experience is learnt; update memories here")
    assert lines[end + 1].strip(" │").startswith("1. EWCPlugin - Estimate importances")
    assert lines[end + 2].strip(" │").startswith("2. ReplayPlugin - Let the memory take in")
    assert "before_update" not in events  # nobody acts there


def test_two_plugins_that_set_the_loader_are_a_warning():
    strategy = make(Replay)
    strategy.plugins.append(ReplayPlugin(10))  # by hand: train would refuse it
    with pytest.warns(UserWarning, match="ReplayPlugin and ReplayPlugin each set the dataloader"):
        text = strategy.explain(io.StringIO())
    assert text.splitlines()[-1].startswith("└─ conflict:")
