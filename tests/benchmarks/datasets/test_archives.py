"""Archives are unpacked whole, or not at all, and never outside of their folder."""

import errno
import gzip
import io
import os
import random
import shutil
import stat
import tarfile
import zipfile

import pytest

from avalanche.benchmarks.datasets import folder_merge
from avalanche.benchmarks.datasets.archives import extract_archive

NOISE = random.Random(0).randbytes(100_000)  # does not compress


def write_tar(path, members, mode="w:gz"):
    """Members: name -> bytes, or a function that changes the entry."""
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if callable(content):
                content(entry)
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


def link(target, kind=tarfile.SYMTYPE):
    def change(entry):
        entry.type, entry.linkname = kind, target

    return change


def everything(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_archive_is_unpacked(tmp_path, mode):
    write_tar(tmp_path / "a.tar", [("d/x.txt", b"x"), ("./y.txt", b"y")], mode)
    assert extract_archive(tmp_path / "a.tar", tmp_path / "out") == tmp_path / "out"
    assert everything(tmp_path / "out") == {"d/x.txt": b"x", "y.txt": b"y"}


def test_a_zip_archive_is_unpacked_over_what_is_there(tmp_path):
    out = tmp_path / "out"
    (out / "d").mkdir(parents=True)
    (out / "d" / "old").write_bytes(b"old")
    (out / "d" / "x").write_bytes(b"old")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("d/", b"")
        archive.writestr("d/x", b"new")
    extract_archive(tmp_path / "a.zip", out)
    assert everything(out) == {"d/old": b"old", "d/x": b"new"}


def test_a_gz_file_is_unpacked_beside(tmp_path):
    (tmp_path / "data.gz").write_bytes(gzip.compress(b"content"))
    extract_archive(tmp_path / "data.gz", tmp_path)
    assert (tmp_path / "data").read_bytes() == b"content"


def test_links_that_stay_inside_are_kept(tmp_path):
    members = [("d/x", b"x"), ("soft", link("d/x")), ("hard", link("d/x", tarfile.LNKTYPE))]
    write_tar(tmp_path / "a.tgz", members)
    extract_archive(tmp_path / "a.tgz", tmp_path / "out")
    assert everything(tmp_path / "out") == {"d/x": b"x", "soft": b"x", "hard": b"x"}
    assert (tmp_path / "out" / "soft").is_symlink()


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", b"x")],
        [("d/../../evil", b"x")],
        [("/evil_absolute", b"x")],
        [("..\\evil", b"x")],
        [("soft", link(".."))],
        [("soft", link("/etc"))],
        [("d/soft", link("../../.."))],
        [("soft", link("..")), ("soft/evil", b"x")],
        [("one", link("two/..")), ("two", link(".")), ("one/evil", b"x")],
        [("one", link("two/..")), ("two", link("."))],
    ],
)
def test_no_member_of_a_tar_archive_escapes(tmp_path, members):
    write_tar(tmp_path / "a.tgz", [("fine", b"fine"), *members])
    out = tmp_path / "deep" / "out"
    with pytest.raises(ValueError, match="leads outside of the folder"):
        extract_archive(tmp_path / "a.tgz", out)
    assert everything(tmp_path).keys() == {"a.tgz"}
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/evil", "d/../../evil"])
def test_no_member_of_a_zip_archive_escapes(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(ValueError, match="leads outside of the folder"):
        extract_archive(tmp_path / "a.zip", tmp_path / "out")
    assert everything(tmp_path).keys() == {"a.zip"}


def test_a_link_in_a_zip_archive_does_not_escape(tmp_path):
    entry = zipfile.ZipInfo("soft")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "../..")
    with pytest.raises(ValueError, match="'soft' leads outside"):
        extract_archive(tmp_path / "a.zip", tmp_path / "out")


def test_devices_are_refused(tmp_path):
    def device(entry):
        entry.type = tarfile.CHRTYPE

    write_tar(tmp_path / "a.tgz", [("null", device)])
    with pytest.raises(ValueError, match="'null' is neither a file, a folder nor a link"):
        extract_archive(tmp_path / "a.tgz", tmp_path / "out")


def test_a_damaged_archive_leaves_nothing(tmp_path):
    write_tar(tmp_path / "a.tgz", [("x", bytes(range(256)) * 500), ("y", b"y" * 3000)])
    whole = (tmp_path / "a.tgz").read_bytes()
    (tmp_path / "a.tgz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"a.tgz: damaged archive \(.*fetch it again"):
        extract_archive(tmp_path / "a.tgz", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_archive_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"text")
    with pytest.raises(ValueError, match="no tar, zip or gz archive"):
        extract_archive(tmp_path / "a.txt", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="no such file"):
        extract_archive(tmp_path / "none", tmp_path / "out")


def refused(archive, out, match, kind=ValueError):
    """One line that names the archive; the folder is as it was before."""
    before = everything(out), sorted(out.rglob("*"))
    with pytest.raises(kind, match=match) as caught:
        extract_archive(archive, out)
    assert archive.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (everything(out), sorted(out.rglob("*"))) == before


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def rewritten(path, change):
    raw = bytearray(path.read_bytes())
    change(raw)
    path.write_bytes(raw)


@pytest.mark.parametrize("members", [["x"], ["x", "y"]])
def test_zeroed_bytes_in_a_compressed_archive_are_noticed(tmp_path, out, members):
    archive = tmp_path / "a.tar.gz"
    write_tar(archive, [(name, NOISE) for name in members])
    rewritten(archive, lambda raw: raw.__setitem__(slice(30_000, 30_200), bytes(200)))
    refused(archive, out, r"damaged archive \(.*fetch it again")


@pytest.mark.parametrize(("mode", "trailer"), [("w:gz", 8), ("w:bz2", 5), ("w:xz", 30)])
def test_the_checksum_at_the_end_of_a_compressed_archive_is_verified(tmp_path, out, mode, trailer):
    archive = tmp_path / "a.tar.gz"
    write_tar(archive, [("x", b"x")], mode)
    rewritten(archive, lambda raw: raw.__setitem__(-trailer, raw[-trailer] ^ 0xFF))
    refused(archive, out, "archive.*fetch it again")


@pytest.mark.parametrize("size", [1024, 1024 + 1, 1024 + 400, 1024 + 511])
def test_a_tar_archive_cut_inside_or_before_a_header_is_refused(tmp_path, out, size):
    archive = tmp_path / "a.tar"
    write_tar(archive, [("x", b"x"), ("y", b"y")], "w")
    archive.write_bytes(archive.read_bytes()[:size])  # one header and one block of content
    refused(archive, out, "damaged archive .at byte 1024 of its content neither")


@pytest.mark.parametrize("blocks", [1, 2, 40])
def test_a_tar_archive_with_zeros_for_a_later_header_is_refused(tmp_path, out, blocks):
    archive = tmp_path / "a.tar"
    write_tar(archive, [("x", b"x"), ("y", NOISE)], "w")
    rewritten(
        archive, lambda raw: raw.__setitem__(slice(1024, 1024 + 512 * blocks), bytes(512 * blocks))
    )
    refused(archive, out, "damaged archive .content after the end mark at byte 1024")


def test_a_tar_archive_may_end_in_one_block_of_zeros_or_in_old_padding(tmp_path):
    archive = tmp_path / "a.tar"
    write_tar(archive, [("x", b"x")], "w")
    whole = archive.read_bytes()
    for content in (whole[:1536], whole[:2048], whole[:2048] + b"?" * 8192, whole + bytes(100)):
        archive.write_bytes(content)
        assert everything(extract_archive(archive, tmp_path / "out")) == {"x": b"x"}
        shutil.rmtree(tmp_path / "out")


def test_a_hard_link_does_not_confuse_the_check_of_the_end(tmp_path):
    archive = tmp_path / "a.tar.gz"
    members = [("x", NOISE), ("y", link("x", tarfile.LNKTYPE)), ("z", b"z")]
    write_tar(archive, members)
    assert everything(extract_archive(archive, tmp_path / "out"))["y"] == NOISE
    rewritten(archive, lambda raw: raw.__setitem__(-8, raw[-8] ^ 1))
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    refused(archive, tmp_path / "out", "damaged archive .CRC")


def test_a_tar_archive_whose_last_member_is_a_zip_archive_is_a_tar_archive(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as inner:
        inner.writestr("inner", b"i")
    write_tar(tmp_path / "a.tar", [("x.zip", content.getvalue())], "w")
    assert everything(extract_archive(tmp_path / "a.tar", tmp_path / "out")).keys() == {"x.zip"}


def test_a_gz_file_named_tar_must_hold_a_tar_archive(tmp_path, out):
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(b"no tar archive"))
    refused(archive, out, "no tar, zip or gz archive")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_a_name_that_is_a_file_and_a_folder_is_refused(tmp_path, out, names):
    archive = tmp_path / "a.tar"
    write_tar(archive, [(name, b"x") for name in names], "w")
    refused(archive, out, f"member '{names[1]}': the same name is a file and a folder")


def write_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("before", b"1")
        archive.writestr("x", NOISE)


def in_both_headers(path, offset, value):
    """Set a byte of the last member's two headers; ``offset`` is that in the local one."""

    def change(raw):
        local, central = raw.rfind(b"PK\3\4"), raw.rfind(b"PK\1\2")
        raw[local + offset] = raw[central + offset + 2] = value

    rewritten(path, change)


def test_an_encrypted_archive_is_refused(tmp_path, out):
    write_zip(tmp_path / "a.zip")
    in_both_headers(tmp_path / "a.zip", 6, 1)
    refused(tmp_path / "a.zip", out, "member 'x' is encrypted, expected .*by hand")


def test_an_unknown_compression_is_refused(tmp_path, out):
    write_zip(tmp_path / "a.zip")
    in_both_headers(tmp_path / "a.zip", 8, 99)
    refused(tmp_path / "a.zip", out, "packed in a way that can't be read here .*by hand")


def test_a_name_that_is_too_long_is_one_line(tmp_path, out):
    write_tar(tmp_path / "a.tar", [("a", b"a"), ("n" * 300, b"x")], "w")
    refused(tmp_path / "a.tar", out, "a shorter path, or do it by hand", OSError)


def test_a_file_in_the_way_of_a_folder_is_refused_before_anything_moves(tmp_path, out):
    (out / "d").mkdir()
    (out / "d" / "x").write_bytes(b"old")
    write_tar(tmp_path / "a.tar", [("aa", b"1"), ("d/x/y", b"y")], "w")
    match = "member 'd/x' is a folder, but .*/out/d/x is a file; nothing was unpacked, move"
    refused(tmp_path / "a.tar", out, match)


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_in_the_way_of_a_file_is_refused_before_anything_moves(tmp_path, out, linked):
    if linked:
        (tmp_path / "elsewhere").mkdir()
        (out / "x").symlink_to(tmp_path / "elsewhere")
    else:
        (out / "x").mkdir()
    write_tar(tmp_path / "a.tar", [("aa", b"1"), ("x", b"x")], "w")
    refused(tmp_path / "a.tar", out, "member 'x' is a file, but .*/out/x is a folder")


def test_a_linked_folder_of_the_users_is_merged_into(tmp_path, out):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "old").write_bytes(b"old")
    (out / "d").symlink_to(elsewhere)
    write_tar(tmp_path / "a.tar", [("d/x", b"x"), ("d/e/y", b"y")], "w")
    extract_archive(tmp_path / "a.tar", out)
    assert (out / "d").is_symlink()
    assert everything(elsewhere) == {"old": b"old", "x": b"x", "e/y": b"y"}


def test_a_link_that_means_another_place_in_a_linked_folder_is_refused(tmp_path, out):
    (tmp_path / "elsewhere").mkdir()
    (out / "d").symlink_to(tmp_path / "elsewhere")
    write_tar(tmp_path / "a.tar", [("y", b"y"), ("d/x", link("../y"))], "w")
    refused(tmp_path / "a.tar", out, "member 'd/x' links to '../y', which is another place")


def test_links_are_replaced_when_an_archive_is_unpacked_again(tmp_path):
    write_tar(tmp_path / "a.tar", [("d/x", b"x"), ("e", link("d"))], "w")
    for _ in range(2):
        extract_archive(tmp_path / "a.tar", tmp_path / "out")
    assert (tmp_path / "out" / "e" / "x").read_bytes() == b"x"


def failing(monkeypatch, number, at):
    """The system refuses the move of a file of that name into the folder."""
    replace = os.replace

    def refuse(source, target):
        if str(target).endswith(at):
            raise OSError(number, os.strerror(number))
        replace(source, target)

    monkeypatch.setattr(folder_merge.os, "replace", refuse)


def test_moves_are_taken_back_when_one_fails(tmp_path, out, monkeypatch):
    (out / "a").write_bytes(b"old")
    (out / "x").write_bytes(b"old x")
    write_tar(tmp_path / "a.tar", [("a", b"a"), ("b/c", b"b"), ("x", b"x"), ("z", b"z")], "w")
    failing(monkeypatch, errno.EACCES, "out/z")
    refused(tmp_path / "a.tar", out, "nothing was unpacked, choose a folder that", OSError)


def test_a_full_disk_is_one_line(tmp_path, out, monkeypatch):
    def full(source, target):
        target.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_tar(tmp_path / "a.tar", [("a", b"a")], "w")
    monkeypatch.setattr(shutil, "copyfileobj", full)
    refused(tmp_path / "a.tar", out, "No space left on device.*make room on that disk", OSError)


def test_folders_on_another_disk_are_copied_into(tmp_path, out, monkeypatch):
    (out / "d").mkdir()
    write_tar(tmp_path / "a.tar", [("d/x", b"x"), ("d/e/y", b"y"), ("d/l", link("x"))], "w")
    replace = os.replace

    def across(source, target):
        if "/new/" in str(source):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        replace(source, target)

    monkeypatch.setattr(folder_merge.os, "replace", across)
    extract_archive(tmp_path / "a.tar", out)
    assert everything(out) == {"d/x": b"x", "d/e/y": b"y", "d/l": b"x"}
    assert (out / "d" / "l").is_symlink()
