"""Loggers written for release 0.1."""

import torch
from torch.optim import SGD

from avalanche.benchmarks import SplitDigits
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.logging import StrategyLogger
from avalanche.models import SimpleMLP
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin


class Remember(StrategyLogger):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.evaluations = 0

    def log_metric(self, metric_value, callback):
        self.seen.append((callback, metric_value.name.split("/")[0], metric_value.value))

    def after_eval(self, strategy, metric_values, **kwargs):
        super().after_eval(strategy, metric_values, **kwargs)
        self.evaluations += 1


def test_each_value_comes_once_with_the_event_that_emitted_it():
    logger = Remember()
    metrics = accuracy_metrics(epoch=True, stream=True), loss_metrics(experience=True)
    model = SimpleMLP(input_size=64, hidden_size=8)
    torch.manual_seed(0)
    strategy = Naive(
        model,
        SGD(model.parameters(), lr=0.1),
        train_mb_size=64,
        train_epochs=2,
        evaluator=EvaluationPlugin(*metrics, loggers=[logger]),
    )
    benchmark = SplitDigits(5, seed=0)
    strategy.train(benchmark.train_stream[0])
    results = strategy.eval(benchmark.test_stream[:2])
    assert [(event, name) for event, name, _ in logger.seen] == [
        ("after_training_epoch", "Top1_Acc_Epoch"),
        ("after_training_epoch", "Top1_Acc_Epoch"),
        ("after_eval_exp", "Loss_Exp"),
        ("after_eval_exp", "Loss_Exp"),
        ("after_eval", "Top1_Acc_Stream"),
    ]
    assert logger.seen[-1][2] == results["Top1_Acc_Stream/eval_phase/test_stream/Task000"]
    assert logger.evaluations == 1
