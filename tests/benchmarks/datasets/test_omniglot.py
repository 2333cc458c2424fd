"""Omniglot from its archives, written here and real."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from avalanche.benchmarks.datasets import Omniglot, omniglot_images

SMALL = Path(__file__).parents[3].parent / "shared/data/omniglot/images_background_small1.zip"


def test_an_archive_is_read_in_order(tmp_path, write_omniglot):
    write_omniglot(tmp_path / "omniglot-py" / "images_background.zip", {"Greek": 2, "Bengali": 1})
    data = Omniglot(tmp_path)
    assert len(data) == 60
    assert data.targets == np.repeat([0, 1, 2], 20).tolist()
    assert data.characters == (
        ("Bengali", "character01"),
        ("Greek", "character01"),
        ("Greek", "character02"),
    )
    # Written as character number 3, the first of Bengali: as many pixels of ink as its drawer.
    ink = (data.data[:20] == 0).sum((1, 2))
    assert ink.tolist() == list(range(2, 22))
    assert (data.data[0, 3, :2] == 0).all()
    image, label = data[20]
    assert (image.size, image.mode, label) == ((105, 105), "L", 1)


def test_folders_and_transforms(tmp_path, write_omniglot):
    write_omniglot(tmp_path / "images_evaluation.zip", {"Greek": 1})
    with zipfile.ZipFile(tmp_path / "images_evaluation.zip") as archive:
        archive.extractall(tmp_path)
    (tmp_path / "images_evaluation.zip").unlink()
    data = Omniglot(tmp_path, train=False, transform=np.asarray, target_transform=lambda y: y + 5)
    assert data[0][0].shape == (105, 105)
    assert (data[0][1], data.targets[0]) == (5, 0)
    direct = omniglot_images(True, tmp_path / "images_evaluation")
    assert direct.alphabets == [[0]]
    assert direct.drawers.tolist() == list(range(1, 21))


def test_missing_archives_are_named(tmp_path, no_network):
    with pytest.raises(FileNotFoundError, match=r"images_background or images_background.zip is"):
        Omniglot(tmp_path)
    with pytest.raises(RuntimeError, match=r"images_evaluation.zip can't be downloaded.*by hand"):
        Omniglot(tmp_path, train=False, download=True)


def test_damaged_archives_are_refused(tmp_path):
    path = tmp_path / "images_background.zip"
    path.write_bytes(b"PK and more")
    with pytest.raises(ValueError, match="damaged zip archive"):
        Omniglot(tmp_path)
    contents = {
        "readme.txt": "no image in it",
        "p/Greek/character01/notes.png": "expected a name such as 0108_01.png",
        "p/Greek/character01/0001_01.png": "Greek/character01, drawer 1: no image",
    }
    for number, (name, message) in enumerate(contents.items()):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"text")
        with pytest.raises(ValueError, match=message):
            omniglot_images(True, path)


@pytest.mark.skipif(not SMALL.is_file(), reason="Omniglot's archives are not in ../shared/data")
def test_the_real_small_background_set():
    images = omniglot_images(True, SMALL)
    assert images.pixels.shape == (2720, 1, 105, 105)
    assert images.pixels.unique().tolist() == [0, 255]
    assert [len(alphabet) for alphabet in images.alphabets] == [24, 22, 24, 40, 26]
    assert images.drawers.bincount()[1:].tolist() == [136] * 20
    assert images.labels.bincount().tolist() == [20] * 136
    assert omniglot_images(False, SMALL) is images
