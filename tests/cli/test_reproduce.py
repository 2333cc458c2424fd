import json
import shutil
import subprocess
import sys
import time

import pytest
import yaml

import avalanche
from avalanche.cli.configs import Config
from avalanche.cli.lock import only_writer
from avalanche.cli.main import main
from avalanche.cli.record import Record, SeedResult
from avalanche.cli.reproduce import commit_of_code

TINY = {
    "reference": {"title": "Naive", "setting": "tiny"},
    "benchmark": {"name": "SplitDigits", "n_experiences": 2},
    "model": {"name": "SimpleMLP", "hidden_size": 8},
    "optimizer": {"name": "SGD", "lr": 0.1},
    "epochs": 1,
    "batch_size": 64,
    "device": "cpu",
    "seeds": 2,
}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def configure(tmp_path, name: str = "naive", **changes) -> None:
    path = tmp_path / f"configs/digits/class/{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({**TINY, **changes}))


def kept(tmp_path, name: str = "naive") -> Record:
    record = Record.load(tmp_path / f"docs/results/digits/class/{name}.json")
    assert record is not None
    return record


def test_reproduce_runs_what_is_missing_and_writes_the_page(tmp_path, capsys) -> None:
    configure(tmp_path)
    configure(tmp_path, "replay", strategy={"name": "Replay", "mem_size": 20})
    assert main(["reproduce", "--only", "naive"]) == 0
    out = capsys.readouterr().out
    assert "digits/class/naive\n[1/2] Naive, seed 0: final accuracy" in out
    assert sorted(kept(tmp_path).seeds) == [0, 1]
    text = (tmp_path / "docs/results.md").read_text()
    mean = kept(tmp_path).values("average_accuracy").text(1, scale=100)
    assert f"| [Naive](../configs/digits/class/naive.yaml) | {mean} (2) |" in text
    assert "| [Naive](../configs/digits/class/replay.yaml) | not run |" in text
    before = kept(tmp_path)
    assert main(["reproduce", "--only", "naive", "--seeds", "3"]) == 0
    assert "[1/1] Naive, seed 2" in capsys.readouterr().out
    after = kept(tmp_path)
    assert {seed: after.seeds[seed] for seed in (0, 1)} == before.seeds
    assert (tmp_path / "runs/reproduce/digits/class/naive/seed-2/metrics.csv").exists()


def test_numbers_are_those_of_a_run_with_the_same_file(tmp_path) -> None:
    configure(tmp_path)
    assert main(["reproduce", "--quiet"]) == 0
    path = str(tmp_path / "configs/digits/class/naive.yaml")
    assert main(["run", "--config", path, "--out", "x", "--quiet"]) == 0
    summary = json.loads((tmp_path / "x/summary.json").read_text())["strategies"][0]
    record = kept(tmp_path)
    for metric in ("average_accuracy", "final_accuracy"):
        assert list(record.values(metric).values) == summary[metric]["per_seed"]
    result = record.seeds[0]
    assert len(result.experience_accuracies) == 2
    assert result.average_accuracy == pytest.approx(sum(result.experience_accuracies) / 2)


def test_results_of_changed_settings_are_run_again(tmp_path) -> None:
    configure(tmp_path)
    assert main(["reproduce", "--quiet", "--seeds", "1"]) == 0
    before = kept(tmp_path).seeds[0]
    configure(tmp_path, epochs=3)
    assert main(["reproduce", "--quiet", "--no_run"]) == 0
    assert "| not run |" in (tmp_path / "docs/results.md").read_text()
    assert main(["reproduce", "--quiet", "--seeds", "1"]) == 0
    assert kept(tmp_path).seeds[0].experience_accuracies != before.experience_accuracies
    assert "| not run |" not in (tmp_path / "docs/results.md").read_text()


def test_a_configuration_that_fails_keeps_none_from_running(tmp_path, capsys) -> None:
    configure(tmp_path, optimizer={"name": "SGD", "lr": 1e38}, epochs=3, seeds=1)
    configure(tmp_path, "other", seeds=1)
    assert main(["reproduce", "--quiet"]) == 1
    assert "digits/class/naive: loss=" in capsys.readouterr().err
    assert sorted(kept(tmp_path, "other").seeds) == [0]
    text = (tmp_path / "docs/results.md").read_text()
    assert "naive.yaml) | not run |" in text


def test_a_missed_reference_without_a_reason_is_told(tmp_path, capsys) -> None:
    reference = {**TINY["reference"], "published": 5, "source": "P", "mark": "V"}
    configure(tmp_path, reference=reference, seeds=1)
    assert main(["reproduce", "--quiet"]) == 0
    errors = capsys.readouterr().err
    assert "digits/class/naive: further than two points" in errors
    assert "say it under reference.note" in errors


def test_a_reference_is_missed_by_all_seeds_together_only(tmp_path, capsys) -> None:
    reference = {**TINY["reference"], "published": 5, "source": "P", "mark": "V"}
    configure(tmp_path, reference=reference, seeds=2)
    assert main(["reproduce", "--quiet", "--seeds", "1"]) == 0
    errors = capsys.readouterr().err
    assert "with 1 of 2 seeds; run the others before judging" in errors
    assert "reference.note" not in errors


def test_results_of_two_processes_are_both_kept(tmp_path) -> None:
    pytest.importorskip("fcntl", reason="the system has no such locks")
    configure(tmp_path, seeds=1)
    words = [sys.executable, "-m", "avalanche.cli.main", "reproduce", "--quiet"]
    with only_writer(tmp_path / "docs/results"):  # another one is adding a seed
        process = subprocess.Popen(words, cwd=tmp_path)
        done = tmp_path / "runs/reproduce/digits/class/naive/seed-0/summary.json"
        while process.poll() is None and not (done.exists() and "complete" in done.read_text()):
            time.sleep(0.05)
        assert process.poll() is None
        config = Config.read(tmp_path / "configs/digits/class/naive.yaml")
        other = SeedResult(0.5, 0.5, [0.5], 1.0, 1.0, "abc", "today", {})
        Record(config.settings, {1: other}).save(tmp_path / "docs/results/digits/class/naive.json")
    assert process.wait(60) == 0
    assert sorted(kept(tmp_path).seeds) == [0, 1]


def keep(tmp_path, name: str) -> None:
    result = SeedResult(0.5, 0.5, [0.5], 1.0, 1.0, "abc", "today", {})
    config = Config.read(tmp_path / f"configs/digits/class/{name}.yaml")
    Record(config.settings, {0: result}).save(tmp_path / f"docs/results/digits/class/{name}.json")


def test_a_seed_that_another_process_is_at_is_left_to_it(tmp_path, capsys) -> None:
    pytest.importorskip("fcntl", reason="the system has no such locks")
    configure(tmp_path)
    with only_writer(tmp_path / "runs/reproduce/digits/class/naive/seed-0"):
        assert main(["reproduce", "--seeds", "1", "--quiet"]) == 1
    assert "seed-0: another process is writing there; wait" in capsys.readouterr().err
    assert not (tmp_path / "docs/results").exists()


def test_the_page_is_the_same_from_every_folder(tmp_path, monkeypatch) -> None:
    for name in ("naive", "replay"):
        configure(tmp_path, name)
        keep(tmp_path, name)
    assert main(["reproduce", "--no_run", "--quiet"]) == 0
    page = tmp_path / "docs/results.md"
    before = page.read_text()
    assert before.count("| 50.0 (1) |") == 2
    monkeypatch.chdir(tmp_path / "configs/digits")
    words = ["reproduce", "class/naive.yaml", "--out", "../../docs/results.md"]
    assert main([*words, "--no_run", "--quiet"]) == 0
    assert page.read_text() == before


def test_a_page_never_loses_results_that_are_kept_for_it(tmp_path, capsys) -> None:
    for name in ("naive", "replay"):
        configure(tmp_path, name)
        keep(tmp_path, name)
    assert main(["reproduce", "--no_run", "--quiet"]) == 0
    before = (tmp_path / "docs/results.md").read_text()
    outside = tmp_path / "mine/other/class/naive.yaml"
    outside.parent.mkdir(parents=True)
    outside.write_text((tmp_path / "configs/digits/class/naive.yaml").read_text())
    for words in ([], ["--no_run"]):
        assert main(["reproduce", "mine", *words]) == 2
        error = capsys.readouterr().err
        assert "docs/results has results of digits/class/naive and 1 more, which the page" in error
    assert (tmp_path / "docs/results.md").read_text() == before
    assert main(["reproduce", "mine", "configs", "--no_run", "--quiet"]) == 0
    assert (tmp_path / "docs/results.md").read_text().count("| 50.0 (1) |") == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "3"], "unrecognized arguments: --seed; `avalanche reproduce --help`"),
        (["--seeds", "0"], "--seeds=0: expected 1 or more"),
        (["--data", "nowhere"], "--data=nowhere: there is no such folder; MNIST is looked for in"),
        (["nothing"], "nothing: there is no such file or folder"),
        (["--only", "ewc"], "--only=ewc: matches no configuration; there are digits/class/naive"),
    ],
    ids=["unknown", "seeds", "data", "path", "only"],
)
def test_wrong_use(tmp_path, capsys, words, message) -> None:
    configure(tmp_path)
    assert main(["reproduce", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("avalanche reproduce: ")
    assert message in error
    assert not (tmp_path / "docs").exists()


def test_missing_data_is_told_with_the_place_for_it(tmp_path, capsys) -> None:
    (tmp_path / "data").mkdir()
    configure(tmp_path, benchmark={"name": "SplitMNIST", "n_experiences": 5})
    assert main(["reproduce", "--data", "data", "--quiet"]) == 1
    assert "MNIST/raw" in capsys.readouterr().err


def test_a_wrong_option_of_a_configuration_fails_before_any_training(tmp_path, capsys) -> None:
    configure(tmp_path)
    configure(tmp_path, "wrong", strategy={"name": "Naive", "mem_size": 3})
    assert main(["reproduce"]) == 2
    assert "wrong.yaml: strategy.mem_size: 3: there is no such option" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_the_package_s_own(tmp_path, monkeypatch) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True,
                              capture_output=True, text=True)  # fmt: skip
        return done.stdout.strip()

    file = tmp_path / "site-packages/avalanche/__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text("")
    monkeypatch.setattr(avalanche, "__file__", str(file))
    assert commit_of_code() == avalanche.__version__
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "of another project")
    assert commit_of_code() == avalanche.__version__
    git("add", ".")
    git("commit", "-q", "-m", "of this one")
    assert commit_of_code() == git("rev-parse", "--short=9", "HEAD")
    file.write_text("changed = True")
    assert commit_of_code() == git("rev-parse", "--short=9", "HEAD") + "+"


def test_help(capsys) -> None:
    assert main(["reproduce", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--no_run" in text
    assert "<benchmark>/<scenario>/<method>.yaml" in text
