"""Which torchvision transform runs on a whole batch, and how: the one registry.

Users pass ordinary torchvision transforms (v1 or v2). Each entry of :data:`REGISTRY` turns one
configured transform into a function on a batch, or declines a configuration that it does not
cover. Deterministic entries give exactly the bits of the per-sample result; random ones draw
independently for every sample. A transform without an entry runs sample by sample;
:data:`PER_SAMPLE` says why for the usual ones.

Functions made here own their argument: they may write into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from . import batched_pixels as pixels
from . import batched_random as random
from .batched_pixels import Batched, tensor_to_float
from .columns import Column, ImageBatch, pack_images, split_column, stack_column
from .transforms import BatchTransform


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
            return tensor_to_float(value)
        return self.transform(value)

    def __call__(self, column: Column) -> Column:
        """Transform a column, at once where the transform allows it, else per sample."""
        if isinstance(column, Tensor):
            if self.batched.tensor is not None:
                return self.batched.tensor(column)
        elif self.batched.image is not None:
            images = column if isinstance(column, ImageBatch) else pack_images(column)
            if images is not None:
                out = self.batched.image(images.pixels)
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


REGISTRY: dict[str, Callable[[Any], Batched | None]] = {
    "v1.ToTensor": pixels.to_tensor,
    "v2.ToTensor": pixels.to_tensor,
    "v2.ToImage": pixels.to_image,
    "v1.PILToTensor": pixels.pil_to_tensor,
    "v2.PILToTensor": pixels.pil_to_tensor,
    "v1.ConvertImageDtype": pixels.convert_dtype,
    "v2.ConvertImageDtype": pixels.v2_convert_dtype,
    "v2.ToDtype": pixels.v2_to_dtype,
    "v1.Normalize": pixels.normalize,
    "v2.Normalize": pixels.normalize,
    "v1.Resize": pixels.whole,
    "v2.Resize": pixels.whole,
    "v1.CenterCrop": pixels.crop_or_pad,
    "v2.CenterCrop": pixels.crop_or_pad,
    "v1.Pad": pixels.crop_or_pad,
    "v2.Pad": pixels.crop_or_pad,
    "v1.Grayscale": pixels.grayscale,
    "v2.Grayscale": pixels.grayscale,
    "v1.RandomHorizontalFlip": random.horizontal_flip,
    "v2.RandomHorizontalFlip": random.horizontal_flip,
    "v1.RandomVerticalFlip": random.vertical_flip,
    "v2.RandomVerticalFlip": random.vertical_flip,
    "v1.RandomCrop": random.random_crop,
    "v2.RandomCrop": random.random_crop,
    "v1.RandomErasing": random.random_erasing,
    "v2.RandomErasing": random.random_erasing,
    "v1.RandomRotation": random.random_rotation,
    "v2.RandomRotation": random.random_rotation,
    "v1.ColorJitter": random.color_jitter,
    "v2.ColorJitter": random.color_jitter,
}

PER_SAMPLE: dict[str, str] = {
    "Resize": "on PIL images: PIL resamples with other weights than torch",
    "ColorJitter": "on PIL images and bytes, which round after every operation, and with hue",
    "RandomCrop": "with pad_if_needed, a padding mode other than constant, or a fill per channel",
    "Pad": "with a fill per channel",
    "RandomRotation": "on PIL images, with expand, a centre, a fill per channel, or bicubic",
    "RandomResizedCrop": "every sample has another box, so another set of resampling weights",
    "Lambda": "only its author knows what the function does to a batch",
}
"""When the usual transforms do run sample by sample, and why."""
