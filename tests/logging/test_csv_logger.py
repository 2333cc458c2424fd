"""Comma-separated files."""

import csv

import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import accuracy_metrics, forgetting_metrics, loss_metrics
from avalanche.logging import CSVLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin

TRAINING = "training_exp,epoch,training_accuracy,val_accuracy,training_loss,val_loss"
EVALUATION = "eval_exp,training_exp,eval_accuracy,eval_loss,forgetting"


def lines(folder, name):
    return (folder / f"{name}.csv").read_text().splitlines()


def batch(n_right, n, loss):
    return (*answers(n_right, n), None, float(loss))


def run(*metrics, folder):
    logger = CSVLogger(folder)
    evaluator = EvaluationPlugin(*metrics, loggers=logger)
    loop = FakeLoop(evaluator)
    train, test = make_stream("train"), make_stream("test")
    for t in range(2):
        loop.train(train[t], [[batch(1, 4, 2)], [batch(3, 4, 1)]])
        loop.eval(test, [[batch(4 - 2 * t, 4, 0.5)], [batch(t, 4, 0.25)]])
    return evaluator


def test_all_columns(tmp_path):
    evaluator = run(
        accuracy_metrics(epoch=True, experience=True),
        loss_metrics(epoch=True, experience=True),
        forgetting_metrics(experience=True),
        folder=tmp_path,
    )
    assert lines(tmp_path, "training_results") == [
        TRAINING,
        "0,0,0.2500,,2.0000,",
        "0,1,0.7500,,1.0000,",
        "1,0,0.2500,,2.0000,",
        "1,1,0.7500,,1.0000,",
    ]
    assert lines(tmp_path, "eval_results") == [
        EVALUATION,
        "0,0,1.0000,0.5000,",
        "1,0,0.0000,0.2500,",
        "0,1,0.5000,0.5000,0.5000",
        "1,1,0.2500,0.2500,",
    ]
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    expected = [
        {k: "" if v is None else str(v) for k, v in row.items()} for row in evaluator.table()
    ]
    assert rows == expected


def test_a_metric_not_requested_leaves_an_empty_cell(tmp_path):
    run(accuracy_metrics(epoch=True), folder=tmp_path)
    assert lines(tmp_path, "training_results")[1] == "0,0,0.2500,,,"
    assert lines(tmp_path, "eval_results")[1] == "0,0,,,"


def test_validation_is_of_the_same_epoch_and_experience(tmp_path):
    evaluator = EvaluationPlugin(
        accuracy_metrics(epoch=True, experience=True),
        loss_metrics(experience=True),
        loggers=CSVLogger(tmp_path),
    )
    test = make_stream("test")

    class Loop(FakeLoop):
        def fire(self, event):
            super().fire(event)
            if event == "after_training_epoch":
                epoch = self.clock.train_exp_epochs
                self.eval(test, [[batch(epoch, 4, epoch)], [batch(4, 4, 9)]])

    Loop(evaluator).train(make_stream("train")[0], [[batch(1, 4, 2)]] * 3)
    assert lines(tmp_path, "training_results")[1:] == [
        "0,0,0.2500,0.0000,,0.0000",
        "0,1,0.2500,0.2500,,1.0000",
        "0,2,0.2500,0.5000,,2.0000",
    ]
    assert lines(tmp_path, "eval_results") == [EVALUATION]


def test_before_any_training_and_after_close(tmp_path):
    logger = CSVLogger(tmp_path / "deep" / "folder")
    evaluator = EvaluationPlugin(accuracy_metrics(experience=True), loggers=logger)
    loop = FakeLoop(evaluator)
    for _ in range(2):
        loop.eval(make_stream("test", 1), [[batch(1, 2, 0)]])
        evaluator.close()
    assert lines(tmp_path / "deep" / "folder", "eval_results")[1:] == ["0,,0.5000,,"] * 2


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CSVLogger().close()
    assert lines(tmp_path / "csvlogs", "training_results") == [TRAINING]


def test_rows_are_on_the_disk_at_once(tmp_path):
    evaluator = EvaluationPlugin(accuracy_metrics(experience=True), loggers=CSVLogger(tmp_path))
    seen = []
    loop = FakeLoop(evaluator)

    class Batches(list):
        def __iter__(self):
            seen.append(len(lines(tmp_path, "eval_results")))
            return super().__iter__()

    loop.eval(make_stream("test", 2), [Batches([batch(1, 2, 0)]), Batches([batch(1, 2, 0)])])
    assert seen == [1, 2]
    evaluator.close()


@pytest.fixture(autouse=True)
def _close(monkeypatch):
    """Close the files of every logger that a test makes: an unclosed file is a warning."""
    made = []
    original = CSVLogger.__init__

    def remember(self, *args, **kwargs):
        original(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(CSVLogger, "__init__", remember)
    yield
    for logger in made:
        logger.close()
