"""Archives are unpacked whole, or not at all, and never outside of their folder."""

import gzip
import io
import stat
import tarfile
import zipfile

import pytest

from avalanche.benchmarks.datasets.archives import extract_archive


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
        [("/tmp/evil_absolute", b"x")],
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
