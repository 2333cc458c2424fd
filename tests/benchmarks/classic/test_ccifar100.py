"""Split CIFAR-100 and CIFAR-110 on files in the real format."""

import numpy as np
import pytest
import torch

from avalanche.benchmarks import SplitCIFAR100, SplitCIFAR110


@pytest.fixture
def root(tmp_path, write_cifar):
    write_cifar(tmp_path, 10)
    write_cifar(tmp_path, 100)
    return tmp_path


def test_split_cifar100(root):
    benchmark = SplitCIFAR100(20, seed=4, return_task_id=True, dataset_root=root)
    expected = torch.randperm(100, generator=torch.Generator().manual_seed(4)).tolist()
    assert benchmark.classes_order == expected
    assert [len(e.dataset) for e in benchmark.train_stream] == [10] * 20
    assert benchmark.train_stream[3].dataset.batch([0, 1])[0].shape == (2, 3, 32, 32)
    half = SplitCIFAR100(11, first_exp_with_half_classes=True, dataset_root=root)
    assert half.n_classes_per_exp == [50] + [5] * 10


def test_cifar110_has_the_class_order_of_avalanche_lib(root):
    benchmark = SplitCIFAR110(11, seed=3, dataset_root_cifar10=root, dataset_root_cifar100=root)
    recorded = [40, 85, 79, 26, 57, 87, 70, 90, 84, 18]  # from avalanche-lib 0.6.0, seed 3
    assert benchmark.classes_order[:20] == [*range(10), *recorded]
    assert benchmark.n_classes_per_exp == [10] * 11
    assert sorted(benchmark.classes_order) == list(range(110))
    assert [len(e.dataset) for e in benchmark.train_stream] == [100] + [20] * 10
    assert benchmark.train_stream[1].dataset.targets[:5] == [90, 90, 70, 70, 40]
    assert {t for e in benchmark.train_stream for t in e.task_labels} == {0}


def test_cifar110_shows_cifar10_and_then_cifar100(tmp_path, write_cifar):
    ten = write_cifar(tmp_path / "10", 10)[False][0]
    hundred = write_cifar(tmp_path / "100", 100)[False][0]
    benchmark = SplitCIFAR110(
        3,
        fixed_class_order=range(99, -1, -1),
        class_ids_from_zero_from_first_exp=True,
        eval_transform=np.asarray,
        dataset_root_cifar10=tmp_path / "10",
        dataset_root_cifar100=tmp_path / "100",
    )
    assert benchmark.n_classes_per_exp == [10, 50, 50]
    image, label, _ = benchmark.test_stream[0].dataset[2]
    assert np.array_equal(image, ten[1].reshape(3, 32, 32).transpose(1, 2, 0))
    assert label == 1
    data = benchmark.test_stream[1].dataset
    position = data.targets.val_to_idx[10][0]  # the first new class is class 99 of CIFAR-100
    assert np.array_equal(data[position][0], hundred[99].reshape(3, 32, 32).transpose(1, 2, 0))


def test_mistakes_are_named(root):
    folders = {"dataset_root_cifar10": root, "dataset_root_cifar100": root}
    with pytest.raises(ValueError, match="n_experiences=1: expected at least 2"):
        SplitCIFAR110(1, **folders)
    with pytest.raises(ValueError, match="expected labels of CIFAR-100, from 0 to 99"):
        SplitCIFAR110(11, fixed_class_order=range(1, 101), **folders)
    with pytest.raises(ValueError, match="100 classes"):
        SplitCIFAR110(8, **folders)


def test_making_them_leaves_the_random_state_alone(root):
    before = torch.get_rng_state()
    SplitCIFAR100(10, seed=1, dataset_root=root)
    SplitCIFAR110(11, seed=1, dataset_root_cifar10=root, dataset_root_cifar100=root)
    assert torch.equal(before, torch.get_rng_state())
