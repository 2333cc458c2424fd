"""What is in a tar, zip or gz archive, read to its very end so that damage is noticed."""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

__all__ = ["ArchiveError", "Member", "read_members"]

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20


class ArchiveError(ValueError):
    """An archive can't be unpacked: the message names it, says why and what to do."""


@dataclass(frozen=True)
class Member:
    """One entry: a folder (nothing to open, no link), a file or a link."""

    name: str
    open: Callable[[], IO[bytes] | None] | None = None
    link: str | None = None
    executable: bool = False


def read_members(path: Path) -> Iterator[Member]:
    """The entries one after the other; each must be read before the next one is asked for.

    Errors of the modules that read archives pass through.

    Raises:
        ArchiveError: if the file is no archive, ends too early, or has an entry that can't be
            unpacked.
    """
    if tarfile.is_tarfile(path):  # first: a zip archive may be the last file of a tar archive
        with tarfile.open(path) as tar:
            for entry in tar:
                yield _tar_member(tar, entry, path)
            _check_end(tar, path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                yield _zip_member(archive, info, path)
    elif path.suffix == ".gz" and not path.stem.endswith(".tar"):
        yield Member(path.stem, lambda: _gunzipped(path))
    else:
        raise ArchiveError(
            f"{path}: no tar, zip or gz archive, or one whose beginning or end is damaged; fetch "
            "it again"
        )


def _gunzipped(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path))


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Member:
    if info.is_dir():
        return Member(info.filename)
    if info.flag_bits & 1:
        raise ArchiveError(
            f"{path}: member {info.filename!r} is encrypted, expected an archive without a "
            "password; unpack it by hand with another program, or get one without"
        )
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return Member(info.filename, link=archive.read(info).decode())
    return Member(info.filename, lambda: archive.open(info), executable=bool(mode & 0o100))


def _tar_member(tar: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> Member:
    if entry.isdir():
        return Member(entry.name)
    if entry.issym():
        return Member(entry.name, link=entry.linkname)
    if entry.isfile() or entry.islnk():  # tarfile reads a hard link as the file it stands for
        executable = bool(entry.mode & 0o100)
        return Member(entry.name, lambda: tar.extractfile(entry), executable=executable)
    raise ArchiveError(
        f"{path}: member {entry.name!r} is neither a file, a folder nor a link; refused, get the "
        "archive from a source that you trust"
    )


def _check_end(tar: tarfile.TarFile, path: Path) -> None:
    """tarfile takes anything that is no header as the end; the end is a block of zeros.

    Reading the rest makes the decompressor compare its checksum. What follows the end up to the
    next full record of 20 blocks may be anything, by tradition, but there are no more records.
    """
    stream = tar.fileobj
    assert stream is not None
    stream.seek(tar.offset)
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK or any(block):
        raise ArchiveError(
            f"{path}: damaged archive (at byte {tar.offset} of its content neither a member nor "
            "the end mark); fetch it again"
        )
    lone = stream.read(_BLOCK)
    stream.read(-(tar.offset + _BLOCK + len(lone)) % tarfile.RECORDSIZE)
    more = any(lone)
    while chunk := stream.read(_CHUNK):
        more = more or chunk.count(0) < len(chunk)
    if more:
        raise ArchiveError(
            f"{path}: damaged archive (content after the end mark at byte {tar.offset}); fetch it "
            "again"
        )
