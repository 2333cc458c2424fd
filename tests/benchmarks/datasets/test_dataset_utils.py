"""The place of data sets: nothing is written before somebody asks for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from avalanche.benchmarks.datasets.dataset_utils import (
    default_dataset_location,
    load_config_file,
    maybe_init_config_file,
    set_dataset_root,
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("AVALANCHE_DATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


def test_the_default_is_below_the_home_folder_and_is_not_created(home):
    assert default_dataset_location("mnist") == home / ".avalanche" / "data" / "mnist"
    assert list(home.iterdir()) == []


def test_a_root_is_remembered(home):
    set_dataset_root(home / "elsewhere")
    assert default_dataset_location("mnist") == home / "elsewhere" / "mnist"
    config = json.loads((home / ".avalanche" / "config.json").read_text())
    assert config == {"dataset_location": str(home / "elsewhere")}


def test_other_settings_stay(home):
    (home / ".avalanche").mkdir()
    (home / ".avalanche" / "config.json").write_text('{"other": 1}')
    set_dataset_root("/data")
    assert load_config_file() == {"dataset_location": "/data", "other": 1}


def test_the_environment_goes_first(home, monkeypatch):
    set_dataset_root(home / "elsewhere")
    with monkeypatch.context() as context:
        context.setenv("AVALANCHE_DATA", str(home / "env"))
        assert default_dataset_location("mnist") == home / "env" / "mnist"


def test_the_file_is_written_with_defaults_when_asked_for(home):
    maybe_init_config_file()
    assert load_config_file() == {"dataset_location": str(home / ".avalanche" / "data")}
    (home / ".avalanche" / "config.json").write_text('{"dataset_location": "/kept"}')
    maybe_init_config_file()
    assert load_config_file() == {"dataset_location": "/kept"}


@pytest.mark.parametrize("content", ["{", "[]", '{"dataset_location": 3}'])
def test_a_damaged_file_is_named(home, content):
    (home / ".avalanche").mkdir()
    (home / ".avalanche" / "config.json").write_text(content)
    with pytest.raises(ValueError, match=r"config.json: .*mend or delete the file"):
        default_dataset_location("mnist")


def test_importing_loads_and_writes_nothing(tmp_path):
    code = (
        "import sys, avalanche.benchmarks.datasets\n"
        "loaded = [m for m in ('torchvision', 'sklearn', 'pyarrow', 'PIL') if m in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path), "PATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=120)
    assert not (tmp_path / ".avalanche").exists()
