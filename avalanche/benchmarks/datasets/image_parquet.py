"""Images in Parquet files, as the Hugging Face hub stores them, decoded once into one array."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def read_image_parquet(
    files: Sequence[str | Path], label_column: str, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Decode the RGB images of Parquet files that all have one size.

    Args:
        files: the shards of a split, in order.
        label_column: the column with the labels.
        size: height and width of every image, in pixels.

    Returns:
        uint8 images ``(samples, 3, height, width)`` and int64 labels ``(samples,)``.

    Raises:
        ImportError: without ``pyarrow``.
        ValueError: if a file is damaged, lacks a column, or has an image of another size.
    """
    parquet = _pyarrow_parquet(files)
    images: list[Tensor] = []
    labels: list[Tensor] = []
    for file in files:
        try:
            table = parquet.read_table(file)
        except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
            raise ValueError(f"{file}: no Parquet file ({error}); fetch it again") from error
        encoded = _encoded_images(table, file)
        images.append(_decode(encoded, size, file))
        labels.append(_labels(table, label_column, file))
    return torch.cat(images), torch.cat(labels)


def _pyarrow_parquet(files: Sequence[str | Path]) -> Any:
    try:
        return import_module("pyarrow.parquet")
    except ImportError as error:
        raise ImportError(
            f"{files[0]}: reading Parquet files needs pyarrow; "
            "pip install 'avalanche-lib[hf]' (or pyarrow alone)"
        ) from error


def _encoded_images(table: Any, file: str | Path) -> list[bytes]:
    """The column of images: ``img`` or ``image``, a struct with ``bytes``, or bytes alone."""
    name = next((n for n in ("img", "image") if n in table.column_names), None)
    if name is None:
        raise ValueError(
            f"{file}: no column 'img' or 'image', found {table.column_names}; is it the file of "
            "another data set?"
        )
    values: list[Any] = table.column(name).to_pylist()
    encoded: list[Any] = [v.get("bytes") if isinstance(v, dict) else v for v in values]
    for row, content in enumerate(encoded):
        if not isinstance(content, bytes):
            raise ValueError(
                f"{file}: row {row} of column {name!r} has no bytes of an image; expected images "
                "stored in the file, not paths"
            )
    return encoded


def _decode(encoded: list[bytes], size: tuple[int, int], file: str | Path) -> Tensor:
    from torchvision.io import ImageReadMode, decode_image

    pixels = torch.empty((len(encoded), 3, *size), dtype=torch.uint8)
    for row, content in enumerate(encoded):
        try:
            raw = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            image = decode_image(raw, ImageReadMode.RGB)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"{file}: row {row} is no image ({error}); fetch it again") from error
        if image.shape != pixels.shape[1:]:
            raise ValueError(
                f"{file}: the image of row {row} has {tuple(image.shape[1:])} pixels, expected "
                f"{size}; is it the file of another data set?"
            )
        pixels[row] = image
    return pixels


def _labels(table: Any, column: str, file: str | Path) -> Tensor:
    if column not in table.column_names:
        raise ValueError(
            f"{file}: no column {column!r}, found {table.column_names}; is it the file of another "
            "data set?"
        )
    return torch.tensor(table.column(column).to_pylist(), dtype=torch.int64)
