import json
import math
import statistics

import pytest

from avalanche.report.rows import Row
from avalanche.report.summary import MeanSd, as_json, best_learner, summarize


def test_mean_and_sd_are_those_of_the_statistics_module() -> None:
    values = (0.2, 0.5, 0.9)
    assert MeanSd(values).mean == pytest.approx(statistics.mean(values))
    assert MeanSd(values).sd == pytest.approx(statistics.stdev(values))


@pytest.mark.parametrize(
    ("values", "text"),
    [((0.123, 0.125), "12.4 ± 0.1"), ((0.5,), "50.0"), ((math.nan,), "-"), ((), "-")],
)
def test_text(values: tuple[float, ...], text: str) -> None:
    assert MeanSd(values).text(1, scale=100) == text


def test_summary_of_each_strategy(make_rows) -> None:
    naive, replay, joint = summarize(make_rows())
    assert [s.name for s in (naive, replay, joint)] == ["Naive", "Replay", "JointTraining"]
    assert naive.seeds == (0, 1)
    assert joint.upper_bound
    assert not replay.upper_bound
    assert naive.forgetting.mean > 0.8 > 0.2 > replay.forgetting.mean
    assert math.isnan(joint.forgetting.mean)
    assert best_learner([naive, replay, joint]) is replay
    assert best_learner([naive, joint]) is None, "nobody to be better than"


def test_costs_add_up_over_experiences(make_rows) -> None:
    naive = summarize(make_rows(("Naive",)))[0]
    assert naive.train_seconds.values == (0.5 + 1.0 + 1.5,) * 2
    # Samples divided by seconds over the whole run: (500 + 2000 + 4500) / 3.
    assert naive.samples_per_second.mean == pytest.approx(7000 / 3)
    assert naive.peak_memory_mib.mean == 403.0
    assert naive.parameters.mean == 1210.0


def test_json_has_no_nan(make_rows) -> None:
    text = json.dumps([as_json(s) for s in summarize(make_rows())], allow_nan=False)
    joint = json.loads(text)[2]
    assert joint["forgetting"] == {"mean": None, "sd": None, "per_seed": [None, None]}
    assert len(joint["final_accuracy"]["per_seed"]) == 2


def test_a_strategy_without_accuracy_is_summarised_all_the_same() -> None:
    summary = summarize([Row("Naive", 0, 1, 1, "cost", "", None, None, "TrainSeconds", 2.0)])[0]
    assert math.isnan(summary.final_accuracy.mean)
    assert best_learner([summary]) is None
