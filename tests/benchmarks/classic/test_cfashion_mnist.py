"""Split Fashion-MNIST on files in the real format."""

import numpy as np
import pytest
import torch
from torchvision import transforms as T

from avalanche.benchmarks import SplitFMNIST


@pytest.fixture
def root(tmp_path, write_idx_files):
    write_idx_files(tmp_path / "FashionMNIST" / "raw")
    return tmp_path


def test_samples_are_the_normalised_images(root, write_idx_files, tmp_path):
    written = write_idx_files(tmp_path / "again")
    benchmark = SplitFMNIST(5, seed=1, dataset_root=root)
    assert benchmark.classes_order == [5, 6, 1, 2, 0, 8, 9, 3, 7, 4]  # as avalanche-lib 0.6
    data = benchmark.test_stream[0].dataset
    assert data.targets == [5, 5, 6, 6]
    reference = T.Compose([T.ToTensor(), T.Normalize((0.286,), (0.353,))])
    expected = reference(written[False][0][5][:, :, None])
    image, label, task = data[0]
    assert torch.allclose(image, expected)
    assert (label, task) == (5, 0)
    assert torch.equal(data.batch([0, 2])[0][0], image)


def test_half_of_the_classes_first(root):
    benchmark = SplitFMNIST(
        6, first_batch_with_half_classes=True, return_task_id=True, shuffle=False, dataset_root=root
    )
    assert benchmark.n_classes_per_exp == [5, 1, 1, 1, 1, 1]
    assert [e.task_label for e in benchmark.train_stream] == list(range(6))


def test_options_reach_the_split(root):
    benchmark = SplitFMNIST(
        2,
        fixed_class_order=[9, 3, 5, 0],
        class_ids_from_zero_in_each_exp=True,
        train_transform=T.Compose([T.RandomCrop(28), T.ToTensor()]),
        eval_transform=None,
        dataset_root=str(root),
    )
    assert benchmark.classes_order_original_ids == [9, 3, 5, 0]
    assert benchmark.classes_order == [0, 1, 0, 1]
    assert float(benchmark.train_stream[0].dataset[0][0].min()) >= 0
    assert np.asarray(benchmark.test_stream[0].dataset[0][0]).shape == (28, 28)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="FashionMNIST files"):
        SplitFMNIST(5, dataset_root=tmp_path)
