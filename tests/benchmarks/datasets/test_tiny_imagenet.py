"""Tiny ImageNet in its real layout."""

import numpy as np
import pytest

from avalanche.benchmarks.datasets import TinyImagenet


def test_classes_are_numbered_as_in_wnids(tmp_path, write_tiny_imagenet):
    wnids = write_tiny_imagenet(tmp_path)
    train = TinyImagenet(tmp_path, train=True, download=False)
    assert train.targets == np.repeat(range(200), 2).tolist()
    assert [train.id2label[i] for i in range(200)] == wnids
    assert train.label2id == {wnid: i for i, wnid in enumerate(wnids)}
    image, label = train[14]
    assert (image.size, image.mode, label) == ((64, 64), "RGB", 7)
    assert abs(int(np.asarray(image)[0, 0, 0]) - 7) <= 2  # JPEG
    names = [path.name for path in train.get_train_images_paths(wnids[7])]
    assert names == [f"{wnids[7]}_0.JPEG", f"{wnids[7]}_1.JPEG"]


def test_validation_images_are_the_test_data(tmp_path, write_tiny_imagenet):
    wnids = write_tiny_imagenet(tmp_path)
    test = TinyImagenet(tmp_path / "tiny-imagenet-200", train=False, download=False)
    assert test.targets == list(range(200))
    assert test.paths[3] == "val/images/val_3.JPEG"
    assert [path.name for path in test.get_test_images_paths(wnids[3])] == ["val_3.JPEG"]
    files, targets = test.load_data()
    assert (len(files), targets) == (200, test.targets)


def test_what_is_missing_is_named(tmp_path, write_tiny_imagenet, no_network):
    with pytest.raises(FileNotFoundError, match=r"TinyImagenet is not there; .*200.zip"):
        TinyImagenet(tmp_path, download=False)
    with pytest.raises(RuntimeError, match=r"tiny-imagenet-200.zip can't be downloaded"):
        TinyImagenet(tmp_path)
    wnids = write_tiny_imagenet(tmp_path)
    for image in (tmp_path / "tiny-imagenet-200" / "train" / wnids[9]).rglob("*.JPEG"):
        image.unlink()
    with pytest.raises(FileNotFoundError, match=f"no .JPEG image of class {wnids[9]}"):
        TinyImagenet(tmp_path, download=False)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("wnids.txt", "n01\nn01\n", r"1 different ids in 2 lines, expected 200"),
        ("val/val_annotations.txt", "val_0.JPEG\tnone\n", r"line 'val_0.JPEG.*an id of wnids.txt"),
        ("val/val_annotations.txt", "", r"val_annotations.txt: no image of"),
    ],
)
def test_damaged_files_are_refused(tmp_path, write_tiny_imagenet, file, content, message):
    write_tiny_imagenet(tmp_path)
    (tmp_path / "tiny-imagenet-200" / file).write_text(content)
    with pytest.raises(ValueError, match=message):
        TinyImagenet(tmp_path, train=False, download=False)
