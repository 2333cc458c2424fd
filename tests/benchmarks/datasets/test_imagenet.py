"""ImageNet in the layout that torchvision makes of the challenge's archives."""

import shutil

import pytest
import torch
from torchvision.datasets import ImageFolder

from avalanche.benchmarks.datasets.imagenet import AvalancheImageNet
from avalanche.benchmarks.datasets.imagenet import imagenet as module

WNIDS = ["n03", "n01", "n02"]
NAMES = {"n01": ("tench", "Tinca tinca"), "n02": ("goldfish",), "n03": ("shark",)}


def test_samples_are_those_of_torchvision(tmp_path, write_imagenet):
    write_imagenet(tmp_path, WNIDS)
    torch.save((NAMES, WNIDS), tmp_path / "meta.bin")
    for split in ("train", "val"):
        data = AvalancheImageNet(str(tmp_path), split)
        reference = ImageFolder(str(tmp_path / split))
        assert data.imgs == data.samples == reference.imgs
        assert data.targets == reference.targets
        assert data.wnid_to_idx == reference.class_to_idx
        assert data.split_folder == tmp_path / split
        image, label = data[len(data) - 1]
        assert (image.size, image.mode, label) == ((40, 30), "RGB", 2)
    assert data.classes == [NAMES[wnid] for wnid in sorted(WNIDS)]
    assert data.class_to_idx == {"tench": 0, "Tinca tinca": 0, "goldfish": 1, "shark": 2}


def test_names_are_optional_and_transforms_apply(tmp_path, write_imagenet):
    write_imagenet(tmp_path, WNIDS)
    data = AvalancheImageNet(tmp_path, transform=lambda image: image.size, target_transform=str)
    assert data[0] == ((40, 30), "0")
    assert data.classes == [("n01",), ("n02",), ("n03",)]


def test_unsorted_validation_images_are_labelled_by_their_order(tmp_path, write_imagenet):
    write_imagenet(tmp_path, WNIDS)
    for folder in list((tmp_path / "val").iterdir()):
        for image in folder.iterdir():
            shutil.move(image, tmp_path / "val" / image.name)
        folder.rmdir()
    with pytest.raises(ValueError, match=r"3 images in no class folder, and .*meta.bin labels 0"):
        AvalancheImageNet(tmp_path, "val")
    (tmp_path / "meta").mkdir()
    torch.save((NAMES, WNIDS), tmp_path / "meta" / "meta.bin")
    data = AvalancheImageNet(tmp_path, "val", meta_root=tmp_path / "meta")
    assert data.targets == [2, 0, 1]


def test_archives_are_unpacked_the_first_time(tmp_path, write_imagenet, monkeypatch):
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(b"")
    asked = []

    def parse(root):
        asked.append(root)
        write_imagenet(tmp_path, WNIDS)

    monkeypatch.setattr("torchvision.datasets.imagenet.parse_train_archive", parse)
    assert len(AvalancheImageNet(tmp_path)) == len(AvalancheImageNet(tmp_path)) == 9
    assert asked == [str(tmp_path)]


def test_mistakes_are_named(tmp_path, write_imagenet):
    with pytest.raises(ValueError, match="split='test': expected 'train' or 'val'"):
        AvalancheImageNet(tmp_path, "test")
    with pytest.raises(FileNotFoundError, match=r"register at image-net.org, fetch ILSVRC2012"):
        AvalancheImageNet(tmp_path)
    with pytest.raises(TypeError, match="unexpected keyword argument 'transforn'"):
        AvalancheImageNet(tmp_path, transforn=None)
    write_imagenet(tmp_path, WNIDS)
    (tmp_path / "train" / "n04").mkdir()
    with pytest.raises(ValueError, match=r"n04: no image in it"):
        AvalancheImageNet(tmp_path)
    (tmp_path / "meta.bin").write_bytes(b"text")
    with pytest.raises(ValueError, match=r"meta.bin: expected the pair that torchvision writes"):
        AvalancheImageNet(tmp_path, "val")


def test_the_functions_for_archives_are_torchvisions():
    from torchvision.datasets.imagenet import load_meta_file

    assert module.load_meta_file is load_meta_file
    with pytest.raises(AttributeError, match="no attribute 'parse_test_archive'"):
        _ = module.parse_test_archive
