import pytest
import torch
from release_files import write_clear, write_clear_public

from avalanche.benchmarks.datasets import CLEARDataset
from avalanche.benchmarks.datasets.clear import _CLEARFeature, _CLEARImage


def test_both_halves_of_a_release(tmp_path):
    write_clear(tmp_path)
    data = CLEARDataset(tmp_path, download=False)
    assert data.buckets == ["1", "2", "10"]
    assert data.class_names == ["BACKGROUND", "bus"]
    assert [len(bucket) for bucket in data.samples] == [6, 6, 6]  # 2 + 1 per class
    assert data.targets == [0, 0, 1, 1, 0, 1] * 3
    image, label = data[14]
    assert (image.getpixel((0, 0))[0], label) == (10, 1)


@pytest.mark.parametrize(("split", "size"), [("train", 4), ("test", 2), ("all", 6)])
def test_one_half(tmp_path, split, size):
    write_clear(tmp_path)
    data = _CLEARImage(tmp_path, "clear10", split=split, seed=0, transform=lambda i: i.size)
    assert [len(bucket) for bucket in data.bucket_data()] == [size] * 3
    assert data[0] == ((8, 8), 0)
    features = _CLEARFeature(tmp_path, "clear10", split=split, seed=0, feature_type="imagenet")
    x, y = features.bucket_data()[1]
    assert x.shape == (size, 3)
    assert y.tolist() == [label for _, label in data.bucket_data()[1]]
    assert x[:, 0].tolist() == y.tolist()
    assert torch.equal(features[size][0], x[0])


def test_split_of_a_single_folder(tmp_path):
    write_clear_public(tmp_path)
    name = "clear10_neurips2021"
    every = CLEARDataset(tmp_path, data_name=name, download=False)
    assert every.targets == [0, 0, 0, 1, 1, 1] * 2
    train = _CLEARImage(tmp_path, name, split="train", seed=3)
    test = _CLEARImage(tmp_path, name, split="test", seed=3)
    for whole, *parts in zip(every.samples, train.samples, test.samples, strict=True):
        assert sorted(parts[0] + parts[1]) == sorted(whole)
    features = _CLEARFeature(tmp_path, name, split="test", seed=3, feature_type="moco_b0")
    for (x, y), samples in zip(features.bucket_data(), test.samples, strict=True):
        assert y.tolist() == [label for _, label in samples]
        numbers = [int(path.split("/")[-1].split(".")[0]) for path, _ in samples]
        assert x[:, 1].tolist() == numbers


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="data_name='clear': expected one of clear10, clear100"):
        CLEARDataset(tmp_path, data_name="clear")
    with pytest.raises(ValueError, match="split='valid': expected one of all, train, test"):
        _CLEARImage(tmp_path, split="valid")
    with pytest.raises(ValueError, match="seed=None: split='train' needs one of"):
        _CLEARImage(tmp_path, split="train")
    write_clear(tmp_path)
    with pytest.raises(ValueError, match="feature_type='vgg': expected one of moco_b0"):
        _CLEARFeature(tmp_path, feature_type="vgg")


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"labeled_metadata\.json: no such file.*clear10-tr"
    ):
        CLEARDataset(tmp_path, download=False)
    write_clear(tmp_path)
    (tmp_path / "train" / "class_names.txt").write_text("BACKGROUND\nbus\ncar")
    with pytest.raises(ValueError, match=r"bucket '1' has the classes.*expected 'car'"):
        CLEARDataset(tmp_path, download=False)
    (tmp_path / "train" / "labeled_metadata.json").write_text("{")
    with pytest.raises(ValueError, match=r"labeled_metadata\.json: damaged"):
        CLEARDataset(tmp_path, download=False)


def test_features_must_fit_the_images(tmp_path):
    write_clear_public(tmp_path)
    path = tmp_path / "training_folder" / "features" / "moco_b0" / "1" / "all.pth"
    torch.save(torch.zeros(5, 3), path)
    with pytest.raises(ValueError, match=r"all\.pth: 5 features, the list of bucket '1' has 6"):
        _CLEARFeature(tmp_path, "clear10_neurips2021", feature_type="moco_b0")
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"all\.pth: no file of tensors"):
        _CLEARFeature(tmp_path, "clear10_neurips2021", feature_type="moco_b0")
