"""Which torchvision transform runs on a whole batch, and how: the one registry.

Users pass ordinary torchvision transforms (v1 or v2). Each entry of :data:`REGISTRY` turns one
configured transform into a function on a batch, or declines a configuration that it does not
cover. Deterministic entries give exactly the bits of the per-sample result; random ones draw
independently for every sample. A transform without an entry runs sample by sample.

Functions made here own their argument: they may write into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .columns import Column, ImageBatch, split_column, stack_column
from .transforms import BatchTransform

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


class Step:
    """One transform of one column, in its per-sample and its batched form."""

    def __init__(self, transform: Callable[[Any], Any]) -> None:
        self.transform = transform
        known = _lookup(transform)
        self.batched = known if known is not None else Batched()
        self.is_batched = known is not None
        self._keeps_tensors = _key(transform) in {"v1.ToTensor", "v2.ToTensor"}

    def sample(self, value: Any) -> Any:
        """Transform one sample. ``ToTensor`` on what is a tensor already does what was meant."""
        if self._keeps_tensors and isinstance(value, Tensor):
            return _tensor_to_float(value)
        return self.transform(value)

    def __call__(self, column: Column) -> Column:
        """Transform a column, at once where the transform allows it, else per sample."""
        if isinstance(column, Tensor):
            if self.batched.tensor is not None:
                return self.batched.tensor(column)
        elif isinstance(column, ImageBatch) and self.batched.image is not None:
            out = self.batched.image(column.pixels)
            return ImageBatch(out) if self.batched.image_out else out
        return stack_column([self.sample(value) for value in split_column(column)])


def steps_of(transform: Callable[[Any], Any] | None) -> list[Step]:
    """The steps of a transform, with torchvision's ``Compose`` taken apart.

    Example:
        >>> from torchvision import transforms as T
        >>> nested = T.Compose([T.ToTensor(), T.Compose([T.Normalize(0.5, 0.5)])])
        >>> [type(step.transform).__name__ for step in steps_of(nested)]
        ['ToTensor', 'Normalize']
    """
    if transform is None:
        return []
    if _key(transform) in {"v1.Compose", "v2.Compose"}:
        inner: list[Any] = transform.transforms  # type: ignore[attr-defined]
        return [step for t in inner for step in steps_of(t)]
    return [Step(transform)]


def _lookup(transform: Any) -> Batched | None:
    if isinstance(transform, BatchTransform):
        return Batched(tensor=transform.batch)
    build = REGISTRY.get(_key(transform))
    return build(transform) if build is not None else None


def _key(transform: Any) -> str:
    """``v1.Name`` or ``v2.Name`` of a torchvision transform; subclasses are not recognised."""
    kind = type(transform)
    if kind.__module__ == "torchvision.transforms.transforms":
        return f"v1.{kind.__name__}"
    if kind.__module__.startswith("torchvision.transforms.v2."):
        return f"v2.{kind.__name__}"
    return ""


def _tensor_to_float(values: Tensor) -> Tensor:
    return values.to(torch.float32).div_(255) if values.dtype == torch.uint8 else values


def _to_tensor(transform: Any) -> Batched:
    return Batched(tensor=_tensor_to_float, image=_tensor_to_float)


def _to_image(transform: Any) -> Batched:
    return Batched(tensor=lambda x: x, image=lambda x: x)


def _pil_to_tensor(transform: Any) -> Batched:
    return Batched(image=lambda x: x)


def _convert_dtype(transform: Any) -> Batched:
    def convert(values: Tensor) -> Tensor:
        from torchvision.transforms.functional import convert_image_dtype

        converted: Tensor = convert_image_dtype(values, transform.dtype)
        return converted

    return Batched(tensor=convert)


def _v2_convert_dtype(transform: Any) -> Batched:
    return _v2_dtype(transform.dtype, True)


def _v2_to_dtype(transform: Any) -> Batched | None:
    if not isinstance(transform.dtype, torch.dtype):
        return None  # a dtype per kind of element
    return _v2_dtype(transform.dtype, transform.scale)


def _v2_dtype(dtype: torch.dtype, scale: bool) -> Batched:
    def convert(values: Tensor) -> Tensor:
        from torchvision.transforms.v2.functional import to_dtype

        converted: Tensor = to_dtype(values, dtype, scale=scale)
        return converted

    return Batched(tensor=convert)


def _normalize(transform: Any) -> Batched | None:
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


def _horizontal_flip(transform: Any) -> Batched:
    def flip(values: Tensor) -> Tensor:
        chosen = torch.rand(len(values)) < transform.p
        shape = (-1,) + (1,) * (values.ndim - 1)
        return torch.where(chosen.view(shape).to(values.device), values.flip(-1), values)

    return Batched(flip, flip, image_out=True)


def _random_crop(transform: Any) -> Batched | None:
    pads = _pads(transform.padding, _key(transform))
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


def _pads(padding: Any, key: str) -> list[int] | None:
    """Padding as (left, right, top, bottom); None if it is in no form known here."""
    if padding is None:
        return [0, 0, 0, 0]
    if key.startswith("v2.") and len(padding) == 4:
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


REGISTRY: dict[str, Callable[[Any], Batched | None]] = {
    "v1.ToTensor": _to_tensor,
    "v2.ToTensor": _to_tensor,
    "v2.ToImage": _to_image,
    "v1.PILToTensor": _pil_to_tensor,
    "v2.PILToTensor": _pil_to_tensor,
    "v1.ConvertImageDtype": _convert_dtype,
    "v2.ConvertImageDtype": _v2_convert_dtype,
    "v2.ToDtype": _v2_to_dtype,
    "v1.Normalize": _normalize,
    "v2.Normalize": _normalize,
    "v1.RandomHorizontalFlip": _horizontal_flip,
    "v2.RandomHorizontalFlip": _horizontal_flip,
    "v1.RandomCrop": _random_crop,
    "v2.RandomCrop": _random_crop,
}
