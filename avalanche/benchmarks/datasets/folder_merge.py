"""Moving what is unpacked into a folder that may have content already: all of it, or nothing."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath

from .archive_members import ArchiveError

__all__ = ["merge_folder"]


def merge_folder(source: Path, folder: Path, archive: Path) -> None:
    """Move the content of ``source`` into ``folder``; folders that exist are merged.

    Files that exist are replaced. If a move fails, those before it are taken back.

    Args:
        source: its parent is a folder for temporary files, where replaced ones wait.
        folder: where to.
        archive: what ``source`` was unpacked from, for messages.

    Raises:
        ArchiveError: if a file is where a folder should go or the other way round. Nothing has
            been moved then.
        OSError: if the system refuses to move something.
    """
    moves = list(_moves(source, folder, archive, PurePath()))
    backups = Path(tempfile.mkdtemp(dir=source.parent))
    moved: list[tuple[Path, Path]] = []
    kept: list[tuple[Path, Path]] = []
    try:
        for number, (entry, target) in enumerate(moves):
            if os.path.lexists(target):
                backup = backups / str(number)
                _move(target, backup)
                kept.append((target, backup))
            _move(entry, target)
            moved.append((entry, target))
    except BaseException:
        for entry, target in reversed(moved):
            _move(target, entry)
        for target, backup in reversed(kept):
            _move(backup, target)
        raise


def _moves(
    source: Path, folder: Path, archive: Path, inside: PurePath, linked: bool = False
) -> Iterator[tuple[Path, Path]]:
    """What goes where; ``linked`` says that a link of the user's leads to the folder."""
    for entry in sorted(source.iterdir()):
        target, member = folder / entry.name, str(inside / entry.name)
        link, there = entry.is_symlink(), os.path.lexists(target)
        is_folder = entry.is_dir() and not link
        if is_folder and target.is_dir():
            beyond = linked or target.is_symlink()
            yield from _moves(entry, target, archive, inside / entry.name, beyond)
            continue
        if is_folder and there:
            raise _clash(archive, member, target, "a folder", "a file")
        if target.is_dir() and not (link and target.is_symlink()):
            raise _clash(archive, member, target, "a file", "a folder")
        if linked and link and ".." in entry.readlink().parts:
            raise ArchiveError(
                f"{archive}: member {member!r} links to {str(entry.readlink())!r}, which is "
                f"another place seen from {target.parent.resolve()}; replace the link that leads "
                "there with a folder, or unpack elsewhere"
            )
        yield entry, target


def _clash(archive: Path, member: str, target: Path, packed: str, found: str) -> ArchiveError:
    return ArchiveError(
        f"{archive}: member {member!r} is {packed}, but {target} is {found}; nothing was "
        f"unpacked, move {target} away and try again"
    )


def _move(source: Path, target: Path) -> None:
    """Rename, or copy where the target lies on another disk; never half a file at the target."""
    try:
        os.replace(source, target)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=target.parent) as name:
        copy = Path(name, "copy")
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, copy, symlinks=True)
        else:
            shutil.copy2(source, copy, follow_symlinks=False)
        os.replace(copy, target)
