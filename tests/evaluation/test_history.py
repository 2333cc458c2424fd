"""The history of values and its table."""

import io

import numpy as np
import pytest
import torch

from avalanche.evaluation.history import MetricHistory
from avalanche.evaluation.metric_results import AlternativeValues, LazyValue, MetricValue

LOSS = "Loss_MB/train_phase/train_stream"
EXP = "Loss_Exp/eval_phase/test_stream/Exp001"


def filled(keep_all=True, n=5):
    history = MetricHistory(keep_all)
    for step in range(n):
        value = MetricValue(None, LOSS, torch.tensor(step / 4), step)
        value.trained_experience = 0
        history.add(value)
        if step == 1:
            history.add(MetricValue(None, EXP, 7, step))
            history.add(MetricValue(None, "Matrix", torch.eye(2), step))
    return history


def test_last_and_all():
    history = filled()
    assert history.last()[LOSS] == 1.0
    assert history.all()[LOSS] == ([0, 1, 2, 3, 4], [0.0, 0.25, 0.5, 0.75, 1.0])
    assert history.all()[EXP] == ([1], [7])
    history.reset_last()
    assert history.last() == {}
    assert len(history.all()) == 3


def test_table_is_tidy_and_in_order_of_emission():
    table = filled().table()
    assert [(row["metric"], row["step"]) for row in table] == [
        ("Loss_MB", 0),
        ("Loss_MB", 1),
        ("Loss_Exp", 1),
        ("Loss_MB", 2),
        ("Loss_MB", 3),
        ("Loss_MB", 4),
    ]
    assert table[2] == {
        "step": 1,
        "trained_experience": None,
        "phase": "eval",
        "stream": "test",
        "experience": 1,
        "task": None,
        "metric": "Loss_Exp",
        "value": 7,
    }
    assert table[0]["trained_experience"] == 0


def test_without_keeping_all():
    history = filled(keep_all=False)
    assert history.last()[LOSS] == 1.0
    assert history.all() == {}


def test_values_on_the_device_do_not_pile_up():
    history = filled(n=5000)
    assert len(history._pending) < 1024
    assert history.all()[LOSS][1] == [step / 4 for step in range(5000)]


def test_state_round_trips_as_plain_values(tmp_path):
    history = filled()
    history.add(MetricValue(None, "Picture", AlternativeValues(LazyValue(lambda: 1 / 0)), 9))
    torch.save(history.state_dict(), tmp_path / "state.pt")
    twin = MetricHistory()
    twin.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert twin.table() == history.table()
    assert twin.last()[LOSS] == history.last()[LOSS]
    twin.add(MetricValue(None, LOSS, 9.0, 5))
    assert twin.table()[-1]["value"] == 9.0
    assert twin.all()[LOSS][0] == [0, 1, 2, 3, 4, 5]


def reloaded(history):
    file = io.BytesIO()
    torch.save(history.state_dict(), file)
    file.seek(0)
    twin = MetricHistory()
    twin.load_state_dict(torch.load(file, weights_only=True))
    return twin


def test_values_that_are_no_numbers_come_back_from_a_state():
    history = MetricHistory()
    counts = AlternativeValues(LazyValue(lambda: 1 / 0), {0: {1: 2}})
    history.add(MetricValue(None, "Counts", counts, 0))
    history.add(MetricValue(None, "Weights", b"abc", 0))
    history.add(MetricValue(None, "Parts", {"a": 0.5}, 0))
    twin = reloaded(history)
    assert twin.table() == history.table()
    for values in (twin.last(), {name: items[0] for name, (_, items) in twin.all().items()}):
        assert values["Counts"].best_supported_value(dict) == {0: {1: 2}}
        assert values["Weights"] == b"abc"
        assert values["Parts"] == {"a": 0.5}


def test_dictionaries_have_a_row_for_each_number():
    history = MetricHistory()
    parts = {"old": torch.tensor(0.5), "new": np.float32(0.25), "text": "words"}
    history.add(MetricValue(None, EXP, parts, 3))
    assert history._pending  # nothing was fetched from the device yet
    rows = [(row["metric"], row["experience"], row["value"]) for row in history.table()]
    assert rows == [("Loss_Exp/old", 1, 0.5), ("Loss_Exp/new", 1, 0.25)]


def test_positions_need_not_be_whole():
    history = MetricHistory()
    for step in (0, np.int64(1), 1.5, np.float32(2.5), torch.tensor(3)):
        history.add(MetricValue(None, "A", 1.0, step))
    history.add(MetricValue(None, "B", 1.0, 2))
    twin = reloaded(history)
    for one in (history, twin):
        assert one.all()["A"][0] == [0, 1, 1.5, 2.5, 3]
        assert [type(step) for step in one.all()["B"][0]] == [int]
        assert [row["step"] for row in one.table()] == [0, 1, 1.5, 2.5, 3, 2]


@pytest.mark.parametrize("step", [None, "3"])
def test_a_position_that_is_no_number_is_refused_before_anything_changes(step):
    history = filled()
    before = history.state_dict()
    with pytest.raises(TypeError, match=f"x_plot={step!r} of {LOSS}: expected a number"):
        history.add(MetricValue(None, LOSS, 1.0, step))
    assert str(history.state_dict()) == str(before)
