"""What a batch is made of while it travels from a source to the loader.

A *column* is one field of many samples: a tensor with the samples along the first dimension,
an :class:`ImageBatch` (pixels of images that a per-sample transform expects as PIL images), or,
where neither is possible, a plain list with one value per sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import torch
from torch import Tensor

Column = Union[Tensor, "ImageBatch", list[Any]]


@dataclass(frozen=True, slots=True)
class ImageBatch:
    """Pixels of a batch of PIL-like images.

    In-memory torchvision sets store raw pixels, and their samples are PIL images. A batch of
    them keeps the pixels together, so that the usual ``ToTensor`` needs no PIL image at all.

    Args:
        pixels: uint8, ``(batch, channels, height, width)`` with 1 or 3 channels.
    """

    pixels: Tensor

    def __len__(self) -> int:
        return len(self.pixels)

    def to_pil(self) -> list[Any]:
        """One PIL image per sample (mode ``L`` or ``RGB``)."""
        from PIL import Image

        arrays = self.pixels.permute(0, 2, 3, 1).contiguous().numpy()
        if arrays.shape[-1] == 1:
            arrays = arrays[..., 0]
        return [Image.fromarray(array) for array in arrays]


def pack_images(values: Sequence[Any]) -> ImageBatch | None:
    """PIL images of one size and of mode ``L`` or ``RGB`` as one batch, else None."""
    form = (getattr(values[0], "mode", ""), getattr(values[0], "size", None)) if values else None
    if form is None or form[0] not in ("L", "RGB"):
        return None
    if any((getattr(v, "mode", ""), getattr(v, "size", None)) != form for v in values):
        return None
    pixels = torch.from_numpy(np.stack([np.asarray(value) for value in values]))
    return ImageBatch(pixels.unsqueeze(1) if form[0] == "L" else pixels.permute(0, 3, 1, 2))


def split_column(column: Column) -> list[Any]:
    """One value per sample: Python numbers for 1-D integer columns, else tensors or images."""
    if isinstance(column, ImageBatch):
        return column.to_pil()
    if isinstance(column, Tensor):
        if column.ndim == 1 and not column.is_floating_point():
            values: list[Any] = column.tolist()
            return values
        return list(column.unbind(0))
    return column


def stack_column(values: Sequence[Any]) -> Column:
    """The inverse of :func:`split_column` where the values allow it, else the list itself."""
    first = values[0] if len(values) else None
    if isinstance(first, Tensor):
        same = all(
            isinstance(v, Tensor) and v.shape == first.shape and v.dtype == first.dtype
            for v in values
        )
        if same:
            return torch.stack(list(values)).as_subclass(Tensor)
    elif type(first) is int and all(type(v) is int for v in values):
        return torch.tensor(values, dtype=torch.int64)
    return list(values)


def finish_column(column: Column) -> Any:
    """A column as the loader yields it: a tensor, or what torch's default collate makes of it.

    Raises:
        TypeError: for images that no transform has turned into tensors.
        ValueError: for values of different shapes.
    """
    if isinstance(column, Tensor):
        return column
    if isinstance(column, ImageBatch) or (column and hasattr(column[0], "getbands")):
        raise TypeError(
            "the batch holds PIL images, which can't be collated: add "
            "torchvision.transforms.ToTensor() to the dataset's transforms"
        )
    from torch.utils.data import default_collate

    try:
        return default_collate(column)
    except (RuntimeError, ValueError) as error:
        arrays = [value for value in column if isinstance(value, (Tensor, np.ndarray))]
        shapes = [*dict.fromkeys(tuple(value.shape) for value in arrays)]
        if len(shapes) < 2:
            raise
        raise ValueError(
            f"the batch holds values of the shapes {shapes[0]} and {shapes[1]}, which can't be "
            "stacked: add torchvision.transforms.Resize((height, width)) to the dataset's "
            "transforms, or pass a collate_fn, such as detection_collate_fn, to the dataset"
        ) from error
