import re
from pathlib import Path

import pytest
import yaml

from avalanche.cli.configs import Config, find_configs, select
from avalanche.cli.errors import UsageError
from avalanche.cli.options import parse

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "configs").glob("*/*/*.yaml"))
TEXT = """\
reference: {title: Naive, setting: tiny}
benchmark: {name: SplitMNIST, n_experiences: 5, dataset_root: somewhere}
strategy: Naive
epochs: 2
seed: 4
device: cpu
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("a/class/ewc", "a/class/naive", "a/task/ewc", "b/class/si"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT)
    return tmp_path


def names(configs) -> list[str]:
    return [config.name for config in configs]


def test_settings_are_what_decides_the_numbers(folder) -> None:
    config = Config.read(folder / "a/class/ewc.yaml")
    assert config.settings == {
        "benchmark": {"name": "SplitMNIST", "n_experiences": 5},
        "strategy": "Naive",
        "epochs": 2,
    }
    assert (config.name, config.seeds, config.first_seed) == ("a/class/ewc", 3, 4)


def test_a_page_has_all_configurations_beside_those_meant(folder) -> None:
    meant, page = find_configs([folder / "a/task"])
    assert names(meant) == ["a/task/ewc"]
    assert names(page) == ["a/class/ewc", "a/class/naive", "a/task/ewc", "b/class/si"]
    meant, _ = find_configs([folder / "b/class/si.yaml", folder / "b"])
    assert names(meant) == ["b/class/si"]


@pytest.mark.parametrize("path", ["task/ewc.yaml", "task", ".", "../a/task/ewc.yaml"])
def test_a_page_is_the_same_from_wherever_it_is_asked_for(folder, path, monkeypatch) -> None:
    monkeypatch.chdir(folder / "a")
    meant, page = find_configs([Path(path)])
    assert "a/task/ewc" in names(meant)
    assert names(page) == ["a/class/ewc", "a/class/naive", "a/task/ewc", "b/class/si"]
    assert {config.place for config in meant} <= {f"{folder.name}/{c.name}.yaml" for c in page}
    shown = {str(config.path) for config in page}
    assert {"task/ewc.yaml", str(folder / "b/class/si.yaml")} <= shown


def test_other_yaml_files_beside_those_meant_are_left_alone(folder) -> None:
    (folder / "a/class/notes.yaml").write_text("epochs: 3\n")
    _, page = find_configs([folder / "a/task"])
    assert names(page) == ["a/class/ewc", "a/class/naive", "a/task/ewc", "b/class/si"]


def test_two_configurations_of_one_name_are_refused(folder) -> None:
    path = folder / "more/a/class/ewc.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    with pytest.raises(UsageError, match=r"has the name a/class/ewc, as .* has, and results are"):
        find_configs([folder / "a", folder / "more"])


def test_select(folder) -> None:
    configs, _ = find_configs([folder])
    assert select(configs, "") == configs
    assert names(select(configs, "naive, b/*")) == ["a/class/naive", "b/class/si"]
    assert names(select(configs, "ewc")) == ["a/class/ewc", "a/task/ewc"]
    with pytest.raises(UsageError, match=r"--only=lwf: matches no configuration; there are a/cl"):
        select(configs, "ewc,lwf")
    with pytest.raises(UsageError, match=r"--only=,: expected names or parts of names; there are"):
        select(configs, ",")


def test_errors_of_paths_and_files(folder) -> None:
    with pytest.raises(UsageError, match="none: there is no such file or folder; give a conf"):
        find_configs([folder / "none"])
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty: no configuration \(\*\.yaml\) in there"):
        find_configs([folder / "empty"])
    path = folder / "a/class/ewc.yaml"
    path.write_text("epochs: 3\n")
    with pytest.raises(UsageError, match=r"ewc\.yaml: has no section reference, so there is"):
        find_configs([path])
    path.write_text(TEXT + "seeds: many\n")
    with pytest.raises(UsageError, match=r"ewc\.yaml: seeds: many: expected a whole number"):
        find_configs([path])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: "-".join(p.with_suffix("").parts[-3:]))
def test_the_configurations_of_the_repository_are_right(path) -> None:
    request = parse("run", ["--config", str(path)])
    assert not isinstance(request, str)
    assert request.seeds >= 3
    content = yaml.safe_load(path.read_text())
    assert "dataset_root" not in content["benchmark"]
    reference = Config.read(path).reference
    for text in (reference.title, reference.setting, reference.source, reference.note):
        assert not re.search(r"\w- (?!and|or|to)", text), "a word that a line of YAML broke"
