import subprocess
import sys

import pytest

from avalanche.cli.errors import UsageError
from avalanche.cli.lock import only_writer
from avalanche.cli.main import main

fcntl = pytest.importorskip("fcntl", reason="the system has no such locks")

HOLD = """\
import sys, time
from pathlib import Path
from avalanche.cli.lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_writer_at_a_time(tmp_path) -> None:
    folder = tmp_path / "new"
    with only_writer(folder):
        with (
            pytest.raises(UsageError, match="new: another process is writing there; wait for"),
            only_writer(folder),
        ):
            pass
        with only_writer(tmp_path / "other"):
            pass
    assert not list(folder.iterdir())
    with only_writer(folder):
        pass


def test_the_death_of_a_process_lets_others_write(tmp_path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another process"), only_writer(tmp_path):
            pass
        process.kill()
    with only_writer(tmp_path):
        pass


def test_a_lock_that_its_owner_takes_away_is_no_lock(tmp_path, monkeypatch) -> None:
    path, real, calls = tmp_path / ".lock", fcntl.flock, []

    def late(handle: int, operation: int) -> None:
        if not calls:
            path.unlink()
        calls.append(operation)
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with only_writer(tmp_path):
        monkeypatch.undo()
        with pytest.raises(UsageError, match="another process"), only_writer(tmp_path):
            pass
    assert len(calls) == 2


@pytest.mark.parametrize("missing", ["module", "disk"])
def test_without_locks_nobody_is_kept_out(missing, tmp_path, monkeypatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError("no locks available")

    if missing == "module":
        monkeypatch.setitem(sys.modules, "fcntl", None)
    else:
        monkeypatch.setattr(fcntl, "flock", refuse)
    with only_writer(tmp_path), only_writer(tmp_path):
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["--resume", "--overwrite", "new"])
def test_a_run_that_is_still_running_is_left_alone(how, tiny, tmp_path, capsys) -> None:
    words = ["run", *tiny, "--out", str(tmp_path), "--quiet"]
    with only_writer(tmp_path):
        assert main([*words, *([] if how == "new" else [how])]) == 2
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert "another process is writing there" in capsys.readouterr().err
