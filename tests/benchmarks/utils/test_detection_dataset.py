"""Detection datasets: dictionaries as targets, lists of images as batches."""

import pytest
import torch

from avalanche.benchmarks.utils import (
    DetectionDataset,
    SupervisedDetectionDataset,
    TaskSet,
    concat_datasets,
    concat_detection_datasets,
    detection_subset,
    make_detection_dataset,
    view_from_state,
    view_state,
)
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader, TaskBalancedDataLoader
from avalanche.benchmarks.utils.transforms import MultiParamTransform


def target(i):
    return {"labels": torch.tensor([i % 3, 2]), "boxes": torch.full((2, 4), float(i))}


class Boxes:
    """Images of different sizes; counts how often samples are read."""

    def __init__(self, n, listed=False):
        self.n, self.reads = n, 0
        if listed:
            self.targets = [target(i) for i in range(n)]

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        self.reads += 1
        return torch.full((3, 4 + i, 5), float(i)), target(i)


class Mirror(MultiParamTransform):
    def __call__(self, image, boxes, *rest):
        return (image.flip(-1), {**boxes, "boxes": -boxes["boxes"]}, *rest)


def test_batches_keep_one_entry_per_image():
    data = make_detection_dataset(Boxes(5), task_labels=[0, 0, 1, 1, 1])
    assert isinstance(data, SupervisedDetectionDataset)
    images, targets, tasks = data.batch([4, 1])
    assert [tuple(i.shape) for i in images] == [(3, 8, 5), (3, 5, 5)]
    assert [t["boxes"][0, 0].item() for t in targets] == [4, 1]
    assert tasks.tolist() == [1, 0]
    assert data[2][2] == 1
    assert {t: len(d) for t, d in data.task_set.items()} == {0: 2, 1: 3}
    assert isinstance(data.task_set[1], DetectionDataset)
    assert data.task_pattern_indices == {0: [0, 1], 1: [2, 3, 4]}
    with pytest.raises(KeyError, match=r"task_label=7: expected one of \[0, 1\]"):
        TaskSet(data)[7]


def test_targets_are_read_once_and_only_if_asked_for():
    boxes = Boxes(4)
    data = make_detection_dataset(boxes)
    assert boxes.reads == 0
    assert [t["labels"][0].item() for t in data.subset([3, 1]).targets] == [0, 1]
    assert boxes.reads == 4
    assert len(data.targets) == 4
    assert boxes.reads == 4
    listed = Boxes(4, listed=True)
    assert len(make_detection_dataset(listed).targets) == 4
    assert listed.reads == 0


@pytest.mark.parametrize("listed", [False, True])
def test_classes_are_mapped_in_samples_and_targets(listed):
    data = detection_subset(Boxes(4, listed), [2, 3], class_mapping=[10, 11, 12], task_labels=5)
    assert [t["labels"].tolist() for t in data.targets] == [[12, 12], [10, 12]]
    assert data[1][1]["labels"].tolist() == [10, 12]
    assert data[1][2] == 5


def test_transforms_of_image_and_target_together():
    data = make_detection_dataset(
        Boxes(3), transform_groups={"train": Mirror(), "eval": None}, initial_transform_group="eval"
    )
    assert data.batch([1])[1][0]["boxes"][0, 0] == 1
    assert data.train().batch([1])[1][0]["boxes"][0, 0] == -1
    both = make_detection_dataset(
        Boxes(2, True), target_transform=lambda t: {**t, "seen": True}, transform=lambda x: x + 1
    )
    assert both[0][1]["seen"]
    assert both.targets[1]["seen"]
    assert float(both[0][0][0, 0, 0]) == 1


def test_concatenation_takes_labels_per_dataset_or_sample():
    one, two = Boxes(2), make_detection_dataset(Boxes(3), task_labels=4)
    assert list(concat_detection_datasets([one, two]).targets_task_labels) == [0, 0, 4, 4, 4]
    given = concat_detection_datasets([one, two], task_labels=[[1, 1], [2, 2, 2]])
    assert list(given.targets_task_labels) == [1, 1, 2, 2, 2]
    flat = concat_detection_datasets([one, two], task_labels=range(5))
    assert list(flat.targets_task_labels) == [0, 1, 2, 3, 4]
    joined = concat_datasets([flat, flat])
    assert type(joined) is SupervisedDetectionDataset
    assert len(joined.batch(range(10))[0]) == 10
    assert len(two + two) == 6


def test_loaders_give_lists_of_images():
    data = make_detection_dataset(Boxes(5), task_labels=[0, 0, 1, 1, 1])
    sizes = [(len(i), len(t)) for i, t, _ in TaskBalancedDataLoader(data, batch_size=2)]
    assert sizes == [(2, 2), (2, 2), (1, 1)]
    for images, targets, _ in ReplayDataLoader(data, data.subset([0]), batch_size=5):
        assert (len(images), len(targets)) == (6, 6)


def test_detection_data_travels_by_reference():
    listed = Boxes(4, listed=True)
    data = make_detection_dataset(listed, task_labels=3)
    state = view_state(data.subset([2, 0]))
    same = make_detection_dataset(Boxes(4, listed=True), task_labels=3)
    again = view_from_state(state, same.parts)
    assert type(again) is SupervisedDetectionDataset
    images, _, tasks = again.batch([0, 1])
    assert ([int(i[0, 0, 0]) for i in images], tasks.tolist()) == ([2, 0], [3, 3])
