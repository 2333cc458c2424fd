import io
import sys
from pathlib import Path

import pytest

from avalanche.cli.results import plain_table, show_results
from avalanche.report import Report, Row, summarize


def summaries():
    rows = []
    for name, accuracy in (("Naive", 0.2), ("Replay", 0.8), ("JointTraining", 0.95)):
        for seed in (0, 1):
            place = (name, seed, 1, 1)
            value = accuracy + 0.01 * seed
            rows.append(Row(*place, "eval", "test", None, 0, "Top1_Acc_Stream", value))
            rows.append(Row(*place, "cost", "", None, None, "TrainSeconds", 2.0))
    return tuple(summarize(rows))


def test_plain_table_marks_best_and_bound_and_is_aligned() -> None:
    text = plain_table(summaries())
    assert "Replay (best)" in text
    assert "JointTraining (upper bound)" in text
    assert "20.5 ± 0.7" in text
    lines = [line for line in text.splitlines() if line]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("terminal", [False, True])
def test_paths_follow_the_table(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    pictures = {"final": {"png": Path("x/plots/final.png"), "svg": Path("x/plots/final.svg")}}
    show_results(Report(Path("x/report.html"), pictures, summaries()))
    text = out.getvalue()
    assert "Replay (best)" in text
    assert "x/report.html" in text
    assert "x/plots" in text
    assert ("\x1b[" in text) == terminal
