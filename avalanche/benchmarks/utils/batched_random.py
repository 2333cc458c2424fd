"""Random torchvision transforms on whole batches, with independent draws for every sample.

Each function takes one configured transform and returns its batched form, or None for a
configuration that it does not cover. What is drawn has the distribution of the original; given
the draws, pixels are what the original gives for each sample alone (to 1e-5 where colours are
blended or interpolated).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .batched_pixels import Batched, BatchFunction


def horizontal_flip(transform: Any) -> Batched:
    """Mirror left and right with probability ``p``."""
    return _flip(transform, -1)


def vertical_flip(transform: Any) -> Batched:
    """Mirror top and bottom with probability ``p``."""
    return _flip(transform, -2)


def _flip(transform: Any, dim: int) -> Batched:
    def flip(values: Tensor) -> Tensor:
        chosen = torch.rand(len(values)) < transform.p
        shape = (-1,) + (1,) * (values.ndim - 1)
        return torch.where(chosen.view(shape).to(values.device), values.flip(dim), values)

    return Batched(flip, flip, image_out=True)


def random_crop(transform: Any) -> Batched | None:
    pads = _pads(transform.padding, "transforms.v2" in type(transform).__module__)
    if transform.pad_if_needed or transform.padding_mode != "constant" or pads is None:
        return None
    fill = _fill(transform.fill)
    if fill is None:
        return None
    height, width = transform.size

    def crop(values: Tensor) -> Tensor:
        if any(pads):
            values = torch.nn.functional.pad(values, pads, value=fill)
        windows = values.unfold(2, height, 1).unfold(3, width, 1)  # (n, c, tops, lefts, h, w)
        n, tops, lefts = len(values), windows.shape[2], windows.shape[3]
        top, left = torch.randint(tops, (n,)), torch.randint(lefts, (n,))
        return windows[torch.arange(n), :, top, left]

    return Batched(crop, crop, image_out=True)


def _pads(padding: Any, is_v2: bool) -> list[int] | None:
    """Padding as (left, right, top, bottom); None if it is in no form known here."""
    if padding is None:
        return [0, 0, 0, 0]
    if is_v2 and len(padding) == 4:
        return list(padding)  # v2 keeps it in this order already
    if isinstance(padding, int):
        return [padding] * 4
    values = [int(p) for p in padding]
    if len(values) == 1:
        return values * 4
    if len(values) == 2:
        return [values[0], values[0], values[1], values[1]]
    return [values[0], values[2], values[1], values[3]] if len(values) == 4 else None


def _fill(fill: Any) -> float | None:
    """One number that fills all channels, or None if the transform fills them differently."""
    if isinstance(fill, dict):
        return None
    return float(fill) if isinstance(fill, (int, float)) else None


def random_erasing(transform: Any) -> Batched:
    """Overwrite a random box with probability ``p``; its area and shape are drawn ten times."""
    value = transform.value
    noise = value is None or value == "random"

    def erase(values: Tensor) -> Tensor:
        n, _, height, width = values.shape
        area = height * width * torch.empty(n, 10).uniform_(*transform.scale)
        low, high = (math.log(r) for r in transform.ratio)
        ratio = torch.empty(n, 10).uniform_(low, high).exp()
        heights = (area * ratio).sqrt().round().long()
        widths = (area / ratio).sqrt().round().long()
        fits = (heights < height) & (widths < width)
        first = fits.to(torch.uint8).argmax(1, keepdim=True)  # the first try that fits
        chosen = fits.any(1) & (torch.rand(n) < transform.p)
        box_h, box_w = heights.gather(1, first), widths.gather(1, first)
        top = (torch.rand(n, 1) * (height - box_h + 1)).long()
        left = (torch.rand(n, 1) * (width - box_w + 1)).long()
        rows, cols = torch.arange(height), torch.arange(width)
        in_rows = (rows >= top) & (rows < top + box_h) & chosen[:, None]
        in_cols = (cols >= left) & (cols < left + box_w)
        inside = (in_rows[:, :, None] & in_cols[:, None, :]).unsqueeze(1).to(values.device)
        if noise:
            fill = torch.empty_like(values, dtype=torch.float32).normal_().to(values.dtype)
        else:
            fill = torch.as_tensor(value, dtype=values.dtype, device=values.device).view(-1, 1, 1)
        return torch.where(inside, fill, values)

    return Batched(tensor=erase)


def color_jitter(transform: Any) -> Batched | None:
    """Brightness, contrast and saturation of float images, in an order drawn for every sample."""
    if transform.hue is not None and tuple(transform.hue) != (0.0, 0.0):
        return None  # conversion to HSV and back costs the same per sample
    ranges = [transform.brightness, transform.contrast, transform.saturation]
    per_sample = _loop(transform)

    def jitter(values: Tensor) -> Tensor:
        n, channels = values.shape[:2]
        if channels != 3 or not values.is_floating_point():
            return per_sample(values)
        order = torch.rand(n, 3).argsort(1)
        factors = [None if r is None else torch.empty(n, 1, 1, 1).uniform_(*r) for r in ranges]
        for position in range(3):
            for operation, factor in enumerate(factors):
                rows = (order[:, position] == operation).nonzero().flatten()
                if factor is not None and len(rows):
                    picked, weight = values[rows], factor[rows].to(values)
                    values[rows] = adjust(operation, picked, weight)
        return values

    return Batched(tensor=jitter)


def adjust(operation: int, values: Tensor, factor: Tensor) -> Tensor:
    """Blend float images ``(batch, 3, height, width)`` with what the operation fades to.

    Args:
        operation: 0 brightness (fades to black), 1 contrast (to the mean grey), 2 saturation (to
            its grey image).
        values: in [0, 1].
        factor: ``(batch, 1, 1, 1)``; 1 keeps the image.
    """
    if operation == 0:
        return (values * factor).clamp_(0, 1)
    weights = values.new_tensor([0.2989, 0.587, 0.114]).view(3, 1, 1)
    grey = (values * weights).sum(1, keepdim=True)
    faded = grey.mean((1, 2, 3), keepdim=True) if operation == 1 else grey
    return (values * factor + faded * (1 - factor)).clamp_(0, 1)


def random_rotation(transform: Any) -> Batched | None:
    """Turn by an angle drawn for every sample, about the centre, with one number around."""
    mode = str(getattr(transform.interpolation, "value", transform.interpolation))
    fill = _fill(transform.fill)
    if transform.expand or transform.center is not None or fill is None:
        return None
    if mode not in ("nearest", "bilinear"):
        return None
    low, high = transform.degrees

    def turn(values: Tensor) -> Tensor:
        return rotate(values, torch.empty(len(values)).uniform_(low, high), mode, fill)

    return Batched(tensor=turn)


def rotate(values: Tensor, angles: Tensor, mode: str, fill: float) -> Tensor:
    """Turn every image counter-clockwise by its own angle.

    Args:
        values: images, ``(batch, channels, height, width)``.
        angles: degrees, ``(batch,)``.
        mode: ``nearest`` or ``bilinear``.
        fill: the value around the image.
    """
    _, _, height, width = values.shape
    images = values if values.is_floating_point() else values.to(torch.float32)
    turned = torch.deg2rad(-angles.double())
    cos, sin, zero = turned.cos(), turned.sin(), torch.zeros_like(turned, dtype=torch.float64)
    theta = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    theta = torch.cat([theta, torch.stack([zero, zero], 1).unsqueeze(1)], 1).to(images)
    xs = torch.linspace(-width * 0.5 + 0.5, width * 0.5 - 0.5, width).to(images)
    ys = torch.linspace(-height * 0.5 + 0.5, height * 0.5 - 0.5, height).to(images)
    pixels = [xs.expand(height, width), ys[:, None].expand(height, width), torch.ones_like(xs)]
    base = torch.stack([pixels[0], pixels[1], pixels[2].expand(height, width)], -1)
    scaled = theta / torch.tensor([0.5 * width, 0.5 * height]).to(images)
    grid = base.view(1, -1, 3).expand(len(values), -1, -1).bmm(scaled)
    grid = grid.view(len(values), height, width, 2)
    inside = images.new_ones(len(values), 1, height, width)
    both = torch.nn.functional.grid_sample(
        torch.cat([images, inside], 1), grid, mode=mode, padding_mode="zeros", align_corners=False
    )
    out, mask = both[:, :-1], both[:, -1:]
    if mode == "nearest":
        out = torch.where(mask < 0.5, torch.full_like(out[:1, :1, :1, :1], fill), out)
    else:
        out = out * mask + (1.0 - mask) * fill
    return out if values.is_floating_point() else out.round_().to(values.dtype)


def _loop(transform: Any) -> BatchFunction:
    return lambda values: torch.stack([transform(value) for value in values])
