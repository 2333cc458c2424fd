"""Values that are empty, no numbers, or None, and reports after an interruption."""

import csv
import io
import warnings

import pytest
import torch
from torch.optim import SGD

from avalanche.benchmarks import SplitDigits
from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metric_names import MetricKey
from avalanche.evaluation.metric_results import MetricValue
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.logging import CSVLogger, InteractiveLogger, TensorboardLogger, TextLogger
from avalanche.models import SimpleMLP
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin

DIGITS = SplitDigits(5, seed=0)
ODD = {
    "empty": torch.empty(0, 0),
    "no number": torch.tensor([float("nan"), float("nan")]),
    "partly": torch.tensor([1.0, float("inf")]),
    "whole": torch.tensor([[1, 2], [3, 4]]),
}


def made(*loggers, plugins=()):
    torch.manual_seed(0)
    model = SimpleMLP(input_size=64, hidden_size=8, drop_rate=0)
    metrics = accuracy_metrics(minibatch=True, experience=True), loss_metrics(experience=True)
    evaluator = EvaluationPlugin(*metrics, loggers=list(loggers))
    optimizer = SGD(model.parameters(), lr=0.1)
    return Naive(model, optimizer, train_mb_size=64, evaluator=evaluator, plugins=list(plugins))


@pytest.mark.parametrize("name", ODD)
def test_tensors_without_a_finite_value_do_not_end_a_run(name, tmp_path):
    for logger in (TensorboardLogger(tmp_path), TextLogger(io.StringIO()), CSVLogger(tmp_path)):
        logger.log_metrics([MetricValue(None, "Odd_Stream/eval_phase/test_stream", ODD[name], 1)])
        logger.close()


def test_a_metric_without_a_value_leaves_its_cell_empty(tmp_path):
    logger = CSVLogger(tmp_path)
    strategy = made(logger)
    strategy.train(DIGITS.train_stream[0])
    strategy.experience = DIGITS.test_stream[0]
    key = MetricKey.parse("Loss_Exp/eval_phase/test_stream/Task000/Exp000")
    logger.after_eval_exp(strategy, [MetricValue(None, key, None, 1)])
    logger.close()
    with open(tmp_path / "eval_results.csv") as file:
        row = list(csv.DictReader(file))[-1]
    assert row["eval_loss"] == row["eval_accuracy"] == ""


def test_rows_after_a_resume_say_what_was_learnt(tmp_path):
    strategy = made(CSVLogger(tmp_path))
    strategy.train(DIGITS.train_stream[:2])
    save_checkpoint(strategy, tmp_path / "x.pt")
    strategy.evaluator.close()
    resumed, _ = maybe_load_checkpoint(made(CSVLogger(tmp_path)), tmp_path / "x.pt")
    resumed.eval(DIGITS.test_stream[:2])
    resumed.evaluator.close()
    with open(tmp_path / "eval_results.csv") as file:
        assert [row["training_exp"] for row in csv.DictReader(file)][-2:] == ["1", "1"]


class Interrupts(SupervisedPlugin):
    def after_training_iteration(self, strategy, **kwargs):
        if strategy.clock.train_exp_iterations == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [TextLogger, InteractiveLogger])
def test_values_of_an_interrupted_training_are_in_no_later_report(kind, capsys):
    text = io.StringIO()
    strategy = made(TextLogger(text) if kind is TextLogger else InteractiveLogger())
    strategy.add_plugin(Interrupts())
    with pytest.raises(KeyboardInterrupt):
        strategy.train(DIGITS.train_stream[0])
    capsys.readouterr()
    start = len(text.getvalue())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strategy.eval(DIGITS.test_stream[:1])
    report = text.getvalue()[start:] if kind is TextLogger else capsys.readouterr().out
    assert "Top1_Acc_Exp" in report
    assert "train_phase" not in report
