"""Images in Parquet files, as the Hugging Face hub stores them, decoded once into one array."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
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


def parquet_class_names(file: str | Path, label_column: str) -> list[str] | None:
    """The names of the classes, as the Hugging Face hub notes them in the file; None without."""
    metadata = _pyarrow_parquet([file]).read_schema(file).metadata or {}
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        names: list[str] = list(features[label_column]["names"])
    except (KeyError, ValueError, TypeError):
        return None
    return names


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
    pixels = np.empty((len(encoded), *size, 3), dtype=np.uint8)
    for row, content in enumerate(encoded):  # threads make it slower: the images are tiny
        pixels[row] = _decode_one(content, size, f"{file}: row {row}")
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def _decode_one(content: bytes, size: tuple[int, int], what: str) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"{what} is no image ({error}); fetch the file again") from error
    if pixels.shape[:2] != size:
        raise ValueError(
            f"{what} has {pixels.shape[:2]} pixels, expected {size}; is it the file of another "
            "data set?"
        )
    return pixels


def _labels(table: Any, column: str, file: str | Path) -> Tensor:
    if column not in table.column_names:
        raise ValueError(
            f"{file}: no column {column!r}, found {table.column_names}; is it the file of another "
            "data set?"
        )
    return torch.tensor(table.column(column).to_pylist(), dtype=torch.int64)
