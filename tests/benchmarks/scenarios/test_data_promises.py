"""`perf/data.py --check`: which findings break a promise."""

import importlib.util
import sys
from pathlib import Path

import pytest

PERF = Path(__file__).parents[3] / "perf"


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("psutil", reason="the measurements need psutil")
    sys.path.insert(0, str(PERF))
    try:
        spec = importlib.util.spec_from_file_location("perf_data", PERF / "data.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(PERF))
    return module


def answers(**changed):
    found = {
        ("split", "ours"): {"seconds": 1.0},
        ("split", "peer"): {"seconds": 20.0},
        ("online", "ours"): {"seconds": 1.0, "last/first": 1.0},
        ("online", "peer"): {"seconds": 5.0},
        ("steps", "ours"): {"seconds": 1.0, "last/first": 1.0, "grown MB": 0.0},
        ("batch", "ours"): {"seconds": 1.1},
        ("batch", "hand"): {"seconds": 1.0},
    }
    for key, values in changed.items():
        found[tuple(key.split("_"))].update(values)
    return {key: [value] for key, value in found.items()}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"split_peer": {"seconds": 14.0}}, ["split: peer / ours is 14.00, expected at least 15"]),
        (
            {"online_ours": {"last/first": 2.0}},
            ["online: last/first is 2.00, expected at most 1.5"],
        ),
        ({"steps_ours": {"grown MB": 9.0}}, ["steps: grown MB is 9.00, expected at most 1"]),
        ({"batch_ours": {"seconds": 1.5}}, ["batch: ours / hand is 1.50, expected at most 1.2"]),
        (
            {"batch_ours": {"seconds": float("nan")}},
            ["batch: ours / hand is nan, expected at most 1.2"],
        ),
    ],
)
def test_promises(script, changed, expected):
    assert script.broken(answers(**changed), list(script.TITLES), False) == expected


def test_what_was_not_measured_is_not_met(script):
    found = answers()
    del found["split", "peer"], found["online", "peer"]
    lines = script.broken(found, list(script.TITLES), False)
    assert [line.split(", ")[0] for line in lines] == [
        "split: peer / ours was not measured",
        "online: peer / ours was not measured",
    ]
    assert script.broken(found, list(script.TITLES), True) == []
    assert script.broken(found, ["steps"], False) == []
