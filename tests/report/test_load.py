import json

import pytest

from avalanche.report.load import folder_labels, load_run, load_runs, merge_rows
from avalanche.report.rows import format_rows


@pytest.fixture
def folder(make_rows, tmp_path):
    def make(name: str, strategies) -> object:
        path = tmp_path / name
        path.mkdir(parents=True)
        (path / "metrics.csv").write_text(format_rows(make_rows(strategies), header=True))
        return path

    return make


def test_only_the_metrics_are_needed(folder) -> None:
    run = load_run(folder("a", ("Naive",)))
    assert run.config == {}
    assert run.complete
    assert run.upper_bounds == ("JointTraining",)


def test_same_strategy_in_two_runs_is_told_apart_by_folder(folder) -> None:
    runs = load_runs([folder("small", ("Naive", "Replay")), folder("large", ("Replay",))])
    rows, _ = merge_rows(runs)
    assert {row.strategy for row in rows} == {"Naive", "Replay (small)", "Replay (large)"}


def test_runs_in_folders_of_the_same_name_stay_apart(folder) -> None:
    names = ("px/run", "py/run", "py/a/run", "other")
    runs = load_runs([folder(name, ("Naive",)) for name in names])
    assert folder_labels(runs) == ["px/run", "py/run", "a/run", "other"]
    rows, _ = merge_rows(runs)
    assert {row.strategy for row in rows} == {
        "Naive (px/run)", "Naive (py/run)", "Naive (a/run)", "Naive (other)"
    }  # fmt: skip


def test_the_same_run_twice_is_refused(folder) -> None:
    path = folder("a", ("Naive",))
    with pytest.raises(ValueError, match=r"run_dirs=.*/a, .*/a/\.\./a: the same folder; give each"):
        load_runs([path, path / ".." / "a"])


def test_upper_bounds_keep_their_mark_when_renamed(folder) -> None:
    one, two = folder("one", ("JointTraining",)), folder("two", ("JointTraining",))
    _, bounds = merge_rows(load_runs([one, two]))
    assert bounds == ("JointTraining (one)", "JointTraining (two)")


def test_an_interrupted_run_says_so(folder) -> None:
    path = folder("a", ("Naive",))
    (path / "summary.json").write_text(json.dumps({"state": "interrupted"}))
    assert not load_run(path).complete


def test_broken_files_are_named(folder) -> None:
    path = folder("a", ("Naive",))
    (path / "summary.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read"):
        load_run(path)
    (path / "summary.json").write_text("[]")
    with pytest.raises(ValueError, match=r"summary\.json: expected keys and values and found list"):
        load_run(path)


def test_no_folder_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"run_dirs=\[\]"):
        load_runs([])
