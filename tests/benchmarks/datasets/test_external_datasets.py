"""Pairs of training and test data as torchvision's classes."""

import numpy as np
import pytest
import torch

from avalanche.benchmarks.datasets.external_datasets import (
    TensorMNIST,
    get_cifar10_dataset,
    get_cifar100_dataset,
    get_fmnist_dataset,
    get_mnist_dataset,
)
from avalanche.benchmarks.datasets.external_datasets.cifar import load_CIFAR100
from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.benchmarks.utils.sources import ColumnSource


def test_mnist_as_float_tensors(tmp_path, write_idx_files):
    written = write_idx_files(tmp_path / "MNIST" / "raw")
    train, test = get_mnist_dataset(tmp_path)
    assert (len(train), len(test)) == (40, 20)
    image, label = train[7]
    assert (image.shape, image.dtype, label) == ((1, 28, 28), torch.float32, 7)
    assert np.allclose(image[0].numpy() * 255, written[True][0][7], atol=1e-4)
    assert (train.data.dtype, train.targets.dtype) == (torch.uint8, torch.int64)
    changed = TensorMNIST(tmp_path, False, transform=torch.mean, target_transform=lambda y: -y)
    assert (changed[3][0].shape, changed[3][1]) == ((), -3)
    batch = AvalancheDataset(train).batch([7, 8])
    assert torch.equal(batch[0][0], image)


def test_fashion_mnist(tmp_path, write_idx_files):
    written = write_idx_files(tmp_path)
    train, test = get_fmnist_dataset(tmp_path)
    assert (len(train), len(test)) == (40, 20)
    image, label = test[4]
    assert np.array_equal(np.asarray(image), written[False][0][4])
    assert label == 4
    assert train.classes[0] == "T-shirt/top"


@pytest.mark.parametrize(
    ("n_classes", "get"), [(10, get_cifar10_dataset), (100, get_cifar100_dataset)]
)
def test_cifar(tmp_path, write_cifar, n_classes, get):
    written = write_cifar(tmp_path, n_classes)
    train, test = get(tmp_path)
    pixels, labels = written[True]
    assert np.array_equal(train.data, pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    assert train.targets == labels.tolist()
    assert len(test) == len(written[False][1])
    assert train.class_to_idx["class 3"] == 3
    image, label = train[5]
    assert np.array_equal(np.asarray(image), train.data[5])
    assert label == labels[5]


def test_cifar_is_read_as_a_batch(tmp_path, write_cifar):
    write_cifar(tmp_path, 10)
    data = AvalancheDataset(get_cifar10_dataset(tmp_path)[0])
    assert isinstance(data._view.parts[0].source, ColumnSource)


def test_one_part_of_cifar100_with_transforms(tmp_path, write_cifar):
    write_cifar(tmp_path, 100)
    data = load_CIFAR100(tmp_path, False, np.asarray, str)
    assert (data[1][0].shape, data[1][1]) == ((32, 32, 3), "1")
