"""From a fresh clone to a report on real data: the promises of the command line."""

import json
import re

import pytest

from avalanche.cli.main import main
from avalanche.core import SupervisedPlugin


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


@pytest.mark.slow
def test_the_demo_shows_who_forgets(tmp_path, capsys):
    """Three seeds on Split Digits, the command of ``make demo``."""
    words = ["compare", "--benchmark", "SplitDigits", "--seeds", "3"]
    words += ["--strategies", "Naive,LwF,EWC,Replay,JointTraining"]
    code = main([*words, "--out", str(tmp_path / "demo")])
    printed = capsys.readouterr().out
    assert code == 0
    final = {
        found["strategy"]: found["final_accuracy"]["mean"]
        for found in summary(tmp_path / "demo")["strategies"]
    }
    assert final["JointTraining"] > 0.93
    assert final["Replay"] > 0.80
    assert final["Naive"] < 0.25
    assert "upper bound" in printed
    written = {path.name for path in (tmp_path / "demo").rglob("*")}
    assert {"config.yaml", "metrics.csv", "summary.json", "report.html"} <= written
    for plot in ("accuracy", "experiences", "final", "matrices"):
        assert {f"{plot}.png", f"{plot}.svg"} <= written


def test_the_report_opens_without_a_network(tmp_path):
    out = tmp_path / "run"
    main(["run", "--strategy", "Naive", "--epochs", "1", "--seeds", "1", "--out", str(out)])
    page = (out / "report.html").read_text()
    addresses = set(re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(https?:[^"')\s>]+)""", page))
    assert not addresses
    assert "avalanche run --strategy Naive --epochs 1" in page


def test_ewc_on_real_mnist_and_the_same_again_from_its_configuration(real_mnist, tmp_path, capsys):
    words = ["run", "--benchmark", "SplitMNIST", "--benchmark.dataset_root", str(real_mnist)]
    words += ["--strategy", "EWC", "--strategy.ewc_lambda", "100", "--epochs", "1", "--seeds", "1"]
    assert main([*words, "--print_config"]) == 0
    config = tmp_path / "ewc.yaml"
    config.write_text(capsys.readouterr().out)
    assert main([*words, "--out", str(tmp_path / "flags")]) == 0
    assert main(["run", "--config", str(config), "--out", str(tmp_path / "yaml")]) == 0
    tables = [
        [
            row
            for row in (tmp_path / run / "metrics.csv").read_text().splitlines()
            if ",cost," not in row and "Time" not in row
        ]
        for run in ("flags", "yaml")
    ]
    assert tables[0] == tables[1]
    assert len(tables[0]) > 20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strategy", "Replai"], r"Replai.*Replay"),
        (["--strategy", "Replay", "--strategy.mem_sise", "3"], r"mem_sise.*mem_size"),
        (["--strategy", "Replay", "--strategy.mem_size", "-5"], r"mem_size.*-5.*0 or more"),
        (
            ["--benchmark", "SplitMNIST", "--benchmark.dataset_root", "nowhere"],
            r"dataset_root.*nowhere.*train-images-idx3-ubyte",
        ),
        (["--benchmark.n_experiences", "3"], r"n_experiences.*3"),
        (["--epochs", "five"], r"epochs.*five"),
        (["--benchmark", "SplitDigit"], r"SplitDigit.*SplitDigits"),
    ],
)
def test_wrong_input_is_one_line_with_the_remedy(words, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", *words, "--out", "out"]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(message, error)
    assert not (tmp_path / "out").exists()


def test_an_experience_out_of_range_names_the_stream_and_its_length():
    from avalanche.benchmarks.classic import SplitDigits

    with pytest.raises(IndexError, match=r"train_stream\[7\].*5 experiences"):
        SplitDigits().train_stream[7]


def test_a_plugin_with_a_misspelt_event_is_refused():
    import torch

    from avalanche.training import Naive

    class Typo(SupervisedPlugin):
        def before_trainning_exp(self, strategy, **kwargs):
            pass

    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="Typo.before_trainning_exp.*before_training_exp"):
        Naive(model, optimizer, plugins=[Typo()])
