"""Damaged files are named in one line, with what to do."""

import json
import zlib

import pytest
from release_files import write_image

from avalanche.benchmarks.datasets.clear_features import _half
from avalanche.benchmarks.datasets.endless_video import video_sequences
from avalanche.benchmarks.datasets.image_files import ImageFilesDataset, read_lines
from avalanche.benchmarks.datasets.inaturalist import _read_annotations
from avalanche.benchmarks.datasets.read_files import read_image, read_json, read_text
from avalanche.benchmarks.datasets.stream51 import read_stream51_metadata
from avalanche.benchmarks.utils import default_image_loader

JUNK = b"\xff\x00junk"


def refused(match, read, *arguments):
    with pytest.raises(ValueError, match=match) as caught:
        read(*arguments)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)


def test_json_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": ["\u00e9"]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"a": ["\u00e9"]}
    assert read_json(tmp_path / "a.json", dict) == {"a": ["\u00e9"]}
    refused(r"a\.json: holds a dict, expected a list; x", read_json, tmp_path / "a.json", list, "x")


@pytest.mark.parametrize("content", [b"", b'{"a": ', JUNK, b"[" * 100_000])
def test_damaged_json_is_named(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    refused(r"a\.json: damaged .*; fetch the release again$", read_json, path)
    refused(r"a\.json: damaged .*; unpack it$", read_json, path, list, "unpack it")


def test_missing_files_are_named(tmp_path):
    for read in (read_json, read_text):
        with pytest.raises(FileNotFoundError, match=r"a\.json: no such file"):
            read(tmp_path / "a.json")


@pytest.mark.parametrize("read", [read_stream51_metadata, _read_annotations, read_lines])
def test_readers_of_releases_name_a_file_that_is_no_text(tmp_path, read):
    path = tmp_path / "a.json"
    path.write_bytes(JUNK)
    refused(r"a\.json: damaged \(no text at byte 0.*again$", read, path)


def test_the_lists_of_a_video_that_are_no_text_are_named(tmp_path):
    for folder in ("Color", "Seg"):
        (tmp_path / folder).mkdir()
    (tmp_path / "Sequence.json").write_bytes(JUNK)
    call = (video_sequences, tmp_path, (4, 4), None, None, None)
    refused(r"Sequence\.json: damaged .*unpack the archive again", *call)


def test_the_index_of_clear_features_that_is_no_text_is_named(tmp_path):
    class Data:
        feature_type = "moco"

    path = tmp_path / "features" / "moco" / "features.json"
    path.parent.mkdir(parents=True)
    for content in (JUNK, json.dumps([1]).encode()):
        path.write_bytes(content)
        refused(r"features\.json: .*fetch the release again", _half, Data(), tmp_path)


def cut(raw):
    return raw[: len(raw) // 2]


def flipped(raw):
    at = raw.index(b"IDAT") + 8
    return raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :]


def headless(raw):
    return raw[:8] + bytes(20) + raw[28:]


class One(ImageFilesDataset):
    def _load_metadata(self):
        self.paths, self.targets = ["a.png"], [0]
        return True


@pytest.mark.parametrize("damage", [cut, flipped, headless, lambda raw: b"", lambda raw: JUNK])
def test_a_damaged_image_is_named(tmp_path, damage):
    path = tmp_path / "a.png"
    write_image(path, 7)
    path.write_bytes(damage(path.read_bytes()))
    refused(r"a\.png: damaged image \(.+\); fetch", read_image, default_image_loader, path)
    refused(
        r"a\.png: damaged image \(.+\); unpack the images into", One("one", tmp_path).__getitem__, 0
    )


def test_what_other_loaders_raise_is_explained_but_not_errors_of_the_system(tmp_path):
    def loader(path):
        raise zlib.error("bad\nblock")

    refused(r"x: damaged image \(bad block\); y", read_image, loader, "x", "y")
    with pytest.raises(IsADirectoryError, match="Is a directory"):
        read_image(default_image_loader, tmp_path)
