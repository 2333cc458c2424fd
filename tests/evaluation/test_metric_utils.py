"""Names at a moment of a run."""

from types import SimpleNamespace as Namespace

import pytest
from fake_loop import make_stream

from avalanche.evaluation.metric_utils import (
    bytes2human,
    get_metric_name,
    phase_and_task,
    stream_type,
)


def at(task_labels=(0,), training=False, position=2):
    experience = make_stream("test", 3)[position]
    experience.task_labels = list(task_labels)
    return Namespace(is_training=training, experience=experience)


def test_phase_and_task():
    assert phase_and_task(at([4])) == ("eval", 4)
    assert phase_and_task(at([4], training=True)) == ("train", 4)
    assert phase_and_task(at([0, 1])) == ("eval", None)
    bare = at()
    del bare.experience.task_labels
    assert phase_and_task(bare) == ("eval", None)


def test_stream_type():
    assert stream_type(at().experience) == "test"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "M/eval_phase/test_stream/Task000"),
        ({"add_experience": True}, "M/eval_phase/test_stream/Task000/Exp002"),
        ({"add_task": False}, "M/eval_phase/test_stream"),
        ({"add_task": 1}, "M/eval_phase/test_stream/Task001"),
        ({"add_task": 0, "add_experience": True}, "M/eval_phase/test_stream/Task000/Exp002"),
    ],
)
def test_get_metric_name(options, expected):
    assert get_metric_name("M", at(), **options) == expected


def test_no_task_part_where_there_is_not_exactly_one():
    assert get_metric_name("M", at([0, 1])) == "M/eval_phase/test_stream"


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0.0B"), (1023, "1023.0B"), (10_000, "9.8K"), (2**40, "1.0T"), (2**90, "1024.0Y")],
)
def test_bytes2human(n, text):
    assert bytes2human(n) == text
