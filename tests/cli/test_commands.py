import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from avalanche.cli.main import main
from avalanche.report.rows import read_rows


def values(folder):
    """Everything measured but time and memory, which no two runs share."""
    return [
        (row.strategy, row.seed, row.step, row.metric, row.experience, row.value)
        for row in read_rows(folder / "metrics.csv")
        if row.phase != "cost" and not row.metric.startswith("Time")
    ]


def test_run_writes_the_whole_folder(tiny, tmp_path, capsys) -> None:
    out = tmp_path / "x"
    words = ["run", *tiny, "--strategy", "Replay", "--strategy.mem_size", "20", "--seeds", "2"]
    assert main([*words, "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"config.yaml", "metrics.csv", "summary.json", "plots", "report.html"}
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config["strategy"]["mem_size"] == 20
    provenance = config["provenance"]
    assert provenance["seeds"] == [0, 1]
    assert provenance["command"].startswith("avalanche run --benchmark SplitDigits")
    assert {"avalanche", "python", "torch", "torchvision", "numpy"} <= set(provenance["versions"])
    assert provenance["found_out"]["model"] == {"num_classes": 10, "input_size": 64}
    summary = json.loads((out / "summary.json").read_text())
    assert summary["state"] == "complete"
    assert len(summary["strategies"][0]["final_accuracy"]["per_seed"]) == 2
    text = capsys.readouterr().out
    assert "[2/2] Replay, seed 1: final accuracy" in text
    assert str(out / "report.html") in text
    assert "\x1b[" not in text


def test_printed_config_gives_the_same_numbers(tiny, tmp_path, capsys) -> None:
    words = ["run", *tiny, "--strategy", "EWC", "--strategy.ewc_lambda", "5"]
    assert main([*words, "--print_config"]) == 0
    config = tmp_path / "x.yaml"
    config.write_text(capsys.readouterr().out)
    assert main([*words, "--out", str(tmp_path / "a"), "--quiet"]) == 0
    assert main(["run", "--config", str(config), "--out", str(tmp_path / "b"), "--quiet"]) == 0
    written = str(tmp_path / "b" / "config.yaml")
    assert main(["run", "--config", written, "--out", str(tmp_path / "c"), "--quiet"]) == 0
    assert values(tmp_path / "a") == values(tmp_path / "b") == values(tmp_path / "c")
    assert values(tmp_path / "a")
    assert capsys.readouterr().out == ""


def test_seeds_are_independent_of_each_other_and_of_the_other_strategies(tiny, tmp_path) -> None:
    several = tmp_path / "several"
    assert main(["compare", *tiny, "--strategies", "Naive,Replay", "--seeds", "2", "--quiet",
                 "--out", str(several)]) == 0  # fmt: skip
    alone = tmp_path / "alone"
    assert main(["run", *tiny, "--strategy", "Replay", "--seed", "1", "--quiet",
                 "--out", str(alone)]) == 0  # fmt: skip
    assert [v for v in values(several) if v[:2] == ("Replay", 1)] == values(alone)
    seeds = [[v[2:] for v in values(several) if v[:2] == ("Replay", seed)] for seed in (0, 1)]
    assert seeds[0] != seeds[1]


def test_compare_ends_with_a_table_that_marks_the_upper_bound(tiny, tmp_path, capsys) -> None:
    out = tmp_path / "x"
    names = "Naive,Replay,JointTraining"
    words = ["compare", *tiny, "--strategies", names, "--out", str(out)]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "JointTraining (upper bound)" in text
    assert "(best)" in text
    joint = [row for row in read_rows(out / "metrics.csv") if row.strategy == "JointTraining"]
    tested = {row.experience for row in joint if row.metric == "Top1_Acc_Exp"}
    assert tested == {0, 1}
    assert "upper bound" in (out / "report.html").read_text()


def test_the_global_random_state_is_left_alone(tiny, tmp_path) -> None:
    import torch

    before = torch.get_rng_state()
    assert main(["run", *tiny, "--out", str(tmp_path / "x"), "--quiet"]) == 0
    assert torch.equal(before, torch.get_rng_state())


def test_out_that_is_not_empty(tiny, tmp_path, capsys) -> None:
    words = ["run", *tiny, "--out", str(tmp_path / "x"), "--quiet"]
    assert main(words) == 0
    assert main(words) == 2
    assert "is not empty; add --resume" in capsys.readouterr().err
    first = values(tmp_path / "x")
    assert main([*words, "--overwrite"]) == 0
    assert values(tmp_path / "x") == first


def test_resume_adds_what_is_missing_and_keeps_the_rest(tiny, tmp_path) -> None:
    words = ["run", *tiny, "--quiet"]
    x, y = str(tmp_path / "x"), str(tmp_path / "y")
    assert main([*words, "--seeds", "1", "--out", x]) == 0
    before = (tmp_path / "x" / "metrics.csv").read_text()
    assert main([*words, "--seeds", "2", "--out", x, "--resume"]) == 0
    assert (tmp_path / "x" / "metrics.csv").read_text().startswith(before)
    assert main([*words, "--seeds", "2", "--out", y]) == 0
    assert values(tmp_path / "x") == values(tmp_path / "y")


def test_report_is_built_again_from_what_was_written(tiny, tmp_path, capsys) -> None:
    out = tmp_path / "x"
    assert main(["run", *tiny, "--out", str(out), "--quiet"]) == 0
    first = (out / "report.html").read_text()
    (out / "report.html").unlink()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").read_text() == first
    assert "report.html" in capsys.readouterr().out
    assert main(["report", str(out), "--out", str(tmp_path / "else")]) == 0
    assert (tmp_path / "else" / "report.html").is_file()


@pytest.fixture
def heard_interrupts():
    """A suite started in the background ignores Ctrl-C, and so would the processes it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_interrupts")
def test_stopping_in_the_middle_keeps_what_was_computed(tiny, tmp_path) -> None:
    out = tmp_path / "x"
    words = [*tiny, "--seeds", "500", "--out", str(out)]
    with subprocess.Popen(
        [sys.executable, "-m", "avalanche.cli.main", "run", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert first.startswith("[1/500] Naive, seed 0"), errors
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "interrupted" in errors
    assert errors.rstrip().endswith(f"--seeds 500 --out {out} --resume")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["state"] == "interrupted"
    assert summary["finished"][0] == ["Naive", 0]
    done = len(summary["finished"])
    assert f"{done} of 500 runs" in errors
    few = [word if word != "500" else str(done + 1) for word in words]
    assert main(["run", *few, "--resume", "--quiet"]) == 0
    assert {row.seed for row in read_rows(out / "metrics.csv")} == set(range(done + 1))
    assert json.loads((out / "summary.json").read_text())["state"] == "complete"


@pytest.mark.parametrize("strategy", ["Cumulative", "LwF"])
def test_other_strategies_run(strategy: str, tiny, tmp_path) -> None:
    words = ["run", *tiny, "--strategy", strategy, "--out", str(tmp_path / "x"), "--quiet"]
    assert main(words) == 0
