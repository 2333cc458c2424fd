"""Names of earlier releases make today's datasets."""

import pytest
import torch
from torch.utils.data import TensorDataset
from torchvision.datasets import DatasetFolder as TorchFolder

from avalanche.benchmarks import utils as U


def tensors(n, classes):
    return TensorDataset(torch.arange(float(n)), torch.arange(n) % classes)


def test_older_classes_make_taskaware_datasets():
    part = U.AvalancheSubset(
        tensors(6, 3),
        [5, 0],
        class_mapping=[7, 8, 9],
        task_labels=2,
        dataset_type=U.AvalancheDatasetType.CLASSIFICATION,
    )
    assert part.targets == [9, 7]
    assert part[0][1:] == [9, 2]
    whole = U.AvalancheConcatDataset([tensors(2, 2), part], task_labels=[[0, 1], [5, 5]])
    assert (list(whole.targets), list(whole.targets_task_labels)) == ([0, 1, 9, 7], [0, 1, 5, 5])
    made = U.AvalancheTensorDataset(torch.zeros(2, 3), torch.tensor([1, 0]), targets=[4, 5])
    assert made.targets == [4, 5]
    assert isinstance(made, U.SupervisedClassificationDataset)
    assert U.as_supervised_dataset(made) is made
    assert U.make_classification_dataset(tensors(2, 2), task_labels=[3, 4])[1][2] == 4
    assert type(U.as_undefined_dataset(tensors(2, 2))) is U.AvalancheDataset


def test_labels_in_sequence():
    train, test, classes = U.concat_datasets_sequentially(
        [tensors(4, 2), tensors(6, 3)], [tensors(2, 2), tensors(3, 3)]
    )
    assert train.targets == [0, 1, 0, 1, 2, 3, 4, 2, 3, 4]
    assert test.batch(range(5))[1].tolist() == [0, 1, 2, 3, 4]
    assert classes == [[0, 1], [2, 3, 4]]
    with pytest.raises(ValueError, match="has 1 entries and test_dataset_list 0"):
        U.concat_datasets_sequentially([tensors(2, 2)], [])


def test_training_and_test_sets_share_their_transforms():
    train, test = U.train_eval_avalanche_datasets(
        tensors(2, 2), tensors(2, 2), lambda x: x + 10, lambda x: x - 10
    )
    assert [float(train[1][0]), float(test[1][0]), float(test.train()[1][0])] == [11, -9, 11]
    folder = TorchFolder.__new__(TorchFolder)
    folder.transform, folder.target_transform = abs, None
    assert U.train_eval_transforms(folder, tensors(1, 1)) == {
        "train": (abs, None),
        "eval": (None, None),
    }


def test_targets_of_other_kinds_are_targets_too():
    values = U.as_regression_dataset(TensorDataset(torch.zeros(3, 2), torch.tensor([0.5, -1, 2])))
    assert values.targets == [0.5, -1, 2]
    assert values.batch([2])[1].tolist() == [2.0]
    masks = U.as_segmentation_dataset(TensorDataset(torch.zeros(2, 1, 4, 4), torch.ones(2, 4, 4)))
    assert masks.batch([0, 1])[1].shape == (2, 4, 4)
