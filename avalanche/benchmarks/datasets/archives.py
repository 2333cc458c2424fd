"""Unpacking archives: whole or not at all, and nothing outside of the folder they go into."""

from __future__ import annotations

import lzma
import os
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .archive_members import ArchiveError, Member, read_members
from .folder_merge import merge_folder
from .system_errors import write_remedy

__all__ = ["ArchiveError", "extract_archive"]

_DAMAGES = (
    *(tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, struct.error),
    *(EOFError, LookupError, ValueError, OverflowError),
)
_CLASHES = (FileExistsError, IsADirectoryError, NotADirectoryError)


def extract_archive(path: str | Path, folder: str | Path) -> Path:
    """Unpack a tar archive (compressed or not), a zip archive or a single ``.gz`` file.

    Everything is unpacked beside the folder's content first and moved into place when it is
    whole; files that are there already are replaced, folders (also linked ones) are merged.
    Permissions and owners are not taken over.

    Args:
        path: the archive; its content, not its name, says what it is.
        folder: where to; it is created.

    Returns:
        ``folder``.

    Raises:
        FileNotFoundError: if there is no such archive.
        ArchiveError: (a ValueError) if the file is no such archive, is damaged or encrypted, has
            a member that would be written, or would link, outside of the folder, or a file where
            a folder is, or the other way round. Nothing is written then.
        OSError: if the system refuses to write, such as on a full disk. Nothing is left then.
    """
    path, folder = Path(path), Path(folder)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a tar, zip or gz archive")
    with _explained(path, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as name:
            inside = Path(os.path.realpath(name), "new")
            inside.mkdir()
            for member in read_members(path):
                _write(member, inside, path)
            _check_links(inside, path)
            merge_folder(inside, folder, path)
    return folder


@contextmanager
def _explained(path: Path, folder: Path) -> Iterator[None]:
    """Whatever goes wrong becomes one line that names the archive and says what to do."""
    try:
        yield
    except ArchiveError:
        raise
    except NotImplementedError as error:
        raise ArchiveError(
            f"{path}: packed in a way that can't be read here ({error}); unpack it by hand with "
            "another program"
        ) from error
    except _DAMAGES as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno is None:  # how the decompressors report bad data
            raise _damaged(path, error) from error
        raise OSError(
            error.errno,
            f"{path} can't be unpacked into {folder} ({error.strerror}); nothing was unpacked, "
            f"{write_remedy(error)}",
        ) from error


def _damaged(path: Path, error: Exception) -> ArchiveError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return ArchiveError(f"{path}: damaged archive ({reason}); fetch it again")


def _write(member: Member, root: Path, archive: Path) -> None:
    parts = PurePosixPath(member.name.replace("\\", "/")).parts
    drive = any(":" in part for part in parts) and os.name == "nt"
    if ".." in parts or member.name.startswith(("/", "\\")) or drive:
        raise _escapes(archive, member.name)
    if not parts:
        return
    target = root.joinpath(*parts)
    if not _within(Path(os.path.realpath(target.parent)), root):
        raise _escapes(archive, member.name)
    if member.link is not None and os.path.isabs(member.link):
        raise _escapes(archive, member.name)
    try:
        _write_to(target, member, archive)
    except _CLASHES as error:
        raise ArchiveError(
            f"{archive}: damaged archive (member {member.name!r}: the same name is a file and a "
            "folder); fetch it again"
        ) from error


def _write_to(target: Path, member: Member, archive: Path) -> None:
    if member.open is None and member.link is None:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()  # the last of several members of one name counts, and no link is followed
    if member.link is not None:
        if not member.link:
            raise ArchiveError(f"{archive}: link {member.name!r} leads nowhere; fetch it again")
        target.symlink_to(member.link)
        return
    source = None if member.open is None else member.open()
    if source is None:
        raise ArchiveError(f"{archive}: member {member.name!r} has no content; fetch it again")
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


def _escapes(archive: Path, member: str) -> ArchiveError:
    return ArchiveError(
        f"{archive}: member {member!r} leads outside of the folder that the archive is unpacked "
        "into; refused, get the archive from a source that you trust"
    )
