"""The loss against numpy."""

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import (
    LossMetric,
    LossPerTaskPluginMetric,
    TaskAwareLoss,
    loss_metrics,
)
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.mark.parametrize("size", [1, 8, 50])
def test_mean_per_sample_however_batches_are_cut(size):
    samples = torch.randn(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    metric = LossMetric()
    for cut in samples.split(size):
        metric.update(cut.mean().reshape(1), patterns=len(cut))
    assert metric.result() == pytest.approx(samples.numpy().mean())
    metric.reset()
    assert metric.result() == 0.0


def test_per_task():
    metric = TaskAwareLoss()
    metric.update(torch.tensor(2.0), 4, 0)
    metric.update(torch.tensor([1.0]), 3, torch.tensor([0, 5, 5]))
    assert metric.result() == pytest.approx({0: np.average([2, 1], weights=[4, 1]), 5: 1.0})
    assert metric.result_task_label(5) == {5: 1.0}
    assert metric.result_task_label(8) == {8: 0.0}
    metric.reset_task_label(5)
    assert [*metric.result()] == [0]
    metric.reset()
    assert metric.result() == {}


def test_names_and_values_at_every_granularity():
    evaluator = EvaluationPlugin(
        loss_metrics(minibatch=True, epoch=True, epoch_running=True, experience=True, stream=True)
    )
    loop = FakeLoop(evaluator)

    def batch(loss, n):
        return (*answers(0, n), None, torch.tensor([loss]))

    loop.train(make_stream("train")[1], [[batch(4.0, 1), batch(1.0, 2)]])
    loop.eval(make_stream("test", 2), [[batch(1.0, 1)], [batch(2.0, 3)]])
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"Loss_MB{place}": ([0, 1], [4.0, 1.0]),
        f"RunningLoss_Epoch{place}": ([0, 1], [4.0, 2.0]),
        f"Loss_Epoch{place}": ([2], [2.0]),
        "Loss_Exp/eval_phase/test_stream/Task000/Exp000": ([2], [1.0]),
        "Loss_Exp/eval_phase/test_stream/Task000/Exp001": ([2], [2.0]),
        "Loss_Stream/eval_phase/test_stream/Task000": ([2], [1.75]),
    }


def test_plugin_per_task_needs_task_labels():
    loop = FakeLoop(EvaluationPlugin(LossPerTaskPluginMetric("stream", "stream", "eval")))
    loop._set_batch(*answers(1, 2))
    loop.mb_task_id = None
    with pytest.raises(ValueError, match="TaskLoss_Stream needs task labels and the samples carry"):
        loop.evaluator.after_eval_iteration(loop)


def test_plugin_per_task():
    evaluator = EvaluationPlugin(LossPerTaskPluginMetric("stream", "stream", "eval"))
    loop = FakeLoop(evaluator)
    tasks = torch.tensor([0, 3])
    loop.eval(make_stream("test", 1), [[(*answers(1, 2), tasks, torch.tensor(1.5))]])
    assert evaluator.get_last_metrics() == {
        "TaskLoss_Stream/eval_phase/test_stream/Task000": 1.5,
        "TaskLoss_Stream/eval_phase/test_stream/Task003": 1.5,
    }
