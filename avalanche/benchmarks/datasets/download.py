"""Fetching files: resumed where they stopped, checked, and never half there.

A file is written to ``<name>.part`` and renamed when it is whole and its checksum is right, so
that a file which exists is a file which can be used. An interrupted transfer goes on where it
stopped, by an HTTP range request. What arrived is kept after a failure only if the next try can go
on from there, and the message says where it is.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from .system_errors import is_of_the_disk, write_remedy

__all__ = ["DownloadError", "download_file", "file_checksum", "has_checksum"]

_BLOCK = 1 << 20  # bytes read at once: large enough for full speed, small enough for a smooth bar
_TIMEOUT = 30.0  # seconds without an answer after which a server counts as silent
_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # by hexadecimal digits


class DownloadError(RuntimeError):
    """A file can't be fetched: the message says which, from where, and where to put it by hand."""


class _ChecksumError(Exception):
    """The file is whole, but not the one that is wanted."""


class _Advance(Protocol):
    def __call__(self, received: int, total: int | None) -> None: ...


class _InterruptedError(Exception):
    """The connection broke; what has arrived is kept."""


_ERRORS = (OSError, http.client.HTTPException, _InterruptedError, _ChecksumError)


def download_file(
    url: str | Sequence[str], target: str | Path, checksum: str | None = None
) -> Path:
    """Fetch a file, unless it is there already.

    Args:
        url: its address (http or https), or several: mirrors are tried in order.
        target: the file to write; its folder is created.
        checksum: md5, sha1, sha256 or sha512 of the file in hexadecimal digits; the length says
            which. Without one only the length that the server states is checked.

    Returns:
        ``target``.

    Raises:
        DownloadError: if no address gives the file, or it can't be written.
        ValueError: if ``checksum`` is none, an address is of another kind, or ``target`` is there
            but does not have the checksum (it is left alone).

    Example:
        >>> download_file("ftp://example.org/data.zip", "data.zip")
        Traceback (most recent call last):
        ValueError: url='ftp://example.org/data.zip': expected an http or https address
    """
    target = Path(target)
    urls = [url] if isinstance(url, str) else list(url)
    for address in urls:
        if urlsplit(address).scheme not in {"http", "https"}:
            raise ValueError(f"url={address!r}: expected an http or https address")
    if checksum is not None:
        _algorithm(checksum)
    errors: list[Exception] = []
    with _alone(target):
        if target.is_file():
            return _checked(target, checksum)
        for address in urls:
            try:
                return _fetch(address, target, checksum)
            except _ERRORS as error:
                errors.append(error)
                if isinstance(error, OSError) and is_of_the_disk(error):
                    reason = f"{target.parent} can't be written to ({_reason(error)})"
                    raise _failure(target, checksum, reason, write_remedy(error)) from error
        reasons = [
            f"{address} failed ({_reason(error)})"
            for address, error in zip(urls, errors, strict=True)
        ]
        remedy = "connect to a network and try again, or put the file"
        if any(isinstance(error, _ChecksumError) for error in errors):
            remedy = (
                "another file is there by now, or it was damaged: try again, or put the right one"
            )
        raise _failure(target, checksum, "; ".join(reasons), f"{remedy} at {target} by hand")


def _failure(target: Path, checksum: str | None, reason: str, remedy: str) -> DownloadError:
    """The error to raise; a beginning stays only if one can tell whether a rest belongs to it."""
    part, tag = _beside(target)
    size = part.stat().st_size if part.is_file() else 0
    kept = ""
    if size and (checksum is not None or _version(tag) is not None):
        kept = f"{size} bytes are kept in {part}, the next try goes on from there; "
    else:
        for left in (part, tag):
            with suppress(OSError):  # the error that matters is the one that is being reported
                left.unlink(missing_ok=True)
    return DownloadError(f"{target.name} can't be downloaded: {reason}; {kept}{remedy}")


def file_checksum(path: str | Path, like: str) -> str:
    """The checksum of a file, by the algorithm that gives as many digits as ``like`` has."""
    digest = hashlib.new(_algorithm(like), usedforsecurity=False)
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def has_checksum(path: str | Path, checksum: str) -> bool:
    """Whether a file exists and has that checksum."""
    return Path(path).is_file() and file_checksum(path, checksum) == checksum.lower()


def _checked(target: Path, checksum: str | None) -> Path:
    if checksum is not None and not has_checksum(target, checksum):
        raise ValueError(
            f"{target}: checksum {file_checksum(target, checksum)}, expected {checksum}; the "
            "file is damaged or another one: delete it and try again"
        )
    return target


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time fetches a file; the others wait for it and find it there.

    The lock is a file outside of the data set's folder, which its owner's death releases. Where
    the system has no such locks everybody fetches for himself.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    name = hashlib.sha256(f"{os.getuid()} {target.absolute()}".encode()).hexdigest()[:24]
    with Path(tempfile.gettempdir(), f"avalanche-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _algorithm(checksum: str) -> str:
    hexadecimal = all(digit in "0123456789abcdef" for digit in checksum.lower())
    if not hexadecimal or len(checksum) not in _ALGORITHMS:
        known = ", ".join(f"{name} ({digits})" for digits, name in _ALGORITHMS.items())
        raise ValueError(
            f"checksum={checksum!r}: expected the hexadecimal digits of one of {known}"
        )
    return _ALGORITHMS[len(checksum)]


def _beside(target: Path) -> tuple[Path, Path]:
    """The file that the beginning is in, and the one that says of which version it is."""
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.tag")


def _fetch(url: str, target: Path, checksum: str | None) -> Path:
    """One address; a wrong checksum after a resumed transfer is worth one fresh start."""
    part, tag = _beside(target)
    resumed = part.is_file() and part.stat().st_size > 0
    with _progress(target.name) as advance:
        _transfer(url, part, tag, checksum, advance)
        if checksum is not None and not has_checksum(part, checksum) and resumed:
            part.unlink()
            _transfer(url, part, tag, checksum, advance)
    tag.unlink(missing_ok=True)
    if checksum is not None and not has_checksum(part, checksum):
        found = file_checksum(part, checksum)
        part.unlink()
        raise _ChecksumError(f"checksum {found}, expected {checksum}")
    os.replace(part, target)
    return target


def _transfer(url: str, part: Path, tag: Path, checksum: str | None, advance: _Advance) -> None:
    """Fetch what is missing; a connection that broke after some progress is tried again."""
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            _request(url, part, tag, checksum, advance)
            return
        except (http.client.HTTPException, ConnectionError, TimeoutError, _InterruptedError):
            after = part.stat().st_size if part.is_file() else 0
            if after <= before:
                raise


def _request(url: str, part: Path, tag: Path, checksum: str | None, advance: _Advance) -> None:
    """Ask for the rest of the file, and for all of it where the server has another one by now."""
    start = part.stat().st_size if part.is_file() else 0
    known = _version(tag)
    if known is None and checksum is None:
        start = 0  # nothing would tell whether the two halves belong together
    headers = {"User-Agent": "avalanche", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if known is not None:
            headers["If-Range"] = known
    try:
        response = urlopen(Request(url, headers=headers), timeout=_TIMEOUT)
    except HTTPError as error:
        with error:
            if error.code != 416 or not start:
                raise
            # There is nothing after what we have: it is whole, or of another file.
            if error.headers.get("Content-Range") == f"bytes */{start}":
                return
        part.unlink()
        _request(url, part, tag, checksum, advance)
        return
    with response:
        part.parent.mkdir(parents=True, exist_ok=True)
        if response.status != 206:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise _InterruptedError("the server sent another part of the file than asked for")
        _remember(response.headers.get("ETag") or response.headers.get("Last-Modified"), tag)
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        with part.open("ab" if start else "wb") as file:
            received = _copy(response, file, start, total, advance)
    if total is not None and received < total:
        raise _InterruptedError(f"the connection broke after {received} of {total} bytes")


def _copy(response: Any, file: Any, received: int, total: int | None, advance: _Advance) -> int:
    advance(received, total)
    while block := response.read(_BLOCK):
        file.write(block)
        received += len(block)
        advance(received, total)
    return received


def _version(tag: Path) -> str | None:
    return (tag.read_text(encoding="utf-8") or None) if tag.is_file() else None


def _remember(version: str | None, tag: Path) -> None:
    """Note which version of the file is being fetched; weak tags do not identify bytes."""
    if version is None or version.startswith("W/"):
        tag.unlink(missing_ok=True)
    else:
        tag.write_text(version, encoding="utf-8")


@contextmanager
def _progress(name: str) -> Iterator[_Advance]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda received, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task(name, total=None)
        yield lambda received, total: bars.update(bar, completed=received, total=total)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP {error.code} {error.reason}"
    if isinstance(error, URLError):
        return str(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__
