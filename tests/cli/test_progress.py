import io
import sys
from types import SimpleNamespace

import pytest

from avalanche.cli.progress import Bars, Lines, Pulse, is_terminal, make_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_written_when_a_run_is_done(capsys) -> None:
    with make_progress(2, quiet=False) as progress:
        assert isinstance(progress, Lines)
        progress.start("Naive, seed 0", 5)
        progress.step("experience 1 of 5", 1)
        assert capsys.readouterr().out == ""
        progress.finish("done")
    assert capsys.readouterr().out == "[1/2] Naive, seed 0: done\n"


def test_quiet_is_quiet(capsys) -> None:
    with make_progress(1, quiet=True) as progress:
        progress.start("x", 1)
        progress.finish("done")
    assert capsys.readouterr().out == ""


def test_no_bars_in_ci_or_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert is_terminal()
    monkeypatch.setenv("CI", "1")
    assert not is_terminal()
    monkeypatch.delenv("CI")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not is_terminal()


def test_bars_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", Terminal())
    with make_progress(1, quiet=False) as progress:
        assert isinstance(progress, Bars)
        progress.start("Naive, seed 0", 4)
        progress.step("experience 1 of 2", 1.5)
        progress.finish("final accuracy 20%")
    assert "final accuracy 20%" in sys.stdout.getvalue()


def test_pulse_counts_epochs_over_experiences() -> None:
    told = []
    progress = SimpleNamespace(step=lambda what, epochs: told.append((what, epochs)))
    pulse = Pulse(progress, experiences=2)
    clock = SimpleNamespace(train_exp_counter=0, train_epoch_iterations=1)
    strategy = SimpleNamespace(clock=clock, dataloader=range(4))
    pulse.after_training_iteration(strategy)
    pulse.after_training_iteration(strategy)  # at once: not told
    pulse.after_training_epoch(strategy)
    clock.train_exp_counter = 1
    pulse.after_training_epoch(strategy)
    assert told == [
        ("experience 1 of 2", 0.5),
        ("experience 1 of 2", 1.0),
        ("experience 2 of 2", 2.0),
    ]
