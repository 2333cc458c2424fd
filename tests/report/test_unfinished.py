"""Reports of runs that did not reach their end."""

import json
import sys

import pytest

from avalanche.cli.lock import only_writer
from avalanche.report import build_report
from avalanche.report.rows import format_rows


@pytest.fixture
def half(make_rows, tmp_path):
    """A run of which one seed is finished, and another one is not."""
    path = tmp_path / "half"
    path.mkdir()
    rows = make_rows(("Replay",))
    seeds = sorted({row.seed for row in rows})
    kept = [row for row in rows if row.seed == seeds[0] or row.trained_experience == 1]
    assert {row.seed for row in kept} == set(seeds)
    (path / "metrics.csv").write_text(format_rows(kept, header=True))
    summary = {"state": "running", "finished": [["Replay", seeds[0]]]}
    (path / "summary.json").write_text(json.dumps(summary))
    whole = tmp_path / "whole"
    whole.mkdir()
    first = [row for row in rows if row.seed == seeds[0]]
    (whole / "metrics.csv").write_text(format_rows(first, header=True))
    return path, whole, seeds


def test_seeds_that_did_not_reach_their_end_are_left_out_and_named(half):
    path, whole, seeds = half
    report = build_report([path])
    (summary,) = report.summaries
    assert summary.seeds == (seeds[0],)
    assert summary.final_accuracy == build_report([whole]).summaries[0].final_accuracy
    (note,) = report.notes
    assert note.startswith("half was interrupted: this shows what was finished until then.")
    assert f"Replay with seed {seeds[1]}" in note
    assert f"Replay with seed {seeds[1]}" in report.html.read_text(encoding="utf-8")


def test_where_nothing_is_finished_the_values_so_far_are_shown_as_such(half):
    path, _, seeds = half
    (path / "summary.json").write_text(json.dumps({"state": "failed", "finished": []}))
    report = build_report([path])
    assert report.summaries[0].seeds == tuple(seeds)
    assert "nothing is final" in report.notes[0]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_run_that_goes_on_is_not_called_interrupted(half):
    path, _, _ = half
    with only_writer(path):
        assert "half is still running" in build_report([path]).notes[0]
    assert "half was interrupted" in build_report([path]).notes[0]


def test_a_run_that_is_complete_has_no_notes(half):
    assert build_report([half[1]]).notes == ()
