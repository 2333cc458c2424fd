"""Metrics without a strategy, against numpy."""

import numpy as np
import pytest
import torch

from avalanche.evaluation import AvlAccuracy, AvlCE, TimelineMetric
from avalanche.evaluation.metrics import Mean

RANDOM = np.random.default_rng(0)
# Two passes over three experiences of different sizes, each in batches of different sizes.
LOGITS = [[RANDOM.normal(size=(n, 4)) for n in (5, 8, 3)] for _ in range(2)]
TARGETS = [[RANDOM.integers(0, 4, len(x)) for x in row] for row in LOGITS]


def accuracy(logits, targets):
    return (logits.argmax(1) == targets).mean()


def cross_entropy(logits, targets):
    shifted = logits - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return -log_p[np.arange(len(targets)), targets].mean()


def evaluate(metric, row, batch):
    metric.before_stream()
    for logits, targets in zip(LOGITS[row], TARGETS[row], strict=True):
        for start in range(0, len(targets), batch):
            stop = start + batch
            metric.update(
                torch.from_numpy(logits[start:stop]), torch.from_numpy(targets[start:stop])
            )
        metric.step()
    metric.after_stream()


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize(("make", "oracle"), [(AvlAccuracy, accuracy), (AvlCE, cross_entropy)])
def test_a_value_per_experience_and_pass(make, oracle, batch):
    metric = make()
    for row in range(2):
        evaluate(metric, row, batch)
    expected = [list(map(oracle, *pair)) for pair in zip(LOGITS, TARGETS, strict=True)]
    np.testing.assert_allclose(metric.result_all(), expected)
    assert metric.result() == pytest.approx(expected[-1])
    other = make()
    other.load_state_dict(metric.state_dict())
    np.testing.assert_array_equal(other.result_all(), metric.result_all())
    metric.reset()
    assert metric.result_all().shape == (0, 0)
    assert metric.result() == []


def test_a_pass_that_was_broken_off_leaves_nothing():
    metric = TimelineMetric(Mean())
    metric.before_stream()
    metric.update(9.0)
    metric.step()
    metric.update(9.0)
    metric.before_stream("the stream, for those who pass it")
    metric.update(1.0)
    metric.step()
    metric.after_stream("the stream")
    assert metric.result_all().tolist() == [[1.0]]


def test_a_stream_that_grows():
    metric = TimelineMetric(Mean())
    for experiences in (1, 2):
        metric.before_stream()
        for value in range(experiences):
            metric.update(float(value))
            metric.step()
        metric.after_stream()
    np.testing.assert_array_equal(metric.result_all(), [[0.0, np.nan], [0.0, 1.0]])


@pytest.mark.parametrize("call", [("update", 1.0), ("step",), ("after_stream",)])
def test_a_pass_must_have_begun(call):
    metric = TimelineMetric(Mean())
    with pytest.raises(RuntimeError, match="call before_stream.. first"):
        getattr(metric, call[0])(*call[1:])


def test_a_class_without_a_unit_has_infinite_loss():
    metric = AvlCE()
    metric.before_stream()
    metric.update(torch.zeros(1, 2), torch.tensor([5]))
    metric.step()
    metric.update(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long))
    metric.update(torch.zeros(1, 2), torch.tensor([1]))
    metric.step()
    metric.after_stream()
    assert metric.result() == pytest.approx([float("inf"), np.log(2)])
