"""mini-ImageNet from lists and a copy of ImageNet."""

import numpy as np
import pytest

from avalanche.benchmarks.datasets import MiniImageNetDataset

WNIDS = ["n04509417", "n02110341", "n01930112"]  # numbers 2, 0 and 1


def write_lists(folder):
    rows = {
        "train": ["n0450941700000002.jpg,n04509417", "n0450941700000003.jpg,n04509417"],
        "val": ["n0211034100000001.jpg,n02110341"],
        "test": ["n0193011200000003.jpg,n01930112"],
    }
    for split, lines in rows.items():
        (folder / f"{split}.csv").write_text("\n".join(["filename,label", *lines]) + "\n")


@pytest.fixture
def root(tmp_path, write_imagenet):
    write_imagenet(tmp_path, WNIDS)
    write_lists(tmp_path)
    return tmp_path


def test_images_are_chosen_by_position_among_the_sorted_numbers(root):
    data = MiniImageNetDataset(root, "train")
    names = [path.rpartition("_")[2] for path in data.image_paths]
    assert names == ["10.JPEG", "33.JPEG"]  # of 2, 10, 33
    assert data.targets == [2, 2]
    image, label = data[0]
    assert (image.size, label) == ((84, 84), 2)
    assert abs(int(np.asarray(image)[0, 0, 0]) - 10) <= 2  # JPEG


def test_all_splits_together(root):
    data = MiniImageNetDataset(str(root / "train"), resize_to=(20, 30))
    assert data.targets == [2, 2, 0, 1]  # as avalanche-lib 0.6 on the same files
    assert data.classes == data.wnids
    assert len(set(data.wnids)) == 100
    assert data.class_to_idx == data.wnid_to_idx
    assert [data.wnid_to_idx[wnid] for wnid in WNIDS] == [2, 0, 1]
    assert data[3][0].size == (30, 20)
    assert len(data) == 4
    assert MiniImageNetDataset.get_train_path(root) == root / "train"


def test_mistakes_are_named(root, tmp_path, monkeypatch, no_network):
    with pytest.raises(ValueError, match="split='trian'"):
        MiniImageNetDataset(root, "trian")
    with pytest.raises(FileNotFoundError, match=r"none'?: no such folder; expected a folder of Im"):
        MiniImageNetDataset(root / "none")
    (root / "test.csv").write_text("filename,label\nn0150000000000001.jpg,n01500000\n")
    with pytest.raises(
        ValueError, match=r"test.csv: line 'n0150000000000001.jpg,n01500000': expected a"
    ):
        MiniImageNetDataset(root, "test")
    (root / "test.csv").write_text("filename,label\n")
    with pytest.raises(ValueError, match=r"test.csv: no entries"):
        MiniImageNetDataset(root, "test")
    (root / "test.csv").write_text("n0193011200000004.jpg,n01930112\n")
    with pytest.raises(
        FileNotFoundError, match=r"3 images, expected at least 4 of class n01930112"
    ):
        MiniImageNetDataset(root, "test")
    (root / "test.csv").unlink()
    location = "avalanche.benchmarks.datasets.mini_imagenet.default_dataset_location"
    monkeypatch.setattr(location, lambda name: tmp_path / name)
    with pytest.raises(RuntimeError, match=r"list of the split 'test': test.csv can't be download"):
        MiniImageNetDataset(root, "test")
    (root / "train" / WNIDS[1] / "odd.JPEG").write_bytes(b"")
    with pytest.raises(ValueError, match=r"odd.JPEG: expected a name of ImageNet's training set"):
        MiniImageNetDataset(root, "val")
