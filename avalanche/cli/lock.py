"""One process at a time writes into the folder of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avalanche.cli.errors import UsageError

__all__ = ["LOCK_FILE", "only_writer"]

LOCK_FILE = ".lock"


@contextmanager
def only_writer(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other processes from writing into a folder until the block ends or this process dies.

    The folder is made if absent. The lock is a file in it, which is gone afterwards. Where the
    system or the disk has no such locks (Windows, some network disks) nobody is kept out.

    Args:
        folder: where to write.
        wait: until another process is done, instead of an error.

    Raises:
        UsageError: another process writes there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, only_writer(Path(folder)):
        ...     pass
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK_FILE
    handle = _locked(path, folder, wait)
    try:
        yield
    finally:
        if handle is not None:
            path.unlink(missing_ok=True)
            os.close(handle)


def _locked(path: Path, folder: Path, wait: bool) -> int | None:
    """The locked file, open; None where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise UsageError(
                f"{folder}: another process is writing there; wait for it to end, or give "
                "another folder"
            ) from error
        except OSError:  # no locks on this disk
            os.close(handle)
            path.unlink(missing_ok=True)
            return None
        if _is_there(path, handle):
            return handle
        os.close(handle)  # its owner took it away between the two calls: the next one counts


def _is_there(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False
