"""Reading the files of a release such that a damaged one is named, with what to do."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["damaged_images_named", "read_image", "read_json", "read_text"]

FETCH_AGAIN = "fetch the release again"


def read_text(path: Path, remedy: str = FETCH_AGAIN) -> str:
    """The content of a text file in UTF-8.

    Args:
        path: the file.
        remedy: what to do if it is damaged, for the message.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no text.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: damaged (no text at byte {error.start}: {error.reason}); {remedy}"
        ) from error


def read_json(path: Path, kind: type = object, remedy: str = FETCH_AGAIN) -> Any:
    """The content of a JSON file.

    Args:
        path: the file.
        kind: what it should hold: ``dict``, ``list``, or anything.
        remedy: what to do if it is damaged, for the message.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no JSON, or holds something else.
    """
    text = read_text(path, remedy)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: damaged ({error}); {remedy}") from error
    if not isinstance(content, kind):
        raise ValueError(
            f"{path}: holds a {type(content).__name__}, expected a {kind.__name__}; {remedy}"
        )
    return content


@contextmanager
def damaged_images_named(path: str | Path, remedy: str = FETCH_AGAIN) -> Iterator[None]:
    """What PIL, or another loader, finds wrong in an image becomes a line that names the file.

    Errors of the system, such as a missing file, say already which file they are about.

    Raises:
        ValueError: if the image is damaged.
    """
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: damaged image ({reason}); {remedy}") from error


def read_image(loader: Callable[[Any], Any], path: str | Path, remedy: str = FETCH_AGAIN) -> Any:
    """The image of a file.

    Raises:
        ValueError: if the image is damaged.
    """
    with damaged_images_named(path, remedy):
        return loader(path)
