"""Folders of images are torchvision's, and their labels are found without reading an image."""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import PILToTensor

from avalanche.benchmarks.utils import (
    DatasetFolder,
    ImageFolder,
    as_taskaware_classification_dataset,
)


def test_a_folder_per_class(tmp_path):
    for name, value in (("cat", 10), ("dog", 20)):
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.fromarray(np.full((3, 4, 3), value + i, np.uint8)).save(
                tmp_path / name / f"{i}.png"
            )
    data = as_taskaware_classification_dataset(ImageFolder(str(tmp_path), PILToTensor()))
    assert data.targets == [0, 0, 1, 1]
    x, y, _ = data.batch([3, 0])
    assert (x[:, 0, 0, 0].tolist(), y.tolist()) == ([21, 10], [1, 0])
    mapped = ImageFolder(str(tmp_path), target_transform=lambda y: y + 5)
    assert as_taskaware_classification_dataset(mapped).targets == [5, 5, 6, 6]
    files = DatasetFolder(str(tmp_path), loader=len, extensions=(".png",))
    assert len(files) == 4
    with pytest.raises(FileNotFoundError, match="nothing"):
        ImageFolder(str(tmp_path / "nothing"))
