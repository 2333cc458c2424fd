"""mini-ImageNet from lists and a copy of ImageNet."""

import numpy as np
import pytest

from avalanche.benchmarks.datasets import MiniImageNetDataset

WNIDS = ["n00000003", "n00000001", "n00000002"]


def write_lists(folder):
    rows = {
        "train": ["n0000000300000002.jpg,n00000003", "n0000000300000003.jpg,n00000003"],
        "val": ["n0000000100000001.jpg,n00000001"],
        "test": ["n0000000200000003.jpg,n00000002"],
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
    assert (data.targets, data.wnids) == ([0, 0], ["n00000003"])
    image, label = data[0]
    assert (image.size, label) == ((84, 84), 0)
    assert abs(int(np.asarray(image)[0, 0, 0]) - 10) <= 2  # JPEG


def test_all_splits_together(root):
    data = MiniImageNetDataset(str(root / "train"), resize_to=(20, 30))
    assert data.targets == [0, 1, 2, 2]
    assert data.classes == sorted(WNIDS)
    assert data.class_to_idx == data.wnid_to_idx == {w: i for i, w in enumerate(sorted(WNIDS))}
    assert data[3][0].size == (30, 20)
    assert len(data) == 4
    assert MiniImageNetDataset.get_train_path(root) == root / "train"


def test_mistakes_are_named(root, tmp_path, monkeypatch, no_network):
    with pytest.raises(ValueError, match="split='trian'"):
        MiniImageNetDataset(root, "trian")
    with pytest.raises(FileNotFoundError, match=r"none'?: no such folder; expected a folder of Im"):
        MiniImageNetDataset(root / "none")
    (root / "test.csv").write_text("filename,label\nx.jpg,n1,n2\n")
    with pytest.raises(ValueError, match=r"test.csv: line 'x.jpg,n1,n2': expected a line such as"):
        MiniImageNetDataset(root, "test")
    (root / "test.csv").write_text("filename,label\n")
    with pytest.raises(ValueError, match=r"test.csv: no entries"):
        MiniImageNetDataset(root, "test")
    (root / "test.csv").write_text("n0000000200000004.jpg,n00000002\n")
    with pytest.raises(
        FileNotFoundError, match=r"3 images, expected at least 4 of class n00000002"
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
