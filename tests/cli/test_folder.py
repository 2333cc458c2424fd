import json
from dataclasses import replace
from datetime import datetime

import pytest
import yaml

from avalanche.cli.errors import UsageError
from avalanche.cli.folder import RunFolder, check_free, new_folder
from avalanche.cli.request import Choice, Request
from avalanche.report.rows import Row, read_rows

CONFIG = {"benchmark": {"name": "B", "n": 2}, "strategies": ["Naive"], "epochs": 1, "seeds": 1}
REQUEST = Request(
    command="run", benchmark=Choice("B"), strategies=(Choice("Naive"),), model=Choice("M"),
    optimizer=Choice("O"), epochs=1, batch_size=2, eval_batch_size=3, eval_every=-1,
    peval_mode="epoch", device="cpu", seeds=1, seed=0,
)  # fmt: skip


def row(seed: int, value: float = 0.5) -> Row:
    return Row("Naive", seed, 1, 1, "eval", "test", None, None, "Top1_Acc_Stream", value)


def summary(path) -> dict:
    return json.loads((path / "summary.json").read_text())


def test_a_run_is_written_as_it_goes(tmp_path) -> None:
    folder = RunFolder(tmp_path / "run", ["JointTraining"])
    folder.start(CONFIG)
    assert summary(folder.path)["state"] == "running"
    folder.append([row(0)])
    assert read_rows(folder.metrics) == [row(0)]
    folder.finish("Naive", 0)
    folder.write_summary("complete")
    written = summary(folder.path)
    assert written["state"] == "complete"
    assert written["finished"] == [["Naive", 0]]
    assert written["upper_bounds"] == ["JointTraining"]
    assert written["strategies"][0]["final_accuracy"]["mean"] == 0.5
    assert yaml.safe_load((folder.path / "config.yaml").read_text()) == CONFIG


def test_resume_keeps_what_is_complete_and_drops_the_rest(tmp_path) -> None:
    folder = RunFolder(tmp_path)
    folder.start(CONFIG)
    folder.append([row(0)])
    folder.finish("Naive", 0)
    folder.append([row(1)])
    with folder.metrics.open("a") as file:
        file.write("Naive,1,2,half")
    again = RunFolder(tmp_path)
    again.resume({**CONFIG, "seeds": 3, "strategies": ["Naive", "LwF"]})
    assert again.finished == [("Naive", 0)]
    assert read_rows(again.metrics) == [row(0)]


@pytest.mark.parametrize("fewer", [{"seeds": 1}, {"strategies": ["LwF"]}])
def test_resume_does_not_forget_what_was_run(fewer, tmp_path) -> None:
    folder = RunFolder(tmp_path)
    folder.start({**CONFIG, "seeds": 2})
    for seed in (0, 1):
        folder.append([row(seed)])
        folder.finish("Naive", seed)
    with pytest.raises(UsageError, match=r"has Naive with seed \d, which this request leaves out"):
        RunFolder(tmp_path).resume({**CONFIG, "seeds": 2, **fewer})
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["seeds"] == 2


def test_resume_of_nothing_starts(tmp_path) -> None:
    folder = RunFolder(tmp_path)
    folder.resume(CONFIG)
    assert read_rows(folder.metrics) == []


def test_resume_of_something_else_names_what_differs(tmp_path) -> None:
    RunFolder(tmp_path).start(CONFIG)
    other = {**CONFIG, "benchmark": {"name": "B", "n": 3}}
    with pytest.raises(UsageError, match=r"--benchmark\.n=3: the run in .* has benchmark\.n=2"):
        RunFolder(tmp_path).resume(other)


def test_start_replaces_a_run_and_leaves_other_files_alone(tmp_path) -> None:
    RunFolder(tmp_path).start(CONFIG)
    (tmp_path / "notes.txt").write_text("mine")
    RunFolder(tmp_path).append([row(0)])
    RunFolder(tmp_path).start(CONFIG)
    assert read_rows(tmp_path / "metrics.csv") == []
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_is_not_empty_is_refused(tmp_path) -> None:
    there = replace(REQUEST, out=str(tmp_path))
    check_free(there)
    check_free(REQUEST)
    check_free(replace(REQUEST, out=str(tmp_path / "none")))
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match=r"is not empty; add --resume .* --overwrite"):
        check_free(there)
    check_free(replace(there, resume=True))
    check_free(replace(there, overwrite=True))
    with pytest.raises(UsageError, match="is a file"):
        check_free(replace(REQUEST, out=str(tmp_path / "file")))


def test_resume_needs_a_folder_and_excludes_overwrite() -> None:
    with pytest.raises(UsageError, match="give its folder with --out"):
        check_free(replace(REQUEST, resume=True))
    with pytest.raises(UsageError, match="only one of them"):
        check_free(replace(REQUEST, out="x", resume=True, overwrite=True))


def test_a_new_folder_is_named_after_the_run_and_never_shared(tmp_path, monkeypatch) -> None:
    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2024, 1, 2, 12)

    monkeypatch.setattr("avalanche.cli.folder.datetime", Noon)
    monkeypatch.chdir(tmp_path)
    made = [new_folder(REQUEST) for _ in range(3)]
    assert [path.name for path in made] == [
        "B-Naive-20240102-120000",
        "B-Naive-20240102-120000-2",
        "B-Naive-20240102-120000-3",
    ]
    assert all(path.is_dir() for path in made)
    assert new_folder(replace(REQUEST, command="compare")).name == "B-compare-20240102-120000"


def test_a_file_in_the_place_of_all_runs_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(UsageError, match="runs: is a file.*name another place with --out"):
        new_folder(REQUEST)


def test_an_empty_name_of_a_folder_is_refused(capsys, tmp_path, monkeypatch) -> None:
    from avalanche.cli.main import main

    monkeypatch.chdir(tmp_path)
    assert main(["run", "--epochs", "1", "--out", ""]) == 2
    assert "--out=: is empty; give a folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
