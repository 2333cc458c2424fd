"""The IDX format of the MNIST family: a magic number, the shape, the values."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_UNSIGNED_BYTES = 0x08  # the only value type that the MNIST family uses


def read_idx(path: str | Path, dimensions: int | None = None) -> Tensor:
    """Read an IDX file of unsigned bytes, compressed with gzip or not.

    Args:
        path: the file; ``.gz`` files are decompressed.
        dimensions: how many dimensions the data must have; any if None.

    Returns:
        uint8 tensor of the shape that the file states.

    Raises:
        ValueError: if the file is no IDX file of bytes, has other dimensions, or its size is
            not what its header says.
    """
    path = Path(path)
    raw = _read(path)
    if len(raw) < 4 or raw[0] or raw[1] or raw[2] != _UNSIGNED_BYTES:
        raise ValueError(
            f"{path}: no IDX file of unsigned bytes, it starts with {raw[:4].hex(' ') or 'nothing'}"
            " instead of 00 00 08; fetch it again"
        )
    n_dims = raw[3]
    if dimensions is not None and n_dims != dimensions:
        raise ValueError(
            f"{path}: the data has {n_dims} dimensions, expected {dimensions}; check that images "
            "and labels are not exchanged"
        )
    header = 4 + 4 * n_dims
    if len(raw) < header:
        raise ValueError(f"{path}: the header is cut off at byte {len(raw)}; fetch it again")
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", n_dims, 4))
    expected = int(np.prod(shape))
    if len(raw) - header != expected:
        raise ValueError(
            f"{path}: {len(raw) - header} bytes of data, the header says {expected} for shape "
            f"{shape}; the file is damaged, fetch it again"
        )
    if not expected:
        return torch.zeros(shape, dtype=torch.uint8)
    return torch.frombuffer(raw, dtype=torch.uint8, offset=header).view(shape)


def _read(path: Path) -> bytearray:
    if path.suffix != ".gz":
        with path.open("rb") as file:
            content = bytearray(path.stat().st_size)
            read = file.readinto(content)  # into a buffer of its own: torch may share it
            return content[:read] if read < len(content) else content
    try:
        return bytearray(gzip.decompress(path.read_bytes()))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: damaged gzip file ({error}); fetch it again") from error
