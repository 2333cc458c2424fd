"""Names of earlier releases make today's datasets."""

import pickle
import traceback

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


def doubled(x):
    return 2 * x


def test_dataset_with_the_arguments_of_releases_up_to_0_2():
    pair = TensorDataset(torch.arange(6.0).view(3, 2), torch.tensor([4, 0, 4]))
    data = U.AvalancheDataset(
        pair, transform=doubled, task_labels=[1, 1, 2], dataset_type=U.AvalancheDatasetType(1)
    )
    x, y, t = data[2]
    assert (x.tolist(), int(y), t) == ([8.0, 10.0], 4, 2)
    x, y, t = data.batch([2, 0])
    assert (x.tolist(), y.tolist(), t.tolist()) == ([[8, 10], [0, 2]], [4, 4], [2, 1])
    assert list(data.targets) == [4, 0, 4]
    assert list(data.targets_task_labels) == [1, 1, 2]
    own = U.AvalancheDataset(pair, targets=[7, 8, 9], indices=[2, 1])
    assert list(own.targets) == [9, 8]
    assert list(own.targets_task_labels) == [0, 0]
    assert {task: len(data.task_set[task]) for task in data.task_set} == {1: 2, 2: 1}
    again = pickle.loads(pickle.dumps(data.subset([2])))
    assert again.task_set[2][0][2] == 2
    assert U.AvalancheDataset(pair, task_labels=1, targets_adapter=int).targets == [4, 0, 4]
    with pytest.raises(TypeError, match="targets_adapter: class labels are ints"):
        U.AvalancheDataset(pair, targets_adapter=float)


def test_groups_of_transforms_as_a_dictionary():
    pair = TensorDataset(torch.ones(2, 1), torch.tensor([0, 1]))
    groups = {"train": (doubled, None), "eval": (None, None)}
    for older in ({}, {"initial_transform_group": "eval", "task_labels": 3}):
        data = U.AvalancheDataset(pair, transform_groups=groups, **older)
        assert data.train()[0][0].tolist() == [2.0]
        assert data.eval()[0][0].tolist() == [1.0]
        assert data.current_group == older.get("initial_transform_group", "train")
    frozen = U.AvalancheDataset(pair, frozen_transform_groups=groups)
    assert frozen.remove_current_transform_group()[0][0].tolist() == [2.0]


def test_a_misspelt_argument_of_a_dataset_is_told_with_the_nearest():
    pair = TensorDataset(torch.ones(2, 1), torch.tensor([0, 1]))
    with pytest.raises(TypeError, match="'task_label'.*did you mean task_labels"):
        U.AvalancheDataset(pair, task_label=1)
    with pytest.raises(TypeError, match="'indizes'.*did you mean indices"):
        U.AvalancheDataset(pair, indizes=[1])


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("replace_transforms", r"use replace_current_transform_group\("),
        ("add_transforms", r"transform_groups=\{'train': "),
        ("add_transforms_to_group", r"transform_groups=\{'train': "),
        ("freeze_group_transforms", r"use freeze_transforms\(\)"),
        ("current_transform_group", "use current_group"),
    ],
)
def test_methods_of_earlier_releases_are_told_with_the_present_one(former, present):
    data = U.AvalancheDataset(tensors(2, 2))
    with pytest.raises(AttributeError, match=rf"no method '{former}' any more; .*{present}"):
        getattr(data, former)
    assert not hasattr(data, former)


def test_near_names_are_told_once():
    data = U.AvalancheDataset(tensors(2, 2))
    for wrong in ("replace_transforms", "subst"):
        try:
            getattr(data, wrong)
        except AttributeError as error:
            shown = "".join(traceback.format_exception(error))
        assert shown.lower().count("did you mean") == (wrong == "subst")
