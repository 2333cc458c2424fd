"""What to do when the system refuses to write a file."""

from __future__ import annotations

import errno

__all__ = ["is_of_the_disk", "write_remedy"]

_REMEDIES = {
    errno.ENOSPC: "make room on that disk and try again",
    errno.EDQUOT: "make room within your quota and try again",
    errno.EFBIG: "choose a folder on a disk that takes files of that size",
    errno.EACCES: "choose a folder that you may write into",
    errno.EPERM: "choose a folder that you may write into",
    errno.EROFS: "choose a folder that can be written to",
    errno.ENAMETOOLONG: "choose a folder with a shorter path, or do it by hand with shorter names",
    errno.ENOTDIR: "choose another folder, or move the file in its place away",
    errno.EEXIST: "choose another folder, or move the file in its place away",
    errno.EISDIR: "move the folder that is in the place of the file away",
    errno.EIO: "check that disk",
}


def is_of_the_disk(error: Exception) -> bool:
    """Whether an error is one of writing files, not of a connection."""
    return type(error).__module__ == "builtins" and getattr(error, "errno", None) in _REMEDIES


def write_remedy(error: OSError) -> str:
    """What to do about it, in a few words.

    Example:
        >>> import errno
        >>> write_remedy(OSError(errno.ENOSPC, "No space left on device"))
        'make room on that disk and try again'
    """
    return _REMEDIES.get(error.errno or 0, "see to it and try again")
