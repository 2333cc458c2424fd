"""Batches of samples that can't be stacked say what to do."""

import pytest
import torch
from PIL import Image
from torchvision.transforms import Compose, Resize, ToTensor

from avalanche.benchmarks.utils import AvalancheDataset, detection_collate_fn
from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader

MESSAGE = (
    r"shapes \(3, 5, 4\) and \(3, 7, 6\), which can't be stacked: add torchvision.transforms.Resize"
    r"\(\(height, width\)\) .* or pass a collate_fn"
)


def images():
    sizes = [(4, 5), (6, 7), (4, 5)]
    return [(Image.new("RGB", size), label) for label, size in enumerate(sizes)]


def with_transform(transform, **options):
    groups = {"train": transform, "eval": transform}
    return AvalancheDataset(images(), transform_groups=groups, **options)


@pytest.mark.parametrize("workers", [0, 1])
def test_images_of_different_sizes(workers):
    data = with_transform(ToTensor())
    with pytest.raises(ValueError, match=MESSAGE):
        next(iter(SingleDatasetDataLoader(data, 3, num_workers=workers)))
    with pytest.raises(ValueError, match=MESSAGE):
        data.batch([0, 1])
    arrays = [(torch.zeros(3, 5, 4).numpy(), 0), (torch.zeros(3, 7, 6).numpy(), 1)]
    with pytest.raises(ValueError, match=MESSAGE):
        AvalancheDataset(arrays).batch([0, 1])


def test_what_the_message_says_helps():
    assert data_shape(with_transform(Compose([Resize((8, 8)), ToTensor()]))) == (2, 3, 8, 8)
    kept, labels = with_transform(ToTensor(), collate_fn=detection_collate_fn).batch([0, 1])
    assert [tuple(image.shape) for image in kept] == [(3, 5, 4), (3, 7, 6)]
    assert labels.tolist() == [0, 1]


def data_shape(data):
    return tuple(data.batch([0, 1])[0].shape)
