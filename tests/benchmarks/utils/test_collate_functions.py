"""Collating samples that can't be stacked, and joining batches."""

import pytest
import torch

from avalanche.benchmarks.utils import (
    classification_collate_mbatches_fn,
    classification_single_values_collate_mbatches_fn,
    detection_collate_fn,
    detection_collate_mbatches_fn,
)
from avalanche.benchmarks.utils.collate_functions import classification_single_values_collate_fn


def detections(*sizes):
    return [
        (torch.full((3, n, 2), float(n)), {"labels": torch.arange(n), "boxes": torch.ones(n, 4)}, n)
        for n in sizes
    ]


def test_batches_of_columns_are_joined_in_order():
    batches = [
        [torch.zeros(2, 3), torch.tensor([1, 2]), torch.tensor([0, 0])],
        [torch.ones(1, 3), torch.tensor([3]), torch.tensor([1])],
    ]
    x, y, t = classification_collate_mbatches_fn(batches)
    assert x.sum(1).tolist() == [0, 0, 3]
    assert (y.tolist(), t.tolist()) == ([1, 2, 3], [0, 0, 1])
    joined = classification_single_values_collate_mbatches_fn([b[1] for b in batches], 1)
    assert joined.tolist() == [1, 2, 3]
    assert classification_single_values_collate_fn([4, 5], 1).tolist() == [4, 5]


def test_detection_samples_stay_one_entry_each():
    images, targets, tasks = detection_collate_fn(detections(2, 3))
    assert [tuple(i.shape) for i in images] == [(3, 2, 2), (3, 3, 2)]
    assert [len(t["boxes"]) for t in targets] == [2, 3]
    assert (tasks.dtype, tasks.tolist()) == (torch.int64, [2, 3])
    joined = detection_collate_mbatches_fn(
        [detection_collate_fn(detections(2, 3)), detection_collate_fn(detections(1))]
    )
    assert [len(i[0]) for i in joined[0]] == [2, 3, 1]
    assert [len(t["labels"]) for t in joined[1]] == [2, 3, 1]
    assert joined[2].tolist() == [2, 3, 1]


def test_batches_of_different_forms_are_refused():
    with pytest.raises(ValueError, match=r"2 entries with \[1, 2\] elements: expected at least"):
        classification_collate_mbatches_fn([[torch.zeros(1)], [torch.zeros(1), torch.zeros(1)]])
    with pytest.raises(ValueError, match=r"0 entries"):
        detection_collate_fn([])
