"""Deterministic torchvision transforms on whole batches, equal to the per-sample result to the bit.

Each function takes one configured transform and returns its batched form, or None for a
configuration that it does not cover. :mod:`avalanche.benchmarks.utils.batched_transforms` says
which transform each belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

BatchFunction = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Batched:
    """How a transform runs on a batch.

    Args:
        tensor: on a batch of tensors, or None if it must run per sample.
        image: on the pixels of PIL-like images, or None if it must run per sample.
        image_out: whether ``image`` yields pixels of PIL-like images again, not tensors.
    """

    tensor: BatchFunction | None = None
    image: BatchFunction | None = None
    image_out: bool = False


def tensor_to_float(values: Tensor) -> Tensor:
    return values.to(torch.float32).div_(255) if values.dtype == torch.uint8 else values


def to_tensor(transform: Any) -> Batched:
    return Batched(tensor=tensor_to_float, image=tensor_to_float)


def to_image(transform: Any) -> Batched:
    return Batched(tensor=lambda x: x, image=lambda x: x)


def pil_to_tensor(transform: Any) -> Batched:
    return Batched(image=lambda x: x)


def convert_dtype(transform: Any) -> Batched:
    def convert(values: Tensor) -> Tensor:
        from torchvision.transforms.functional import convert_image_dtype

        converted: Tensor = convert_image_dtype(values, transform.dtype)
        return converted

    return Batched(tensor=convert)


def v2_convert_dtype(transform: Any) -> Batched:
    return _v2_dtype(transform.dtype, True)


def v2_to_dtype(transform: Any) -> Batched | None:
    if not isinstance(transform.dtype, torch.dtype):
        return None  # a dtype per kind of element
    return _v2_dtype(transform.dtype, transform.scale)


def _v2_dtype(dtype: torch.dtype, scale: bool) -> Batched:
    def convert(values: Tensor) -> Tensor:
        from torchvision.transforms.v2.functional import to_dtype

        converted: Tensor = to_dtype(values, dtype, scale=scale)
        return converted

    return Batched(tensor=convert)


def normalize(transform: Any) -> Batched | None:
    mean, std = torch.as_tensor(transform.mean), torch.as_tensor(transform.std)
    if mean.ndim > 1 or std.ndim > 1 or bool((std == 0).any()):
        return None
    cache: dict[tuple[torch.dtype, torch.device], tuple[Tensor, Tensor]] = {}

    def normalize(values: Tensor) -> Tensor:
        if not values.is_floating_point():
            raise TypeError(
                f"Normalize on images of dtype {values.dtype}: expected float images; "
                "put ToTensor() or ConvertImageDtype(torch.float32) before it"
            )
        key = (values.dtype, values.device)
        if key not in cache:
            cache[key] = (
                torch.as_tensor(transform.mean, dtype=key[0], device=key[1]).view(-1, 1, 1),
                torch.as_tensor(transform.std, dtype=key[0], device=key[1]).view(-1, 1, 1),
            )
        m, s = cache[key]
        return values.sub_(m).div_(s)

    return Batched(tensor=normalize)


def whole(transform: Any) -> Batched:
    """Transforms whose tensor form takes leading batch dimensions, and does not draw."""
    return Batched(tensor=transform)


def crop_or_pad(transform: Any) -> Batched | None:
    """Transforms that move pixels and fill with one number: the same on images and tensors."""
    fill = getattr(transform, "fill", 0)
    if not isinstance(fill, (int, float)):
        return None  # a number per channel
    on_images = isinstance(fill, int) or float(fill).is_integer()
    move = _contiguous(transform)
    return Batched(move, move if on_images else None, image_out=True)


def grayscale(transform: Any) -> Batched:
    """On images the integer arithmetic of PIL, on tensors torchvision's own."""
    channels = transform.num_output_channels

    def convert(pixels: Tensor) -> Tensor:
        grey = pixels
        if pixels.shape[1] == 3:
            r, g, b = pixels.to(torch.int32).unbind(1)
            luma = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16  # ITU-R 601-2, as PIL rounds
            grey = luma.to(torch.uint8).unsqueeze(1)
        return grey.repeat(1, channels, 1, 1) if channels > 1 else grey

    return Batched(_contiguous(transform), convert, image_out=True)


def _contiguous(transform: Any) -> BatchFunction:
    """What torchvision returns may be one value seen many times; later steps write into it."""

    def run(values: Tensor) -> Tensor:
        out: Tensor = transform(values)
        return out.contiguous()

    return run
