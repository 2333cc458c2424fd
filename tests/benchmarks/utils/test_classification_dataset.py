"""Finding targets, task labels, and the functions that make labelled datasets."""

import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    TupleTransform,
    _make_taskaware_classification_dataset,
    _make_taskaware_tensor_classification_dataset,
    _taskaware_classification_subset,
    as_avalanche_dataset,
    as_classification_dataset,
    as_taskaware_classification_dataset,
    find_common_transforms_group,
    make_avalanche_dataset,
    tensor_as_list,
)


class Pairs(Dataset):
    """Samples with no list of labels."""

    def __init__(self, n):
        self.n = n
        self.reads = 0

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.reads += 1
        return torch.full((2,), float(index)), index % 3


class Labelled(Pairs):
    def __init__(self, n):
        super().__init__(n)
        self.targets = [i % 3 for i in range(n)]


@pytest.mark.parametrize("kind", [Pairs, Labelled])
def test_targets_are_found_in_any_dataset(kind):
    dataset = kind(6)
    data = as_classification_dataset(dataset)
    assert data.targets == [0, 1, 2, 0, 1, 2]
    assert dataset.reads == (6 if kind is Pairs else 0)
    mixed = ConcatDataset([dataset, TensorDataset(torch.zeros(2, 2), torch.tensor([7, 8]))])
    assert as_classification_dataset(Subset(mixed, [7, 1, 6])).targets == [8, 1, 7]


def test_task_labels_are_one_for_all_or_one_for_each():
    tensors = TensorDataset(torch.zeros(3, 2), torch.tensor([1, 2, 0]))
    assert as_taskaware_classification_dataset(tensors).targets_task_labels == [0, 0, 0]
    data = _make_taskaware_classification_dataset(tensors, task_labels=4)
    assert data[1][1:] == [2, 4]
    assert as_taskaware_classification_dataset(data) is data
    kept = _make_taskaware_classification_dataset(data)
    assert kept.targets_task_labels == [4, 4, 4]
    each = _make_taskaware_classification_dataset(tensors, task_labels=[1, 0, 1])
    assert each.task_pattern_indices == {0: [1], 1: [0, 2]}
    assert each.task_set[1].targets == [1, 0]
    assert (list(each.task_set), len(each.task_set)) == ([0, 1], 2)
    with pytest.raises(KeyError, match=r"task_label=9: expected one of \[0, 1\]"):
        each.task_set[9]


def test_transforms_of_input_and_target():
    data = _make_taskaware_tensor_classification_dataset(
        torch.arange(3.0),
        torch.tensor([0, 1, 2]),
        transform=lambda x: x + 1,
        target_transform=lambda y: 10 * y,
    )
    assert data[2] == [torch.tensor(3.0), 20, 0]
    assert data.targets == [0, 10, 20]
    assert data.batch([1, 2])[1].tolist() == [10, 20]
    together = AvalancheDataset(data, transform_groups=None).replace_current_transform_group(
        TupleTransform([None, lambda y: -y])
    )
    assert together.batch([1])[1].tolist() == [-1]
    with pytest.raises(ValueError, match="expected one kind"):
        _make_taskaware_classification_dataset(data, transform=abs, transform_groups={})


def test_subsets_can_have_other_labels():
    data = _make_taskaware_tensor_classification_dataset(
        torch.arange(4.0), torch.tensor([0, 1, 2, 1]), task_labels=[0, 0, 1, 1]
    )
    part = _taskaware_classification_subset(data, [3, 0], class_mapping=[5, 6, 7])
    assert (part[0][1:], part[1][1:]) == ([6, 1], [5, 0])
    assert part.targets == [6, 5]
    assert part.batch([1, 0])[1].tolist() == [5, 6]
    changed = part.replace_current_transform_group(lambda x: x * 100)
    assert changed.batch([0])[0].tolist() == [300.0]
    assert changed.targets == [6, 5]


def test_given_targets_win_and_must_fit():
    tensors = TensorDataset(torch.zeros(2, 2), torch.tensor([0, 1]))
    assert _make_taskaware_classification_dataset(tensors, targets=[5, 6]).targets == [5, 6]
    with pytest.raises(ValueError, match="'targets' has 3 values, the dataset has 2"):
        _make_taskaware_classification_dataset(tensors, targets=[5, 6, 7])
    with pytest.raises(ValueError, match="'targets_task_labels' has 1 values"):
        _make_taskaware_classification_dataset(tensors, task_labels=[1])


def test_data_without_targets_says_what_to_add():
    class Singles(Pairs):
        def __getitem__(self, index):
            return torch.zeros(2)

    with pytest.raises(ValueError, match="Singles has no 'targets'.*give the dataset a 'targets'"):
        as_classification_dataset(Singles(2))
    with pytest.raises(ValueError, match="one tensor per sample and no target"):
        as_classification_dataset(TensorDataset(torch.zeros(2)))


def test_small_helpers():
    data = as_avalanche_dataset(TensorDataset(torch.zeros(2), torch.zeros(2)))
    assert as_avalanche_dataset(data) is data
    assert len(make_avalanche_dataset(data)) == 2
    assert find_common_transforms_group([data, data.eval()], "other") == "other"
    assert find_common_transforms_group(data.eval()) == "eval"
    assert tensor_as_list(torch.tensor([1, 2])) == tensor_as_list([1, 2]) == [1, 2]
