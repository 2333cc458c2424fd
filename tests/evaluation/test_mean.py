"""Means and sums against numpy."""

import numpy as np
import pytest
import torch

from avalanche.evaluation.metrics import Mean, Sum


@pytest.mark.parametrize("as_tensor", [False, True])
def test_weighted_mean_equals_numpy(as_tensor):
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=50), rng.integers(1, 9, size=50)
    mean, total = Mean(), Sum()
    for value, weight in zip(values, weights, strict=True):
        given = torch.tensor(value) if as_tensor else float(value)
        mean.update(given, int(weight))
        total.update(given)
    assert mean.result() == pytest.approx(np.average(values, weights=weights))
    assert total.result() == pytest.approx(values.sum())


def test_empty_is_zero_and_reset_restores():
    for metric in (Mean(), Sum()):
        assert metric.result() == 0.0
        metric.update(torch.tensor([3.0]))
        assert metric.result() == 3.0
        metric.reset()
        assert metric.result() == 0.0


def test_weight_may_be_a_tensor_and_may_be_zero():
    mean = Mean()
    mean.update(2.0, torch.tensor(0.0))
    assert mean.result() == 0.0
    mean.update(torch.tensor(4.0), torch.tensor(2.0))
    assert mean.result() == 4.0


def test_accumulates_in_double_precision():
    mean = Mean()
    for _ in range(1000):
        mean.update(torch.tensor(0.1), 1000)
    assert mean.result() == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_does_not_keep_the_graph():
    mean = Mean()
    mean.update(torch.ones(1, requires_grad=True) * 2)
    assert not mean.compute().requires_grad


def test_state_round_trips():
    for kind in (Mean, Sum):
        first, second = kind(), kind()
        first.update(torch.tensor(1.5))
        second.load_state_dict(first.state_dict())
        for metric in (first, second):
            metric.update(torch.tensor(0.25))
        assert first.result() == second.result()


def test_more_than_one_number_is_refused():
    with pytest.raises(ValueError, match=r"value of shape \(2,\)"):
        Mean().update(torch.zeros(2))
