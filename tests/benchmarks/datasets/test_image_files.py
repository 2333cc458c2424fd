import zipfile

import pytest
from release_files import write_image

from avalanche.benchmarks.datasets import downloadable_dataset
from avalanche.benchmarks.datasets.image_files import ImageFilesDataset, read_lines


class Two(ImageFilesDataset):
    remote_files = (("two.zip", "http://127.0.0.1:9/two.zip", None),)

    def _load_metadata(self):
        self._folder("images")
        self.paths, self.targets = ["images/a.png", "images/b.png"], [4, 5]
        return True


def test_samples_are_read_and_transformed(tmp_path):
    for value, name in enumerate("ab"):
        write_image(tmp_path / "images" / f"{name}.png", value)
    data = Two("two", tmp_path, transform=lambda i: i.getpixel((0, 0))[0], target_transform=str)
    assert len(data) == 2
    assert [data[0], data[1]] == [(0, "4"), (1, "5")]
    assert data.targets == [4, 5]


def test_labels_are_known_without_images(tmp_path):
    (tmp_path / "images").mkdir()
    data = Two("two", tmp_path)
    assert data.targets == [4, 5]
    with pytest.raises(FileNotFoundError, match=r"a\.png: no such image, the metadata of Two"):
        data[0]


def test_default_root(monkeypatch, tmp_path):
    monkeypatch.setenv("AVALANCHE_DATA", str(tmp_path))
    (tmp_path / "two" / "images").mkdir(parents=True)
    assert Two("two", None).root == tmp_path / "two"


def test_missing_files_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"images: no such folder.*fetch http.*two\.zip"):
        Two("two", tmp_path, download=False)


def test_lines(tmp_path):
    (tmp_path / "x.txt").write_text("a\n\n b \n")
    assert read_lines(tmp_path / "x.txt") == ["a", "b"]
    with pytest.raises(FileNotFoundError, match=r"y\.txt: no such file"):
        read_lines(tmp_path / "y.txt")


def test_downloads_are_unpacked(tmp_path, monkeypatch):
    asked = []

    def fetch(url, target, checksum):
        asked.append((url, target.name, checksum))
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("images/a.png", b"")
        return target

    monkeypatch.setattr(downloadable_dataset, "download_file", fetch)
    data = Two("two", tmp_path / "new")
    assert asked == [("http://127.0.0.1:9/two.zip", "two.zip", None)]
    assert len(data) == 2
    assert (data.root / "images" / "a.png").is_file()
