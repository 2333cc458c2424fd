"""Collected results, reduced by hand and read back."""

import json
from types import SimpleNamespace as Namespace

import numpy as np
import pytest
import torch

from avalanche.evaluation.collector import MetricCollector

ROWS = [[0.5, 1.0], [0.7, 0.9]]


class Stream(list):
    name = "test"


@pytest.fixture
def stream():
    """Two experiences, of 10 and 30 samples."""
    return Stream([Namespace(dataset=range(10)), Namespace(dataset=range(30))])


@pytest.fixture
def collector(stream):
    collector = MetricCollector()
    for row in ROWS:
        collector.update({"acc": row, "loss": torch.tensor(row)}, stream=stream)
        collector.update({"seconds": sum(row)})
    return collector


@pytest.mark.parametrize(
    ("time_reduce", "exp_reduce", "weights", "expected"),
    [
        (None, None, None, ROWS),
        ("last", None, None, [0.7, 0.9]),
        ("mean", None, None, [0.6, 0.95]),
        (None, "experience_mean", None, [0.75, 0.8]),
        (None, "sample_mean", None, [0.875, 0.85]),
        (None, "weighted_sum", [0.3, 0.7], [0.85, 0.84]),
        ("last", "sample_mean", None, 0.85),
        ("mean", "sample_mean", None, 0.8625),
        ("mean", "weighted_sum", [0.3, 0.7], 0.845),
    ],
)
def test_reductions_as_in_0_6(collector, stream, time_reduce, exp_reduce, weights, expected):
    found = collector.get(
        "acc", time_reduce=time_reduce, exp_reduce=exp_reduce, stream=stream, weights=weights
    )
    np.testing.assert_allclose(found, expected)


def test_without_a_stream(collector):
    np.testing.assert_allclose(collector.get("seconds"), [1.5, 1.6])
    assert collector.get("seconds", time_reduce="mean") == pytest.approx(1.55)


def test_dictionaries(collector):
    saved = collector.get_dict()
    assert saved.keys() == {"test/acc", "test/loss", "seconds"}
    assert saved["test/acc"] == ROWS
    saved["test/acc"].clear()
    assert collector.get_dict()["test/acc"] == ROWS
    other = MetricCollector()
    other.load_dict(collector.get_dict())
    assert other.get_dict() == collector.get_dict()


def test_json_is_written_and_only_read(collector, tmp_path):
    path = tmp_path / "results.json"
    collector.update({"matrix": np.eye(2), "nested": {"a": (torch.tensor(3),)}})
    collector.to_json(path)
    text = path.read_text()
    for _ in range(2):
        other = MetricCollector()
        other.load_json(path)
        assert other.get_dict() == collector.get_dict()
        assert path.read_text() == text
    assert json.loads(text)["nested"] == [{"a": [3]}]


def test_an_error_leaves_the_file_alone(collector, tmp_path):
    path = tmp_path / "results.json"
    collector.to_json(path)
    text = path.read_text()
    collector.update({"bad": object()})
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        collector.to_json(path)
    assert path.read_text() == text


@pytest.mark.parametrize("value", [[0.1], [0.1, 0.2, 0.3], 0.5])
def test_one_value_per_experience(collector, stream, value):
    before = collector.get_dict()
    with pytest.raises(ValueError, match="test/bad: . values; the stream has 2 experiences"):
        collector.update({"acc": ROWS[0], "bad": value}, stream=stream)
    assert collector.get_dict() == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "acc"}, KeyError, "no such metric.*Values of a stream need stream="),
        ({"name": "secnds"}, KeyError, "did you mean seconds"),
        ({"name": "seconds", "time_reduce": "max"}, ValueError, "time_reduce='max': expected"),
        ({"name": "seconds", "exp_reduce": "sum"}, ValueError, "exp_reduce='sum': expected"),
        ({"name": "seconds", "weights": [1]}, ValueError, "weights=.*and only then"),
        ({"name": "test/acc", "exp_reduce": "weighted_sum"}, ValueError, "weights=None"),
        (
            {"name": "test/acc", "exp_reduce": "weighted_sum", "weights": [1]},
            ValueError,
            "expected one for each of the 2 experiences",
        ),
        ({"name": "test/acc", "exp_reduce": "sample_mean"}, ValueError, "needs stream="),
        (
            {"name": "seconds", "exp_reduce": "experience_mean"},
            ValueError,
            r"expected \(times, experiences\)",
        ),
    ],
)
def test_wrong_use(collector, arguments, error, message):
    with pytest.raises(error, match=message):
        collector.get(**arguments)
