"""Experiences that are learnt again, parts of online streams, evaluators of two strategies."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD

from avalanche.benchmarks import SplitDigits, split_online_stream
from avalanche.evaluation.metrics import (
    AccuracyMatrixPluginMetric,
    CumulativeForgettingPluginMetric,
    LossMetric,
    accuracy_metrics,
    forgetting_metrics,
)
from avalanche.evaluation.metrics.cumulative_accuracies import CumulativeAccuracyPluginMetric
from avalanche.models import SimpleMLP
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin

DIGITS = SplitDigits(5, seed=0)


def made(evaluator):
    torch.manual_seed(0)
    model = SimpleMLP(input_size=64, hidden_size=32, drop_rate=0)
    optimizer = SGD(model.parameters(), lr=0.2)
    return Naive(model, optimizer, train_mb_size=16, train_epochs=3, evaluator=evaluator)


def accuracy(model, *experiences):
    model.eval()
    hits = []
    for experience in experiences:
        x, y, *_ = experience.dataset.eval().batch(range(len(experience.dataset)))
        hits.append((model(x).argmax(1) == y).numpy())
    model.train()
    return float(np.concatenate(hits).mean())


def test_an_experience_that_is_learnt_again_has_a_row_of_its_own():
    matrix = AccuracyMatrixPluginMetric()
    strategy = made(EvaluationPlugin(matrix))
    expected = []
    for position in (0, 1, 1, 0, 2):
        strategy.train(DIGITS.train_stream[position])
        strategy.eval(DIGITS.test_stream[:3])
        row = [accuracy(strategy.model, e) for e in DIGITS.test_stream[:3]]
        if position == 1 and len(expected) == 2:
            expected[-1] = row  # the same goes on
        else:
            expected.append(row)
    found = matrix.result()[:, :3]
    assert len(expected) == 4
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-6, rtol=0)
    again = AccuracyMatrixPluginMetric()
    again.load_state_dict(matrix.state_dict())
    torch.testing.assert_close(again.result(), matrix.result(), equal_nan=True)


def test_cumulative_forgetting_keeps_the_first_value_when_an_older_one_is_learnt_again():
    forgetting = CumulativeForgettingPluginMetric()
    now = CumulativeAccuracyPluginMetric()
    strategy = made(EvaluationPlugin(forgetting, now))
    values = []
    for position in (0, 1, 0, 2):
        strategy.train(DIGITS.train_stream[position])
        strategy.eval(DIGITS.test_stream[:3])
        values.append(dict(now.result()))
        if position == 0 and len(values) == 3:
            assert forgetting.result() == pytest.approx({1: values[1][1] - values[2][1]})
    found = forgetting.result()
    assert found == pytest.approx({k: values[k][k] - values[3][k] for k in (0, 1)})


def test_parts_of_an_online_stream_count_as_what_they_were_cut_from():
    parts = list(split_online_stream(DIGITS.train_stream, experience_size=100, seed=0))
    of = [part.origin_experience.current_experience for part in parts]
    first = [p for p, origin in zip(parts, of, strict=True) if origin == 0]
    second = [p for p, origin in zip(parts, of, strict=True) if origin == 1]
    assert len(first) > 1
    evaluator = EvaluationPlugin(
        accuracy_metrics(trained_experience=True), forgetting_metrics(experience=True)
    )
    strategy = made(evaluator)
    strategy.train(first)
    seen = strategy.eval([*first, *second])
    name = next(n for n in seen if "On_Trained" in n)
    assert seen[name] == pytest.approx(accuracy(strategy.model, *first))
    before = accuracy(strategy.model, *first)
    strategy.train(second)
    seen = strategy.eval([*first, *second])
    assert seen[name] == pytest.approx(accuracy(strategy.model, *first, *second))
    lost = [v for n, v in seen.items() if n.startswith("ExperienceForgetting")]
    assert lost[-1] == pytest.approx(before - accuracy(strategy.model, *first))


def test_an_evaluator_that_served_another_strategy_warns():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    first, second = made(evaluator), made(evaluator)
    first.train(DIGITS.train_stream[0])
    first.train(DIGITS.train_stream[1])
    with pytest.warns(UserWarning, match="served another strategy before"):
        second.train(DIGITS.train_stream[1])
    copied = copy.deepcopy(second)
    copied.train(DIGITS.train_stream[0])
    pickle.loads(pickle.dumps(evaluator))


def test_the_mean_loss_of_no_sample_changes_nothing():
    loss = LossMetric()
    loss.update(torch.tensor(2.0), patterns=3)
    loss.update(nn.functional.cross_entropy(torch.zeros(0, 2), torch.zeros(0).long()), patterns=0)
    assert loss.result() == 2.0
