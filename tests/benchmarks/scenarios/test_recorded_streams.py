"""Streams of 20 random configurations equal those recorded from avalanche-lib 0.6.0."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks

FIXTURE = Path(__file__).parents[1] / "fixtures" / "streams.json"
RECORDED = json.loads(FIXTURE.read_text())["cases"]


def data(n, n_classes, first):
    numbers = torch.arange(n)
    return TensorDataset((numbers + first).float(), (numbers * 7 + numbers // 13) % n_classes)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: json.dumps(r["case"]["options"]))
def test_streams_equal_the_recorded_ones(recorded):
    case, expected = recorded["case"], dict(recorded["expected"])
    options = dict(case["options"])
    if "per_exp_classes" in options:
        options["per_exp_classes"] = {int(k): v for k, v in options["per_exp_classes"].items()}
    n_train, n_test, n_classes = case["data"]
    before = torch.get_rng_state()
    benchmark = getattr(benchmarks, case["builder"])(
        data(n_train, n_classes, 0), data(n_test, n_classes, 1000), **options
    )
    assert torch.equal(before, torch.get_rng_state())
    for name, experiences in expected.pop("streams").items():
        stream = benchmark.streams[name]
        assert len(stream) == len(experiences)
        for experience, known in zip(stream, experiences, strict=True):
            assert sorted(experience.classes_in_this_experience) == known["classes"]
            assert experience.task_labels == known["task_labels"]
            assert [[int(x), y, t] for x, y, t in experience.dataset] == known["samples"]
    for name, value in expected.items():
        assert getattr(benchmark, name) == value, name


def test_twenty_configurations_cover_both_builders_and_their_options():
    assert len(RECORDED) == 20
    names = {name for r in RECORDED for name in r["case"]["options"]}
    assert names >= {
        "balance_experiences",
        "class_ids_from_zero_from_first_exp",
        "class_ids_from_zero_in_each_exp",
        "fixed_class_order",
        "per_exp_classes",
        "seed",
        "shuffle",
        "task_labels",
    }
