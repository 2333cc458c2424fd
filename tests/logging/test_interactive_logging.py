"""Progress bars on a terminal, plain text elsewhere."""

import contextlib
import functools
import io
import pickle
import re

import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.logging import InteractiveLogger, TextLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def screen(self):
        """What a person would see: carriage returns and erasures applied."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = line.split("\r")[-1]
            lines.append(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).rstrip())
        return lines


def on_a_terminal(test):
    """Run the test with a terminal as standard output; pytest's own capture comes before tests."""

    @functools.wraps(test)
    def run_test():
        with contextlib.redirect_stdout(Terminal()) as terminal:
            test(terminal)

    del run_test.__wrapped__  # pytest would take `terminal` for a fixture
    return run_test


def run(logger, batches=3):
    evaluator = EvaluationPlugin(
        accuracy_metrics(epoch=True, experience=True, stream=True), loggers=logger
    )
    loop = FakeLoop(evaluator)
    loop.train(make_stream("train")[0], [[answers(1, 2)] * batches] * 2)
    loop.eval(make_stream("test"), [[answers(1, 2)] * batches] * 2)
    return evaluator


def test_nothing_but_text_when_not_a_terminal(capsys):
    evaluator = run(InteractiveLogger())
    written = capsys.readouterr().out
    text = io.StringIO()
    run(TextLogger(text))
    assert written == text.getvalue()
    quiet = EvaluationPlugin(loggers=InteractiveLogger())
    assert not quiet.listens("after_training_iteration")
    assert evaluator.listens("after_training_epoch")


@on_a_terminal
def test_a_finished_bar_per_epoch_and_experience(terminal):
    run(InteractiveLogger())
    screen = terminal.screen()
    bars = [line for line in screen if "3/3" in line]
    assert [line.split()[0] for line in bars] == ["Epoch", "Epoch", "Eval", "Eval"]
    text = io.StringIO()
    run(TextLogger(text))
    rest = [line for line in screen if "3/3" not in line]
    assert rest == [line.rstrip() for line in text.getvalue().split("\n")]


@on_a_terminal
def test_the_terminal_needs_no_repair(terminal):
    run(InteractiveLogger())
    codes = set(re.findall(r"\x1b\[[0-9;?]*[A-Za-z]", terminal.getvalue()))
    assert not any("?" in code for code in codes)  # no hidden cursor, no other mode
    assert terminal.getvalue().endswith("\n")


@on_a_terminal
def test_an_interruption_leaves_a_complete_line_and_the_next_run_works(terminal):
    logger = InteractiveLogger()
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=logger)

    def interrupted():
        yield answers(1, 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FakeLoop(evaluator).train(make_stream("train")[0], [interrupted()])
    evaluator.close()
    assert terminal.getvalue().endswith("\n")
    evaluator.close()
    FakeLoop(evaluator).train(make_stream("train")[0], [[answers(1, 2)]])
    assert any("1/1" in line for line in terminal.screen())


@on_a_terminal
def test_evaluation_during_an_epoch(terminal):
    logger = InteractiveLogger()
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, experience=True), loggers=logger)
    loop = FakeLoop(evaluator)
    test = make_stream("test", 1)

    class Batches(list):
        def __iter__(self):
            for batch in super().__iter__():
                yield batch
                loop.eval(test, [[answers(1, 1)]])

    loop.train(make_stream("train")[0], [Batches([answers(1, 2)] * 2)])
    screen = terminal.screen()
    assert sum("1/1" in line for line in screen) == 2
    assert sum("2/2" in line for line in screen) == 1
    assert not any("0/2" in line for line in screen)
    assert logger._bars == []


@on_a_terminal
def test_an_epoch_that_is_stopped_before_it_begins(terminal):
    logger = InteractiveLogger()
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=logger)
    loop = FakeLoop(evaluator)
    loop.experience, loop.is_training = make_stream("train")[0], True
    for event in ("before_training", "before_training_exp", "before_training_epoch"):
        loop.fire(event)
    loop.fire("after_training_exp")
    assert logger._bars == []
    assert terminal.screen()[-1] == ""


@on_a_terminal
def test_a_loader_without_a_length(terminal):
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=InteractiveLogger())
    FakeLoop(evaluator).train(make_stream("train")[0], [(answers(1, 2) for _ in range(2))])
    assert any("2/?" in line for line in terminal.screen())


@on_a_terminal
def test_pickle(terminal):
    logger = pickle.loads(pickle.dumps(InteractiveLogger()))
    run(logger)
    assert any("3/3" in line for line in terminal.screen())


def learn_pieces(evaluator, pieces, evaluate=False):
    loop = FakeLoop(evaluator)
    for number, piece in enumerate(make_stream("train_online", len(pieces))):
        origin, place, length = pieces[number]
        piece.origin_experience = make_stream("train", origin + 1)[origin]
        piece.is_last_subexp, piece.sub_stream_length = place == length - 1, length
        loop.train(piece, [[answers(1, 2)]] * 2)
        if evaluate:
            loop.eval(make_stream("test", 1), [[answers(1, 2)]])


PIECES = [(0, 0, 3), (0, 1, 3), (0, 2, 3), (1, 0, 2), (1, 1, 2)]
REPORT = "\tTop1_Acc_Epoch/train_phase/train_online_stream/Task000 = 0.5000"


def expected_of(*origins):
    text = []
    for k in origins:
        text += [
            "-- >> Start of training phase << --",
            f"-- Starting training on experience {k} of an online stream --",
            f"> Training on experience {k} ended.",
            REPORT,
            "-- >> End of training phase << --",
        ]
    return text


def test_pieces_of_an_online_stream_share_one_report(capsys):
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=InteractiveLogger())
    learn_pieces(evaluator, PIECES)
    assert capsys.readouterr().out.splitlines() == expected_of(0, 1)


@on_a_terminal
def test_pieces_of_an_online_stream_share_one_bar(terminal):
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=InteractiveLogger())
    learn_pieces(evaluator, PIECES)
    screen = terminal.screen()
    bars = [line.split() for line in screen if line.startswith("Experience")]
    assert [(bar[1], next(part for part in bar if "/" in part)) for bar in bars] == [
        ("0", "3/3"),
        ("1", "2/2"),
    ]
    assert [line for line in screen if line and not line.startswith("Experience")] == expected_of(
        0, 1
    )


def test_pieces_whose_last_one_never_came(capsys):
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=InteractiveLogger())
    learn_pieces(evaluator, [(0, 0, 3), (1, 0, 2), (1, 1, 2)])
    text = capsys.readouterr().out.splitlines()
    assert text.count(REPORT) == 2
    assert text[0] == "-- >> Start of training phase << --"
    assert text[-1] == "-- >> End of training phase << --"


@on_a_terminal
def test_evaluation_between_pieces(terminal):
    metrics = accuracy_metrics(epoch=True, stream=True)
    learn_pieces(EvaluationPlugin(metrics, loggers=InteractiveLogger()), PIECES, evaluate=True)
    screen = terminal.screen()
    assert sum(line.startswith("Eval") for line in screen) == len(PIECES)
    assert sum("Top1_Acc_Stream" in line for line in screen) == len(PIECES)


def test_training_on_nothing(capsys):
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True), loggers=InteractiveLogger())
    loop = FakeLoop(evaluator)
    loop.fire("before_training")
    loop.fire("after_training")
    assert capsys.readouterr().out.splitlines() == [
        "-- >> Start of training phase << --",
        "-- >> End of training phase << --",
    ]
