import sys
from types import SimpleNamespace

import pytest
import torch
from release_files import write_image, write_json

from avalanche.benchmarks.datasets.lvis_dataset import LvisDataset, LVISDetectionTargets


class Annotations:
    """The part of the interface of ``lvis.LVIS`` that is used, over two images."""

    images = {  # noqa: RUF012
        7: {"id": 7, "coco_url": "http://images.cocodataset.org/train2017/a.jpg"},
        3: {"id": 3, "coco_url": "http://images.cocodataset.org/val2017/b.jpg"},
    }
    objects = {  # noqa: RUF012
        1: {"image_id": 7, "bbox": [1.0, 2.0, 3.0, 4.0], "category_id": 12, "area": 10.0},
        2: {"image_id": 7, "bbox": [0.0, 0.0, 5.0, 1.0], "category_id": 1200, "area": 5.0},
    }

    def __init__(self, path=None):
        self.path = path

    def get_img_ids(self):
        return list(self.images)

    def load_imgs(self, ids):
        return [self.images[i] for i in ids]

    def get_ann_ids(self, img_ids):
        return [i for i, o in self.objects.items() if o["image_id"] in img_ids]

    def load_anns(self, ids):
        return [self.objects[i] for i in ids]


@pytest.fixture
def root(tmp_path):
    write_image(tmp_path / "train2017" / "a.jpg", 1)
    write_image(tmp_path / "val2017" / "b.jpg", 2)
    write_json(tmp_path / "lvis_v1_train.json", {})
    return tmp_path


def test_images_and_objects(root):
    data = LvisDataset(root, lvis_api=Annotations(), download=False)
    assert data.img_ids == [3, 7]
    image, targets = data[1]
    assert image.getpixel((0, 0))[0] == 1
    assert targets["boxes"].tolist() == [[1, 2, 4, 6], [0, 0, 5, 1]]
    assert targets["labels"].tolist() == [12, 1200]
    assert targets["image_id"].tolist() == [7]
    assert targets["area"].tolist() == [10, 5]
    assert targets["iscrowd"].tolist() == [0, 0]
    assert data[0][1]["boxes"].shape == (0, 4)


def test_some_images_and_a_transform(root):
    data = LvisDataset(
        root,
        lvis_api=Annotations(),
        img_ids=[7],
        transform=lambda image, targets: (image.size, targets["labels"] + 1),
    )
    size, labels = data[0]
    assert (len(data), size, labels.tolist()) == (1, (8, 8), [13, 1201])


def test_targets_are_a_sequence():
    targets = LVISDetectionTargets(Annotations(), [7, 3])
    assert [t["labels"].numel() for t in targets] == [2, 0]
    assert isinstance(targets[1:], LVISDetectionTargets)
    assert targets[1:][0]["labels"].dtype == torch.int64


def test_annotations_are_read_with_the_package(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "lvis", SimpleNamespace(LVIS=Annotations))
    data = LvisDataset(root, download=False)
    assert data.lvis_api.path == str(root / "lvis_v1_train.json")


def test_errors(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "lvis", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install avalanche-lib\[detection\]"):
        LvisDataset(root, download=False)
    with pytest.raises(FileNotFoundError, match=r"lvis_v1_val\.json: no such file.*unpack http"):
        LvisDataset(root, train=False, download=False)
    (root / "train2017" / "a.jpg").unlink()
    data = LvisDataset(root, lvis_api=Annotations())
    with pytest.raises(FileNotFoundError, match=r"a\.jpg: no such image.*train2017\.zip"):
        data[1]
