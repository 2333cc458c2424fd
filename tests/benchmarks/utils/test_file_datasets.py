"""Images named by file lists and path lists, written by the test."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as T

from avalanche.benchmarks.utils import (
    FilelistDataset,
    PathsDataset,
    as_classification_dataset,
    common_paths_root,
    datasets_from_filelists,
    datasets_from_paths,
    default_flist_reader,
    default_image_loader,
)


@pytest.fixture
def folder(tmp_path):
    """Four images of 8 x 6 pixels whose red channel is 40 * number, and two file lists."""
    (tmp_path / "in side").mkdir()
    for i in range(4):
        pixels = np.zeros((6, 8, 3), np.uint8)
        pixels[..., 0] = 40 * i
        pixels[2:4, 3:8, 1] = 200
        Image.fromarray(pixels).save(tmp_path / "in side" / f"{i}.png")
    (tmp_path / "a.txt").write_text("in side/0.png 3\n\nin side/1.png 4\n")
    (tmp_path / "b.txt").write_text("in side/2.png 5\n")
    (tmp_path / "t.txt").write_text("in side/3.png 5\n")
    return tmp_path


def test_a_list_of_paths_is_a_dataset(folder):
    data = PathsDataset(
        folder / "in side",
        [("1.png", 7), ("2.png", 8, [2, 3, 2, 5])],
        transform=T.PILToTensor(),
        target_transform=lambda y: y * 10,
    )
    assert (len(data), data.targets) == (2, [7, 8])
    image, label = data[0]
    assert (tuple(image.shape), label, int(image[0, 0, 0])) == ((3, 6, 8), 70, 40)
    boxed, _ = data[1]
    assert tuple(boxed.shape) == (3, 2, 5)
    assert (boxed[1] == 200).all()
    whole = PathsDataset(None, [(folder / "in side" / "3.png", 0)])
    assert whole[0][0].size == (8, 6)
    assert as_classification_dataset(data).targets == [70, 80]


def test_wrong_entries_and_missing_files_are_named(folder):
    with pytest.raises(ValueError, match=r"files\[1\]='b.png': expected \(path, label\)"):
        PathsDataset(None, [("a.png", 1), "b.png"])
    with pytest.raises(FileNotFoundError, match=r"files\[0\]='.*nothing.png': no such file; check"):
        PathsDataset(folder, [("nothing.png", 1)])[0]
    with pytest.raises(FileNotFoundError, match=r"flist='.*missing.txt': no such file"):
        FilelistDataset(folder, folder / "missing.txt")
    (folder / "bad.txt").write_text("a.png 1\nb.png one\n")
    with pytest.raises(ValueError, match=r"bad.txt, line 2: 'b.png one': expected 'path label'"):
        default_flist_reader(folder / "bad.txt")


def test_file_lists_allow_blanks_in_paths(folder):
    assert default_flist_reader(folder / "a.txt") == [("in side/0.png", 3), ("in side/1.png", 4)]
    data = FilelistDataset(str(folder), str(folder / "a.txt"))
    assert data.targets == [3, 4]
    assert np.asarray(data[1][0])[0, 0].tolist() == [40, 0, 0]
    assert default_image_loader(folder / "in side" / "2.png").mode == "RGB"


def test_another_reader_and_loader_are_used(folder):
    data = FilelistDataset(
        None, "anything", flist_reader=lambda f: [(f, 1)], loader=lambda path: torch.ones(1)
    )
    assert (data[0], data.imgs) == ((torch.ones(1), 1), [("anything", 1)])


@pytest.mark.parametrize(
    ("paths", "root", "relative"),
    [
        (["/a/b/c.png", "/a/b/d.png"], "/a/b", ["c.png", "d.png"]),
        (["/a/b/c.png", "/a/e/d.png"], "/a", ["b/c.png", "e/d.png"]),
        (["b/c.png", "d.png"], "", ["b/c.png", "d.png"]),
        (["/a/b/c.png"], "/a/b", ["c.png"]),
        ([], "", []),
    ],
)
def test_the_common_folder_is_found(paths, root, relative):
    entries = [(path, i, (0, 0, 1, 1)) for i, path in enumerate(paths)]
    assert common_paths_root(entries) == (
        root,
        [(path, i, (0, 0, 1, 1)) for i, path in enumerate(relative)],
    )


def test_file_lists_become_training_and_test_sets(folder):
    train, test = datasets_from_filelists(
        folder,
        [folder / "a.txt", folder / "b.txt"],
        folder / "t.txt",
        complete_test_set_only=True,
        train_transform=T.Compose([T.PILToTensor(), T.Resize(4)]),
        test_transform=T.PILToTensor(),
        train_target_transform=lambda y: y + 1,
        test_target_transform=lambda y: y + 1,
    )
    assert [list(d.targets) for d in train] == [[4, 5], [6]]
    assert [list(d.targets) for d in test] == [[6]]
    assert train[0][1][1:] == [5, 0]
    assert tuple(train[0][0][0].shape) == (3, 4, 5)
    assert tuple(train[0].eval()[0][0].shape) == (3, 6, 8)
    assert (test[0].current_group, tuple(test[0][0][0].shape)) == ("eval", (3, 6, 8))
    assert tuple(test[0].batch([0])[0].shape) == (1, 3, 6, 8)


def test_path_lists_become_training_and_test_sets(folder):
    path = [str(folder / "in side" / f"{i}.png") for i in range(4)]
    train, test = datasets_from_paths(
        [[(path[0], 1), (path[1], 2)], [(path[2], 1)]],
        [(path[3], 2)],
        complete_test_set_only=True,
        train_transform=T.PILToTensor(),
        test_transform=T.PILToTensor(),
    )
    assert [list(d.targets) for d in [*train, *test]] == [[1, 2], [1], [2]]
    assert [int(d[0][0][0, 0, 0]) for d in [*train, *test]] == [0, 80, 120]
    nested = datasets_from_paths([[(path[0], 1)]], [[(path[3], 2)]], complete_test_set_only=True)
    assert len(nested[1]) == 1


def test_numbers_of_sets_must_fit(folder):
    with pytest.raises(ValueError, match=r"has 2 and test_filelists 1 .*expected 2 for test"):
        datasets_from_filelists(folder, [folder / "a.txt", folder / "b.txt"], [folder / "t.txt"])
