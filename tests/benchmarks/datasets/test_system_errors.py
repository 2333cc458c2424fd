"""Errors of the disk are told from those of a connection."""

import errno
import ssl
from urllib.error import URLError

import pytest

from avalanche.benchmarks.datasets.system_errors import is_of_the_disk, write_remedy


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_errors_of_the_disk(number):
    assert is_of_the_disk(OSError(number, "x"))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "x"),
        OSError(errno.ENETUNREACH, "x"),
        TimeoutError("x"),
        URLError(OSError(errno.EACCES, "x")),
        ssl.SSLError(1, "x"),
        OSError("x"),
    ],
)
def test_errors_of_a_connection(error):
    assert not is_of_the_disk(error)


def test_what_to_do():
    assert write_remedy(OSError(errno.ENOSPC, "x")) == "make room on that disk and try again"
    assert write_remedy(OSError(errno.EBUSY, "x")) == "see to it and try again"
