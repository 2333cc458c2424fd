"""Unpacking archives such that nothing is written outside the folder they are unpacked into."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

__all__ = ["extract_archive"]

_DAMAGES = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile),
    *(EOFError, KeyError, lzma.LZMAError, zlib.error),
)


@dataclass(frozen=True)
class _Member:
    """One entry: a folder (nothing to open, no link), a file or a link."""

    name: str
    open: Callable[[], IO[bytes] | None] | None = None
    link: str | None = None
    executable: bool = False


def extract_archive(path: str | Path, folder: str | Path) -> Path:
    """Unpack a tar archive (compressed or not), a zip archive or a single ``.gz`` file.

    Everything is unpacked beside the folder's content first and moved into place when it is
    whole; files that are there already are replaced. Permissions and owners are not taken over.

    Args:
        path: the archive; its content, not its name, says what it is.
        folder: where to; it is created.

    Returns:
        ``folder``.

    Raises:
        ValueError: if the file is no such archive, is damaged, or has a member that would be
            written, or would link, outside of the folder. Nothing is written then.
    """
    path, folder = Path(path), Path(folder)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a tar, zip or gz archive")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as name:
        inside = Path(os.path.realpath(name))
        try:
            for member in _members(path):
                _write(member, inside, path)
        except _DAMAGES as error:
            raise ValueError(f"{path}: damaged archive ({error}); fetch it again") from error
        _check_links(inside, path)
        _move_into(inside, folder)
    return folder


def _members(path: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                yield _zip_member(archive, info)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            for entry in tar:
                yield _tar_member(tar, entry, path)
    elif path.suffix == ".gz":
        yield _Member(path.stem, lambda: _gunzipped(path))
    else:
        raise ValueError(f"{path}: no tar, zip or gz archive; fetch it again")


def _gunzipped(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path))


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    if info.is_dir():
        return _Member(info.filename)
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return _Member(info.filename, link=archive.read(info).decode())
    return _Member(info.filename, lambda: archive.open(info), executable=bool(mode & 0o100))


def _tar_member(tar: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> _Member:
    if entry.isdir():
        return _Member(entry.name)
    if entry.issym():
        return _Member(entry.name, link=entry.linkname)
    if entry.isfile() or entry.islnk():  # tarfile reads a hard link as the file it stands for
        executable = bool(entry.mode & 0o100)
        return _Member(entry.name, lambda: tar.extractfile(entry), executable=executable)
    raise ValueError(
        f"{path}: member {entry.name!r} is neither a file, a folder nor a link; refused"
    )


def _write(member: _Member, root: Path, archive: Path) -> None:
    parts = PurePosixPath(member.name.replace("\\", "/")).parts
    drive = any(":" in part for part in parts) and os.name == "nt"
    if ".." in parts or member.name.startswith(("/", "\\")) or drive:
        raise _escapes(archive, member.name)
    if not parts:
        return
    target = root.joinpath(*parts)
    if not _within(Path(os.path.realpath(target.parent)), root):
        raise _escapes(archive, member.name)
    if member.open is None and member.link is None:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()  # the last of several members of one name counts, and no link is followed
    if member.link is not None:
        if os.path.isabs(member.link):
            raise _escapes(archive, member.name)
        target.symlink_to(member.link)
        return
    assert member.open is not None
    source = member.open()
    if source is None:
        raise ValueError(f"{archive}: member {member.name!r} has no content; fetch it again")
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    if member.executable:
        target.chmod(target.stat().st_mode | 0o111)


def _check_links(root: Path, archive: Path) -> None:
    """Every link, followed to its end, stays inside."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and not _within(Path(os.path.realpath(path)), root):
                raise _escapes(archive, str(path.relative_to(root)))


def _within(path: Path, root: Path) -> bool:
    return path == root or root in path.parents


def _escapes(archive: Path, member: str) -> ValueError:
    return ValueError(
        f"{archive}: member {member!r} leads outside of the folder that the archive is unpacked "
        "into; refused, get the archive from a source that you trust"
    )


def _move_into(source: Path, folder: Path) -> None:
    """Move what is unpacked into place; folders that exist are merged."""
    for entry in sorted(source.iterdir()):
        target: Any = folder / entry.name
        merge = entry.is_dir() and not entry.is_symlink() and target.is_dir()
        if merge and not target.is_symlink():
            _move_into(entry, target)
        else:
            os.replace(entry, target)
