"""Data sets that fetch themselves: load, download, load again."""

import io
import zipfile

import pytest

from avalanche.benchmarks.datasets import DownloadableDataset, SimpleDownloadableDataset
from avalanche.benchmarks.datasets.dataset_utils import default_dataset_location


class Lines(DownloadableDataset):
    """The lines of one text file."""

    content = "a\nb\n"

    def __init__(self, root, download=True):
        super().__init__(root, download)
        self.calls = []
        self._load_dataset()

    def _download_dataset(self):
        self.calls.append("download")
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "lines.txt").write_text(self.content)

    def _load_metadata(self):
        self.calls.append("load")
        if not (self.root / "lines.txt").is_file():
            return False
        self.lines = (self.root / "lines.txt").read_text().split()
        if "damaged" in self.lines:
            raise ValueError("lines.txt: damaged")
        return bool(self.lines)

    def _download_error_message(self):
        return f"put lines.txt into {self.root}"

    def __len__(self):
        return len(self.lines)


def test_what_is_there_is_not_downloaded(tmp_path):
    assert Lines(tmp_path / "new").calls == ["load", "download", "load"]
    again = Lines(str(tmp_path / "new"))
    assert (again.calls, again.lines, again.root) == (["load"], ["a", "b"], tmp_path / "new")


def test_without_download_the_message_says_what_to_do(tmp_path):
    message = r"Lines is not there; pass download=True, or do it by hand: put lines.txt into"
    with pytest.raises(FileNotFoundError, match=message):
        Lines(tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_named_as_missing_is_in_the_message(tmp_path, monkeypatch):
    def missing(self):
        raise FileNotFoundError("labels.txt: no such file")

    monkeypatch.setattr(Lines, "_load_metadata", missing)
    with pytest.raises(FileNotFoundError, match=r"not there \(labels.txt: no such file\)"):
        Lines(tmp_path, download=False)


def test_damaged_data_is_reported_and_not_deleted(tmp_path):
    (tmp_path / "lines.txt").write_text("damaged")
    with pytest.raises(ValueError, match=r"lines.txt: damaged"):
        Lines(tmp_path)
    assert (tmp_path / "lines.txt").read_text() == "damaged"


def test_a_download_that_fails_says_what_to_do_by_hand(tmp_path, monkeypatch):
    def fail(self):
        raise OSError("disk full")

    monkeypatch.setattr(Lines, "_download_dataset", fail)
    with pytest.raises(RuntimeError, match=r"Lines: disk full; by hand: put lines.txt into"):
        Lines(tmp_path)


def test_a_download_without_the_files_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(Lines, "content", "")
    with pytest.raises(RuntimeError, match="complete, but the expected files are not in it"):
        Lines(tmp_path)


def test_the_root_can_be_removed(tmp_path):
    data = Lines(tmp_path / "new")
    assert data._check_file(data.root / "lines.txt", "9a1d6bb9ff2cdba5fb5ef0f4ba2c4a9c") is False
    data._cleanup_dataset_root()
    data._cleanup_dataset_root()
    assert not (tmp_path / "new").exists()


class Zipped(SimpleDownloadableDataset):
    def __init__(self, root, download=False):
        super().__init__(root, "https://example.org/files/words.zip?x=1", None, download)
        self._load_dataset()

    def _load_metadata(self):
        return (self.root / "words" / "a.txt").is_file()


def test_one_archive_is_fetched_and_unpacked(tmp_path, monkeypatch):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("words/a.txt", "a")

    def fetch(url, target, checksum):
        assert (url, target.name) == ("https://example.org/files/words.zip?x=1", "words.zip")
        target.parent.mkdir(parents=True)
        target.write_bytes(content.getvalue())
        return target

    monkeypatch.setattr("avalanche.benchmarks.datasets.downloadable_dataset.download_file", fetch)
    data = Zipped(tmp_path / "root", download=True)
    assert (data.root / "words" / "a.txt").read_text() == "a"
    data._extract_archive(data.root / "words.zip", "again", remove_archive=True)
    assert (data.root / "again" / "words" / "a.txt").is_file()
    assert not (data.root / "words.zip").exists()


def test_offline_one_line_says_everything(tmp_path, no_network):
    message = r"^Zipped: words.zip can't be downloaded: .*no network.*put the file at .*by hand$"
    with pytest.raises(RuntimeError, match=message):
        Zipped(tmp_path / "root", download=True)


def test_a_name_is_a_folder_of_the_default_location(tmp_path, monkeypatch):
    monkeypatch.setattr(Zipped, "_load_metadata", lambda self: True)
    assert Zipped("words").root == default_dataset_location("words")
    assert Zipped(str(tmp_path)).root == tmp_path
    assert Zipped(tmp_path / "words").root == tmp_path / "words"
