"""Wrong use of the command line: one line that names the argument, the value and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["UsageError", "nearest"]


class UsageError(Exception):
    """The user asked for something that cannot be done; the message is one line, exit code 2."""


def nearest(wrong: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Return the known names that look most like `wrong`, best first; upper case does not matter.

    Example:
        >>> nearest("replya", ["Naive", "Replay", "EWC"])
        ['Replay']
    """
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(wrong.lower(), by_lower, n=count, cutoff=0.5)
    return [by_lower[name] for name in close]
