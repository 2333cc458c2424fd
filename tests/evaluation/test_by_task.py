"""Sums per task against numpy."""

import numpy as np
import pytest
import torch

from avalanche.evaluation.metrics import (
    AverageMeanClassAccuracy,
    ClassAccuracy,
    LabelsRepartition,
)
from avalanche.evaluation.metrics.by_task import (
    ByTask,
    TaskSums,
    split_task_and_class,
    task_and_class,
)
from avalanche.evaluation.metrics.rmse import RMSE


@pytest.mark.parametrize("size", [1, 5, 300])
def test_means_equal_numpy_however_batches_are_cut(size):
    rng = np.random.default_rng(0)
    tasks, values = rng.integers(0, 4, 300), rng.normal(size=300)
    sums = TaskSums()
    for start in range(0, 300, size):
        cut = slice(start, start + size)
        sums.add(torch.tensor(tasks[cut]), torch.tensor(values[cut]))
    assert len(sums._pending) < 64
    assert sums.means() == pytest.approx({t: values[tasks == t].mean() for t in range(4)})


def test_state_reset_and_a_single_label():
    sums, twin = TaskSums(), TaskSums()
    sums.add(2, torch.tensor([1.0, 0.0]))
    sums.add(torch.tensor(3), torch.tensor([1.0]))
    twin.load_state_dict(sums.state_dict())
    assert twin.means() == sums.means() == {2: 0.5, 3: 1.0}
    sums.reset(2)
    assert sums.means() == {3: 1.0}
    assert twin.means() == {2: 0.5, 3: 1.0}


@pytest.mark.parametrize("size", [1, 7, 300])
def test_a_metric_for_every_task(size):
    rng = np.random.default_rng(0)
    tasks, true, found = rng.integers(0, 4, 300), rng.normal(size=300), rng.normal(size=300)
    metric = ByTask(RMSE)
    for start in range(0, 300, size):
        cut = slice(start, start + size)
        metric.update(*(torch.tensor(column[cut]) for column in (found, true, tasks)))
    assert len(metric._pending) < 64
    errors = (true - found) ** 2
    expected = {t: np.sqrt(errors[tasks == t].mean()) for t in range(4)}
    assert metric.result() == pytest.approx(expected)
    assert metric.result(2) == pytest.approx({2: expected[2]})
    assert metric.result(9) == {9: 0.0}
    twin = ByTask(RMSE)
    twin.load_state_dict(metric.state_dict())
    metric.reset(2)
    assert [*metric.result()] == [0, 1, 3]
    assert twin.result() == pytest.approx(expected)


def test_labels_of_another_length_are_refused():
    with pytest.raises(ValueError, match="task_labels of shape .2,.: expected one label for each"):
        ByTask(RMSE).update(torch.zeros(3), torch.zeros(3), torch.zeros(2))


@pytest.mark.parametrize("task", [0, 7, 2**20])
def test_pairs_of_task_and_class(task):
    pairs = task_and_class(task, torch.tensor([0, 3, 2**20]))
    assert [split_task_and_class(p) for p in pairs.tolist()] == [(task, c) for c in (0, 3, 2**20)]
    assert task_and_class(torch.tensor([task] * 3), torch.tensor([0, 3, 2**20])).equal(pairs)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int8, torch.int16, torch.int32], ids=["u8", "i8", "i16", "i32"]
)
def test_small_types_of_task_labels_keep_tasks_apart(dtype):
    tasks, true, found = np.array([0, 1, 2, 2]), np.array([1, 1, 0, 3]), np.array([1, 0, 0, 1])
    labels, classes = torch.tensor(tasks, dtype=dtype), torch.tensor(true, dtype=dtype)
    pairs = set(zip(tasks.tolist(), true.tolist(), strict=True))
    chosen = {pair: (tasks == pair[0]) & (true == pair[1]) for pair in pairs}

    accuracy = ClassAccuracy()
    accuracy.update(torch.tensor(found), classes, labels)
    for (task, label), rows in chosen.items():
        assert accuracy.result()[task][label] == (found[rows] == label).mean()
    counts = LabelsRepartition()
    counts.update(labels, classes)
    assert {(t, c): n for t, of in counts.result().items() for c, n in of.items()} == {
        pair: rows.sum() for pair, rows in chosen.items()
    }
    amca = AverageMeanClassAccuracy()
    amca.update(torch.tensor(found), classes, labels)
    assert amca.result() == {0: 1.0, 1: 0.0, 2: 0.5}


@pytest.mark.parametrize("task", [0, 3], ids=str)
@pytest.mark.parametrize("label", [-1, -100], ids=str)
def test_a_negative_class_is_refused_by_name(task, label):
    classes = torch.tensor([0, label])
    metric, counts = ClassAccuracy(), LabelsRepartition()
    metric.update(torch.tensor([0, 0]), classes, task)
    counts.update(task, classes)
    for read in (metric.result, counts.result):
        with pytest.raises(ValueError, match=f"class {label}: expected classes of 0 or more"):
            read()
