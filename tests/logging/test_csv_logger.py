"""Comma-separated files."""

import csv

import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import accuracy_metrics, forgetting_metrics, loss_metrics
from avalanche.logging import CSVLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin

TRAINING = "training_exp,epoch,training_accuracy,val_accuracy,training_loss,val_loss"
EVALUATION = "eval_exp,training_exp,eval_accuracy,eval_loss,forgetting,stream"


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
        "0,0,1.0000,0.5000,,test",
        "1,0,0.0000,0.2500,,test",
        "0,1,0.5000,0.5000,0.5000,test",
        "1,1,0.2500,0.2500,,test",
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
    assert lines(tmp_path, "eval_results")[1] == "0,0,,,,test"


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


def test_validation_is_on_the_first_of_several_streams(tmp_path):
    logger = CSVLogger(tmp_path)
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, experience=True), loggers=logger)
    streams = {name: make_stream(name, 1) for name in ("valid", "test")}

    class Loop(FakeLoop):
        def fire(self, event):
            super().fire(event)
            if event == "after_training_epoch":
                epoch = self.clock.train_exp_epochs
                self.eval(streams["valid"], [[batch(epoch, 4, 0)]])
                self.eval(streams["test"], [[batch(4, 4, 0)]])
                self.eval(streams["valid"], [[batch(epoch + 1, 4, 0)]])  # measured again

    loop = Loop(evaluator)
    loop.train(make_stream("train", 1)[0], [[batch(1, 4, 0)]] * 2)
    assert lines(tmp_path, "training_results")[1:] == ["0,0,0.2500,0.2500,,", "0,1,0.2500,0.5000,,"]
    for name, stream in streams.items():
        loop.eval(stream, [[batch(2, 4, 0)]])
        assert lines(tmp_path, "eval_results")[-1] == f"0,0,0.5000,,,{name}"


def test_validation_cells_are_not_overwritten_by_a_later_stream(tmp_path):
    evaluator = EvaluationPlugin(
        accuracy_metrics(epoch=True, experience=True),
        loss_metrics(experience=True),
        loggers=CSVLogger(tmp_path),
    )

    class Loop(FakeLoop):
        def fire(self, event):
            super().fire(event)
            if event == "after_training_epoch":
                self.eval(make_stream("valid", 1), [[batch(1, 4, 0.5)]])
                self.eval(make_stream("test", 1), [[batch(3, 4, 0.25)]])

    Loop(evaluator).train(make_stream("train", 1)[0], [[batch(2, 4, 0)]] * 2)
    rows = [line.split(",") for line in lines(tmp_path, "training_results")]
    accuracy, loss = rows[0].index("val_accuracy"), rows[0].index("val_loss")
    assert [(row[accuracy], row[loss]) for row in rows[1:]] == [("0.2500", "0.5000")] * 2


def part_of_a_run(folder, t, state=None, **options):
    logger = CSVLogger(folder, **options)
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, experience=True), loggers=logger)
    if state is not None:
        evaluator.load_state_dict(state)
    loop = FakeLoop(evaluator)
    loop.train(make_stream("train")[t], [[batch(1, 4, 0)]])
    loop.eval(make_stream("test"), [[batch(1, 4, 0)]] * 2)
    evaluator.close()
    return evaluator.state_dict()


FILES = {"training_results": TRAINING, "eval_results": EVALUATION, "metrics": "step,"}


def test_a_run_that_goes_on_keeps_its_rows(tmp_path):
    state = part_of_a_run(tmp_path, 0)
    first = {name: lines(tmp_path, name) for name in FILES}
    part_of_a_run(tmp_path, 1, state)
    for name, header in FILES.items():
        whole = lines(tmp_path, name)
        assert whole[: len(first[name])] == first[name]
        assert len(whole) == 2 * len(first[name]) - 1
        assert sum(line.startswith(header) for line in whole) == 1
    assert [line[0] for line in lines(tmp_path, "training_results")[1:]] == ["0", "1"]


def test_rows_are_added_where_asked_for(tmp_path):
    for t in range(2):
        part_of_a_run(tmp_path / "new", t, append=True)
    assert len(lines(tmp_path / "new", "training_results")) == 3


def test_a_new_run_replaces_all_files_with_its_first_row(tmp_path):
    part_of_a_run(tmp_path, 0)
    before = {name: lines(tmp_path, name) for name in FILES}
    logger = CSVLogger(tmp_path)
    assert {name: lines(tmp_path, name) for name in FILES} == before
    loop = FakeLoop(EvaluationPlugin(accuracy_metrics(experience=True), loggers=logger))
    loop.eval(make_stream("test", 1), [[batch(3, 4, 0)]])
    assert lines(tmp_path, "eval_results")[1:] == ["0,,0.7500,,,test"]
    assert lines(tmp_path, "training_results") == [TRAINING]
    assert len(lines(tmp_path, "metrics")) == 2


def test_before_any_training_and_after_close(tmp_path):
    logger = CSVLogger(tmp_path / "deep" / "folder")
    evaluator = EvaluationPlugin(accuracy_metrics(experience=True), loggers=logger)
    loop = FakeLoop(evaluator)
    for _ in range(2):
        loop.eval(make_stream("test", 1), [[batch(1, 2, 0)]])
        evaluator.close()
    assert lines(tmp_path / "deep" / "folder", "eval_results")[1:] == ["0,,0.5000,,,test"] * 2


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
