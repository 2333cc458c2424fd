"""Fashion-MNIST from its IDX files."""

import numpy as np
import pytest

from avalanche.benchmarks.datasets import fashion_mnist_tensors
from avalanche.benchmarks.datasets.fashion_mnist import FASHION_MNIST_CLASSES


@pytest.mark.parametrize("below", ["FashionMNIST/raw", "raw", ""])
def test_images_and_labels_are_those_written(tmp_path, write_idx_files, below):
    written = write_idx_files(tmp_path / below)
    for train, (pixels, labels) in written.items():
        images, found = fashion_mnist_tensors(train, tmp_path)
        assert np.array_equal(images[:, 0].numpy(), pixels)
        assert np.array_equal(found.numpy(), labels)


def test_files_of_mnist_are_not_taken_for_it(tmp_path, write_idx_files):
    write_idx_files(tmp_path / "MNIST" / "raw")
    with pytest.raises(FileNotFoundError, match="FashionMNIST files train-images-idx3-ubyte"):
        fashion_mnist_tensors(True, tmp_path)


def test_there_is_a_name_for_every_class():
    torchvision = pytest.importorskip("torchvision.datasets")
    assert list(FASHION_MNIST_CLASSES) == torchvision.FashionMNIST.classes
