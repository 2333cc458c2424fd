"""Split ImageNet on class folders."""

import shutil

import pytest
import torch

from avalanche.benchmarks import SplitImageNet

WNIDS = [f"n0{i}" for i in (4, 1, 3, 2, 5, 6)]


@pytest.fixture
def root(tmp_path, write_imagenet):
    write_imagenet(tmp_path, WNIDS)
    return tmp_path


def test_classes_are_dealt_out(root):
    benchmark = SplitImageNet(root, n_experiences=3)
    expected = torch.randperm(6, generator=torch.Generator().manual_seed(0)).tolist()
    assert benchmark.classes_order == expected
    assert [len(e.dataset) for e in benchmark.train_stream] == [6, 6, 6]
    assert [len(e.dataset) for e in benchmark.test_stream] == [2, 2, 2]
    assert benchmark.train_stream[1].dataset.batch([0, 5])[0].shape == (2, 3, 224, 224)


def test_experiences_of_different_sizes(root):
    benchmark = SplitImageNet(
        str(root), n_experiences=3, per_exp_classes={0: 4}, return_task_id=True, shuffle=False
    )
    assert benchmark.n_classes_per_exp == [4, 1, 1]
    assert [e.task_label for e in benchmark.train_stream] == [0, 1, 2]


def test_training_and_validation_classes_must_agree(root):
    shutil.rmtree(root / "val" / "n03")
    with pytest.raises(ValueError, match=r"6 classes in train, 5 in val.*\['n03'\]"):
        SplitImageNet(root, n_experiences=3)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="can't be downloaded for you"):
        SplitImageNet(tmp_path)
