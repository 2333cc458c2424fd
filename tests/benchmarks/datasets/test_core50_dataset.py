import pickle

import pytest
from release_files import write_core50

from avalanche.benchmarks.datasets import CORe50Dataset
from avalanche.benchmarks.datasets.core50 import core50_batches


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_core50(tmp_path_factory.mktemp("core50"))


def test_training_and_test_images(root):
    train = CORe50Dataset(root, download=False)
    rows = [row for b in range(8) for row in (b % 12, (b + 5) % 12)]  # run 0 of ni, in order
    of_object = {0: 0, 1: 5, 2: 49}
    assert train.targets == [of_object[row // 2 % 3] for row in rows]
    assert [train[i][0].getpixel((0, 0))[0] for i in range(16)] == rows
    test = CORe50Dataset(root, train=False, download=False)
    assert test.targets == [0, 0, 5, 5, 49, 49]
    image, label = test[2]
    assert image.getpixel((3, 4)) == (14, 3, 4)
    assert label == 5


def test_categories_have_five_objects(root):
    data = CORe50Dataset(root, train=False, download=False, object_level=False)
    assert data.targets == [0, 0, 1, 1, 9, 9]


def test_small_images(tmp_path):
    write_core50(tmp_path, mini=True)
    data = CORe50Dataset(tmp_path, mini=True, download=False)
    assert data.paths[0].startswith("core50_32x32/s1/o1/")
    with pytest.raises(FileNotFoundError, match="core50_128x128: no such folder"):
        CORe50Dataset(tmp_path, download=False)


@pytest.mark.parametrize("object_level", [True, False])
def test_batches_of_the_file_lists(root, object_level):
    train, test = core50_batches(root, "nc", 1, object_level)
    assert len(train) == 9
    path = "core50_128x128/s1/o1/C_01_01_000.png"
    assert train[0][0] == (path, 49 if object_level else 0)  # nc has labels of its own
    assert [label for _, label in test] == ([49, 49, 44, 44, 0, 0] if object_level else [0, 0, 1, 1, 9, 9])  # fmt: skip  # noqa: E501


def test_damaged_metadata(tmp_path):
    write_core50(tmp_path)
    (tmp_path / "LUP.pkl").write_bytes(pickle.dumps({"ni": {0: [[99], [0]]}}))
    with pytest.raises(ValueError, match=r"LUP\.pkl and .*labels\.pkl: batches of different"):
        CORe50Dataset(tmp_path, download=False)
    (tmp_path / "labels.pkl").write_bytes(pickle.dumps({"ni": {0: [[1], [0]]}}))
    with pytest.raises(ValueError, match=r"positions from 99 to 99, expected some of the 18"):
        CORe50Dataset(tmp_path, download=False)
    (tmp_path / "LUP.pkl").write_bytes(pickle.dumps({"nc": {}}))
    with pytest.raises(ValueError, match=r"LUP\.pkl: has no entry \['ni'\]\[0\]"):
        CORe50Dataset(tmp_path, download=False)


def test_damaged_file_lists(tmp_path):
    write_core50(tmp_path)
    folder = tmp_path / "NIC_v2_79" / "run1"
    (folder / "train_batch_03_filelist.txt").write_text("s1/o51/x.png 3\n")
    with pytest.raises(ValueError, match=r"train_batch_03.*names no object from 1 to 50"):
        core50_batches(tmp_path, "nicv2_79", 1, object_level=False)
    (folder / "train_batch_03_filelist.txt").unlink()
    with pytest.raises(FileNotFoundError, match="train_batch_03_filelist"):
        core50_batches(tmp_path, "nicv2_79", 1)
