"""Penn-Fudan in its real layout."""

import numpy as np
import pytest
import torch
from PIL import Image

from avalanche.benchmarks.datasets import PennFudanDataset


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "PennFudanPed"
    for name in ("PNGImages", "PedMasks"):
        (folder / name).mkdir(parents=True)
    for number in range(3):
        pixels = np.full((20, 30, 3), number, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "PNGImages" / f"FudanPed0000{number}.png")
        mask = np.zeros((20, 30), dtype=np.uint8)
        mask[2:6, 3:9] = 1
        mask[10:15, 20:28] = 2
        Image.fromarray(mask).save(folder / "PedMasks" / f"FudanPed0000{number}_mask.png")
    return tmp_path


def test_targets_come_from_the_masks(root):
    for place in (root, root / "PennFudanPed"):
        data = PennFudanDataset(place, download=False)
        image, target = data[1]
        assert (len(data), image.size, image.mode) == (3, (30, 20), "RGB")
        assert target["boxes"].tolist() == [[3, 2, 8, 5], [20, 10, 27, 14]]
        assert target["boxes"].dtype == torch.float32
        assert target["labels"].tolist() == [1, 1]
        assert target["area"].tolist() == [15, 28]
        assert target["iscrowd"].tolist() == [0, 0]
        assert target["image_id"].tolist() == [1]
        assert target["masks"].dtype == torch.uint8
        assert target["masks"].sum((1, 2)).tolist() == [24, 40]
        assert target["masks"][1, 10, 20] == 1


def test_targets_are_made_once_and_transforms_get_both(root):
    data = PennFudanDataset(root, transform=lambda x, y: (x.size, sorted(y)), download=False)
    assert data.targets is data.targets
    assert len(data.targets) == 3
    assert data[0] == (
        (30, 20),
        ["area", "boxes", "image_id", "iscrowd", "labels", "masks"],
    )


def test_mistakes_are_named(root, no_network):
    with pytest.raises(FileNotFoundError, match="PennFudanDataset is not there; pass download"):
        PennFudanDataset(root / "none", download=False)
    with pytest.raises(RuntimeError, match=r"PennFudanPed.zip can't be downloaded"):
        PennFudanDataset(root / "none")
    empty = root / "PennFudanPed" / "PedMasks" / "FudanPed00000_mask.png"
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(empty)
    with pytest.raises(ValueError, match=r"FudanPed00000_mask.png: nobody in the mask"):
        PennFudanDataset(root, download=False).make_targets(0)
    empty.unlink()
    with pytest.raises(ValueError, match=r"masks \['FudanPed00000_mask.png'\] are missing"):
        PennFudanDataset(root, download=False)
