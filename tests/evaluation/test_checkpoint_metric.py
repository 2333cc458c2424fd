"""The weights as a value."""

import io

import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import WeightCheckpoint
from avalanche.training.plugins.evaluation import EvaluationPlugin


def test_weights_after_every_experience():
    evaluator = EvaluationPlugin(WeightCheckpoint())
    loop = FakeLoop(evaluator)
    loop.model = torch.nn.Linear(2, 1)
    expected = []
    for experience in make_stream("train", 2):
        torch.nn.init.normal_(loop.model.weight)
        expected.append(loop.model.weight.detach().clone())
        loop.train(experience, [[answers(1, 1)]])
    values = evaluator.get_last_metrics()
    assert [*values] == [f"WeightCheckpoint/train_phase/train_stream/Exp00{k}" for k in (0, 1)]
    for value, weight in zip(values.values(), expected, strict=True):
        assert torch.equal(torch.load(io.BytesIO(value), weights_only=True)["weight"], weight)
    assert evaluator.table() == []


def test_reset():
    metric = WeightCheckpoint()
    assert metric.result() is None
    metric.update({"a": torch.zeros(1)})
    assert isinstance(metric.result(), bytes)
    metric.reset()
    assert metric.result() is None
