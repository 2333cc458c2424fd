"""MAS: importances against one backward pass per sample, the penalty, its two modes."""

import logging
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from unusual_linear import COMPUTED, mlp

from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
from avalanche.models import IncrementalClassifier, MTSimpleMLP, avalanche_model_adaptation
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import MAS, Naive
from avalanche.training.plugins import MASPlugin
from avalanche.training.regularization import MemoryAwareSynapses


def dataset(count=13, tasks=None):
    x = torch.randn(count, 5)
    labels = tasks or [0] * count
    return _make_taskaware_tensor_classification_dataset(
        x, torch.arange(count) % 4, task_labels=labels
    )


def by_hand(model, data, answer=None):
    """Mean magnitude of the gradient of the squared norm, one sample at a time."""
    total = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    for i in range(len(data)):
        x, _, task = data[i]
        out = model(x[None]) if answer is None else answer(model, x[None], task)
        gradients = torch.autograd.grad(
            (out[out.isfinite()] ** 2).sum(), list(model.parameters()), allow_unused=True
        )
        for (n, _), g in zip(model.named_parameters(), gradients, strict=True):
            if g is not None:
                total[n] += g.abs() / len(data)
    return total


@pytest.mark.parametrize(
    "make",
    [
        *COMPUTED.values(),
        mlp,
        lambda: mlp(nn.BatchNorm1d(6), nn.Dropout(0.5)),
        lambda: mlp(nn.LayerNorm(6)),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 2, 3), nn.Flatten()),
    ],
    ids=[*COMPUTED, "linear layers", "batch norm and dropout", "layer norm", "convolution"],
)
def test_importances_are_means_of_per_sample_magnitudes(make):
    model, data = make().train(), dataset()
    modes = [m.training for m in model.modules()]
    before = {k: v.clone() for k, v in model.state_dict().items()}
    found = MemoryAwareSynapses().compute_importances(model, data, batch_size=4)
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    expected = by_hand(model.eval(), data)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)


def test_units_without_training_do_not_count():
    model = nn.Sequential(nn.Linear(5, 6), IncrementalClassifier(6, 4))
    model[1].activate([0, 2])
    data = dataset()
    found = MemoryAwareSynapses().compute_importances(model, data)
    for name, value in by_hand(model, data).items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)
    assert found["1.classifier.bias"][[1, 3]].abs().max() == 0


def test_each_sample_s_own_head():
    model, tasks = MTSimpleMLP(input_size=5, hidden_size=6), [i // 3 % 2 for i in range(11)]
    for task in (0, 1):
        exp = SimpleNamespace(classes_in_this_experience=[0, 1, 2, 3], task_labels=[task])
        avalanche_model_adaptation(model, exp)
    data = dataset(11, tasks)
    found = MemoryAwareSynapses().compute_importances(model, data, batch_size=4)
    expected = by_hand(model.eval(), data, lambda m, x, t: m(x, int(t)))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)


def terms(model, count):
    shapes = {n: p.shape for n, p in model.named_parameters()}
    return [{n: torch.rand(s) for n, s in shapes.items()} for _ in range(count)]


@pytest.mark.parametrize(
    ("options", "shares"),
    [
        ({}, [1, 1, 1]),
        ({"mode": "accumulate"}, [1, 1, 1]),
        ({"mode": "average"}, [0.25, 0.25, 0.5]),
        ({"alpha": 0.8}, [0.64, 0.16, 0.2]),
    ],
    ids=["default", "accumulate", "average", "another share"],
)
def test_the_penalty_is_around_the_latest_weights(options, shares):
    mas, model = MemoryAwareSynapses(3.0, **options), mlp()
    importances = terms(model, 3)
    for found in importances:
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.randn_like(p))
        mas.consolidate(model, found)
    anchor = [p.detach().clone() for p in model.parameters()]
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p))
    expected = 0.0
    for (name, p), q in zip(model.named_parameters(), anchor, strict=True):
        total = sum(s * f[name] for s, f in zip(shares, importances, strict=True))
        expected += 3.0 * (total * (p.detach() - q) ** 2).sum()
    torch.testing.assert_close(mas(model), expected, rtol=1e-4, atol=1e-4)


def test_a_strong_penalty_holds_the_weights():
    benchmark, moves = streams.domain_incremental(), {}
    for strength in (0.0, 10.0):
        strategy = build(lambda m, o, s=strength, **k: MAS(m, o, None, s, **k))
        strategy.optimizer.param_groups[0].update(lr=1e-3, momentum=0.0)
        strategy.train(benchmark.train_stream[0])
        before = weights(strategy)["1.weight"]
        strategy.train_epochs = 20
        strategy.train(benchmark.train_stream[1])
        moves[strength] = (weights(strategy)["1.weight"] - before).norm().item()
    assert moves[10.0] < 0.7 * moves[0.0]


def test_the_names_of_0_6(caplog):
    plugin = MASPlugin(0.01, 0.5, True)
    assert plugin.importance is None
    assert plugin.params is None
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[plugin], **k))
    with caplog.at_level(logging.INFO, logger="avalanche"):
        learn(strategy, streams.class_incremental())
    assert (
        plugin.importance.keys()
        == plugin.params.keys()
        == dict(strategy.model.named_parameters()).keys()
    )
    assert "MAS: mean importance of experience 3" in caplog.text


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lambda_reg": -1.0}, ValueError, "lambda_reg=-1.0: expected a strength of 0 or more"),
        ({"lambda_reg": "x"}, TypeError, "lambda_reg='x': expected a number"),
        ({"alpha": 1.5}, ValueError, "alpha=1.5: expected a share between 0 and 1"),
        ({"mode": "sum"}, ValueError, "mode='sum': expected 'accumulate' or 'average'"),
        (
            {"mode": "accumulate", "alpha": 0.3},
            ValueError,
            "alpha=0.3: importances that add up have no share.*mode='average'",
        ),
    ],
    ids=["negative", "text", "share", "mode", "share and mode"],
)
def test_wrong_options(options, error, message):
    with pytest.raises(error, match=message):
        MemoryAwareSynapses(**options)
