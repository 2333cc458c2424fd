import json

import pytest

from avalanche.cli.errors import UsageError
from avalanche.cli.record import Record, SeedResult


def result(accuracy: float, commit: str = "abc") -> SeedResult:
    return SeedResult(accuracy, accuracy, [accuracy], 2.0, 1.0, commit, "today", {"torch": "2"})


def test_what_is_saved_comes_back(tmp_path) -> None:
    record = Record({"epochs": 2, "strategy": {"alpha": [1, 2]}}, {11: result(0.7), 2: result(0.5)})
    record.save(tmp_path / "a/b.json")
    again = Record.load(tmp_path / "a/b.json")
    assert again is not None
    assert again == record
    assert again.values("average_accuracy").values == (0.5, 0.7)  # in order of the seeds
    assert Record.load(tmp_path / "none.json") is None


def test_other_settings_do_not_fit(tmp_path) -> None:
    record = Record({"epochs": 2, "optimizer": {"lr": 0.1}})
    assert record.fits({"optimizer": {"lr": 0.1}, "epochs": 2})
    assert not record.fits({"optimizer": {"lr": 0.2}, "epochs": 2})
    assert not record.fits({"optimizer": {"lr": 0.1}, "epochs": 2, "batch_size": 3})


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"settings": {}, "seeds": {"0": {}}})])
def test_another_file_is_refused(tmp_path, content) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"x\.json: no results of a configuration .*delete it"):
        Record.load(path)
