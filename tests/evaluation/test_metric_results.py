"""Values: lazy conversion, alternatives, tidy rows."""

import numpy as np
import pytest
import torch

from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    LoggingType,
    MetricValue,
    TensorImage,
    plain_value,
)

NAME = "Top1_Acc_Exp/eval_phase/test_stream/Task001/Exp002"


def test_scalars_are_converted_when_read():
    value = MetricValue(None, NAME, torch.tensor(0.5), 7)
    assert value.pending
    assert value.value == 0.5
    assert isinstance(value.value, float)
    assert not value.pending


def test_parts_of_the_name():
    value = MetricValue("me", NAME, 0.5, 7)
    parts = (value.metric, value.phase, value.stream, value.task, value.experience)
    assert parts == ("Top1_Acc_Exp", "eval", "test", 1, 2)
    assert (value.origin, value.x_plot, value.logging_type) == ("me", 7, LoggingType.ANY)
    assert repr(value) == f"MetricValue({NAME!r}, 0.5, x_plot=7)"


def test_values_over_a_stream_belong_to_no_task():
    value = MetricValue(
        None, "Loss_Stream/eval_phase/test_stream/Task001", 1.0, 0, covers_stream=True
    )
    assert value.name.endswith("/Task001")
    assert value.task is None


def test_tidy_row():
    value = MetricValue(None, f"{NAME}/4", torch.tensor(3), 7)
    value.trained_experience = 2
    assert value.tidy() == [
        {
            "step": 7,
            "trained_experience": 2,
            "phase": "eval",
            "stream": "test",
            "experience": 2,
            "task": 1,
            "metric": "Top1_Acc_Exp/4",
            "value": 3,
        }
    ]
    assert MetricValue(None, NAME, torch.eye(2), 7).tidy() == []
    assert MetricValue(None, NAME, True, 7).tidy() == []


def test_many_are_converted_together():
    raw = [torch.tensor(1.5), 2.0, torch.tensor(3), torch.eye(2), torch.tensor(2.5)]
    values = [MetricValue(None, NAME, item, 0) for item in raw]
    MetricValue.resolve(values)
    assert not any(value.pending for value in values)
    assert [values[i].value for i in (0, 1, 2, 4)] == [1.5, 2.0, 3, 2.5]
    assert isinstance(values[2].value, int)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.array([2.5]), 2.5),
        (torch.tensor([[4]]), 4),
        (torch.tensor([0.25], requires_grad=True), 0.25),
    ],
    ids=["float32", "int64", "array", "tensor", "gradient"],
)
def test_numbers_of_any_kind_become_those_of_python(raw, number):
    value = MetricValue(None, "A", raw, 0)
    assert value.value == number
    assert type(value.value) is type(number)
    assert [row["value"] for row in value.tidy()] == [number]
    parts = MetricValue(None, "A", {"x": raw, "y": "text"}, 0)
    assert type(parts.value["x"]) is type(number)
    assert [(row["metric"], row["value"]) for row in parts.tidy()] == [("A/x", number)]


def test_scalars_of_a_dictionary_wait_and_are_converted_together():
    mine = {"a": torch.tensor(0.5), "b": 2.0, "c": torch.eye(2)}
    value = MetricValue(None, "A", mine, 0)
    assert value.pending
    MetricValue.resolve([value, MetricValue(None, "B", torch.tensor(1.0), 0)])
    assert not value.pending
    assert value.value["a"] == 0.5
    assert isinstance(value.value["a"], float)
    assert torch.is_tensor(mine["a"])  # the metric's own dictionary is left alone


def test_alternatives_in_their_order():
    values = AlternativeValues("text", torch.eye(2), 3.0)
    assert values.best_supported_value(float) == 3.0
    assert values.best_supported_value(float, str) == "text"
    assert values.best_supported_value(dict) is None


def test_pictures_are_drawn_once_and_only_for_who_shows_pictures():
    drawn = []
    picture = TensorImage(torch.zeros(3, 2, 2))
    values = AlternativeValues(LazyValue(lambda: drawn.append(1) or picture), 3.0)
    assert values.best_supported_value(float, torch.Tensor) == 3.0
    assert drawn == []
    assert values.best_supported_value(float, TensorImage) is picture
    assert values.best_supported_value(TensorImage) is picture
    assert drawn == [1]


def test_tensor_image_is_an_array():
    assert np.asarray(TensorImage(torch.ones(3, 2, 2))).shape == (3, 2, 2)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        ({1: 2.0, "a": [1, object()]}, {1: 2.0, "a": [1, None]}),
        (AlternativeValues(LazyValue(lambda: 1 / 0), 3.0), (3.0,)),
        (AlternativeValues(LazyValue(lambda: 1 / 0), {0: {1: 2}}), ({0: {1: 2}},)),
        (AlternativeValues(object(), "words"), ("words",)),
        (AlternativeValues(object()), None),
        (b"bytes", b"bytes"),
        (object(), None),
    ],
)
def test_plain_values(value, kept):
    assert plain_value(value) == kept


def test_plain_arrays_become_tensors():
    assert torch.equal(plain_value(np.arange(3)), torch.arange(3))
