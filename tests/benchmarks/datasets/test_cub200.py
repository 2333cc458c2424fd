"""CUB-200 in its real layout."""

import numpy as np
import pytest
from PIL import Image

from avalanche.benchmarks.datasets import CUB200


def test_samples_are_the_boxes_of_the_images(tmp_path, write_cub):
    folder = write_cub(tmp_path)
    for root in (tmp_path, folder):
        data = CUB200(root, train=True, download=False)
        assert data.targets == np.repeat(range(12), 2).tolist()
        image, label = data[5]
        whole = np.asarray(Image.open(folder / "images" / "003.Bird_3" / "1.jpg"))
        assert np.array_equal(np.asarray(image), whole[6:16, 5:25])
        assert label == 2
    assert data.classes[0] == "001.Bird_1"
    assert data.boxes[0] == (5, 6, 25, 16)
    test = CUB200(tmp_path, train=False, transform=np.asarray, target_transform=str, download=False)
    assert not set(test.paths) & set(CUB200(tmp_path, download=False).paths)
    assert (test[0][0].shape, test[0][1]) == ((10, 20, 3), "0")


def test_labels_are_known_without_opening_an_image(tmp_path, write_cub):
    write_cub(tmp_path)

    def refuse(path):
        raise AssertionError("an image was opened")

    assert len(CUB200(tmp_path, loader=refuse, download=False).targets) == 24


def test_what_is_missing_is_named(tmp_path, write_cub, no_network):
    with pytest.raises(FileNotFoundError, match=r"CUB200 is not there; .*CUB_200_2011.tgz into"):
        CUB200(tmp_path, download=False)
    with pytest.raises(RuntimeError, match=r"CUB_200_2011.tgz can't be downloaded.*by hand$"):
        CUB200(tmp_path)
    folder = write_cub(tmp_path)
    (folder / "images" / "001.Bird_1" / "0.jpg").unlink()
    data = CUB200(tmp_path, download=False)
    with pytest.raises(FileNotFoundError, match=r"001.Bird_1.0.jpg: no such image"):
        data[0]
    (folder / "bounding_boxes.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"bounding_boxes.txt: no such file"):
        CUB200(tmp_path, download=False)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("images.txt", "1 too many words", r"images.txt: line '1 too many words'"),
        ("image_class_labels.txt", "1 201", r"label '201', expected 1 to 200"),
        ("train_test_split.txt", "99 1", r"48 samples, images.txt has 48; numbers \[1, 99\]"),
    ],
)
def test_damaged_files_are_refused(tmp_path, write_cub, file, change, message):
    path = write_cub(tmp_path) / file
    path.write_text("\n".join([change, *path.read_text().splitlines()[1:]]))
    with pytest.raises(ValueError, match=message):
        CUB200(tmp_path, download=False)
