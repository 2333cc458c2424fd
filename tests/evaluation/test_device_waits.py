"""An iteration that nobody logs never asks the device for a value."""

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import (
    AccuracyPerTaskPluginMetric,
    CumulativeAccuracy,
    CumulativeAccuracyPluginMetric,
    LossPerTaskPluginMetric,
    accuracy_metrics,
    class_accuracy_metrics,
    labels_repartition_metrics,
    loss_metrics,
    mean_scores_metrics,
    r2_metrics,
    rmse_metrics,
    topk_acc_metrics,
)
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.plugins.evaluation import default_evaluator
from avalanche.training.supervised import Naive

READS = {
    *(torch.Tensor.item, torch.Tensor.tolist, torch.Tensor.numpy, torch.Tensor.cpu),
    *(torch.Tensor.__bool__, torch.Tensor.__float__, torch.Tensor.__int__),
    *(torch.Tensor.nonzero, torch.nonzero, torch.unique, torch.equal, torch.allclose),
}


class Waits(TorchFunctionMode):
    """Counts what would make an accelerator's queue run empty."""

    def __init__(self):
        super().__init__()
        self.count = 0
        outer = self

        class Dispatch(TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                if "_local_scalar_dense" in str(func) or "nonzero" in str(func):
                    outer.count += 1
                return func(*args, **(kwargs or {}))

        self.below = Dispatch()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += func in READS
        return func(*args, **(kwargs or {}))


class Watch(SupervisedPlugin):
    """Waits of every iteration, from the end of one to the end of the next."""

    def __init__(self, waits):
        self.waits, self.per_iteration, self._before = waits, [], None

    def before_training_epoch(self, strategy, **kwargs):
        self._before = None

    def after_training_iteration(self, strategy, **kwargs):
        if self._before is not None:
            self.per_iteration.append(self.waits.count - self._before)
        self._before = self.waits.count


def run(evaluator):
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(160) % 4
    data = TensorDataset(torch.randn(160, 6, generator=generator), targets)
    data.targets = targets.tolist()
    benchmark = nc_benchmark(data, data, 2, task_labels=False, shuffle=False)
    model = torch.nn.Linear(6, 4)
    waits = Waits()
    watch = Watch(waits)
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        torch.nn.CrossEntropyLoss(),
        train_mb_size=4,
        train_epochs=2,
        plugins=[watch],
        evaluator=evaluator,
    )
    with waits, waits.below:
        strategy.train(benchmark.train_stream)
    return watch.per_iteration


def test_the_counter_counts():
    waits = Waits()
    with waits, waits.below:
        float(torch.ones(1).sum())
        torch.ones(2).sum().item()
    assert waits.count >= 2


def test_the_default_loop_does_not_wait():
    assert run(default_evaluator) == [0] * (2 * 2 * 19)


@pytest.mark.parametrize(
    "metrics",
    [
        accuracy_metrics(minibatch=True, epoch=True, epoch_running=True),
        loss_metrics(minibatch=True, epoch=True, epoch_running=True),
        class_accuracy_metrics(epoch=True),
        topk_acc_metrics(epoch=True),
        [AccuracyPerTaskPluginMetric("epoch", "epoch", "train")],
        [LossPerTaskPluginMetric("epoch", "epoch", "train")],
        [CumulativeAccuracyPluginMetric("epoch", "epoch", "train")],
        mean_scores_metrics(on_eval=False),
        labels_repartition_metrics(),
    ],
    ids=[
        *("accuracy", "loss", "class", "topk", "accuracy_per_task", "loss_per_task"),
        *("cumulative", "mean_scores", "labels"),
    ],
)
def test_metrics_without_loggers_do_not_wait(metrics):
    assert set(run(EvaluationPlugin(metrics, loggers=[]))) == {0}


def test_metrics_of_regression_do_not_wait():
    waits = Waits()
    metrics = [*rmse_metrics(epoch=True), *r2_metrics(epoch=True)]
    with waits, waits.below:
        for metric in metrics:
            for _ in range(3):
                metric._of.update(torch.ones(4, 1), torch.zeros(4))
            value = metric.lazy_result()
    assert waits.count == 0
    assert isinstance(value, torch.Tensor)


@pytest.mark.parametrize("second", [[0, 1, 2], [2, 3]], ids=["nested", "apart"])
def test_cumulative_accuracy_of_the_same_sets_does_not_wait(second):
    waits, accuracy = Waits(), CumulativeAccuracy()
    scores, true = torch.rand(4, 4), torch.arange(4)
    accuracy.update({0: [0, 1], 1: second}, scores, true)
    with waits, waits.below:
        accuracy.update({0: [0, 1], 1: second}, scores, true)
    assert waits.count == 0
