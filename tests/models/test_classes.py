"""What modules that grow read of an experience."""

from types import SimpleNamespace

import pytest
import torch

from avalanche.benchmarks import benchmark_from_datasets, with_task_labels
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.models import MultiHeadClassifier
from avalanche.models.classes import classes_by_task


def two_tasks():
    """One data set with classes 0 and 1 in task 0, classes 2 and 3 in task 1, in turns."""
    y = torch.arange(12) % 4
    return tensor_set(torch.randn(12, 5), y, task_labels=(y // 2).tolist())


def experience():
    return with_task_labels(benchmark_from_datasets(train=[two_tasks()])).train_stream[0]


SOURCES = {
    "data": two_tasks,
    "experience": experience,
    "bare": lambda: SimpleNamespace(dataset=two_tasks(), task_labels=[0, 1]),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_task_has_its_own_classes(source):
    assert classes_by_task(source()) == {0: [0, 1], 1: [2, 3]}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_heads_have_the_units_of_their_own_task(source):
    head = MultiHeadClassifier(5)
    head.adaptation(source())
    units = {int(task): sorted(own) for task, own in head.active_units.items()}
    assert units == {0: [0, 1], 1: [2, 3]}
