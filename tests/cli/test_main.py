import os
import re
import subprocess
import sys

import pytest

import avalanche
from avalanche.cli.main import main


def test_advice_names_only_arguments_that_are_options(capsys) -> None:
    assert main(["run", "--benchmark.n_experiences", "3", "--device", "cpu"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("choose one of [1, 2, 5, 10]")


@pytest.mark.parametrize("words", [["list", "metrics"], ["--help"]], ids=["list", "help"])
def test_a_reader_that_goes_away_ends_it_without_a_word(words) -> None:
    code = f"from avalanche.cli.main import main; raise SystemExit(main({words!r}))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE,
                          text=True, check=False)  # fmt: skip
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"avalanche {avalanche.__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help(words: list[str], capsys) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    for command in ("run", "compare", "list", "report"):
        assert f"avalanche {command}" in text


def test_help_of_commands(capsys) -> None:
    for command in ("run", "compare", "list", "report"):
        assert main([command, "--help"]) == 0
        assert f"usage: avalanche {command}" in capsys.readouterr().out


def test_import_is_light() -> None:
    code = (
        "import sys, avalanche.cli.main as m; m.main(['--help']);"
        "heavy = {'torch', 'matplotlib', 'rich', 'jsonargparse', 'numpy'} & set(sys.modules);"
        "raise SystemExit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rum"], "rum: there is no such command; did you mean run?"),
        (["list"], "list: expected one kind of thing"),
        (["list", "model"], "model: not a kind of thing; did you mean models?"),
        (["report"], "expected at least one folder"),
        (["report", "no/such"], "no/such: there is no such folder"),
        (["report", "x", "--format", "pdf"], "--format: there is no such option"),
        (["run", "--strategy", "Reply"], "did you mean Replay?"),
        (["run", "--strategy", "Replay", "--strategy.mem_sise", "3"], "--strategy.mem_size"),
        (["run", "--strategy", "Replay", "--strategy.mem_size", "-3"], "--strategy.mem_size=-3"),
        (["compare", "--strategies", "Replay", "--Replay.mem_size", "-3"], "--Replay.mem_size=-3"),
        (["run", "--epochs", "five"], "--epochs=five"),
        (["run", "--config", "no/such.yaml"], "no/such.yaml: cannot be read"),
        (["run", "--optimizer.lr", "-1"], "--optimizer SGD: "),
        (
            ["run", "--benchmark", "SplitMNIST", "--benchmark.dataset_root", "no/such/data"],
            "no/such/data",
        ),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    words: list[str], message: str, capsys, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("avalanche")
    assert message in lines[0]
    assert not list(tmp_path.iterdir()), "nothing is written before everything is known to be right"


def test_other_failures_are_one_line_and_exit_code_1(capsys, monkeypatch, tiny, tmp_path) -> None:
    from avalanche.training.supervised import Naive

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk\nis full")

    monkeypatch.setattr(Naive, "train", broken)
    words = ["run", *tiny, "--out", str(tmp_path / "x"), "--quiet"]
    assert main(words) == 1
    message = capsys.readouterr().err
    assert message == "avalanche run: RuntimeError: the disk is full (--debug shows where)\n"
    with pytest.raises(RuntimeError, match="the disk"):
        main([*words, "--overwrite", "--debug"])


@pytest.mark.parametrize("kind", ["benchmarks", "strategies", "plugins", "metrics", "models"])
def test_list(kind: str, capsys) -> None:
    assert main(["list", kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(re.match(r"\w+ {2,}\w", line) for line in lines)


def test_an_output_that_cannot_write_every_letter_does_not_end_a_run(tmp_path) -> None:
    command = ["run", "--epochs", "1", "--seeds", "2", "--out", str(tmp_path / "x")]
    done = subprocess.run(
        [sys.executable, "-m", "avalanche.cli.main", *command],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"Naive" in done.stdout
