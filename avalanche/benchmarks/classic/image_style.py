"""Which transforms were written for images of PIL, where the data are tensors."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from ..utils import TransformGroups
from ..utils.batched_transforms import steps_of
from ..utils.random_state import RandomState
from ..utils.transforms import BatchTransform

__all__ = ["ToImage", "expects_image", "prepared"]

_TO_TENSOR = ("PILToTensor", "ToImage", "ToTensor")  # of either version of torchvision


class ToImage:
    """A stored image, uint8 ``(channels, height, width)``, as an image of PIL."""

    def __call__(self, pixels: Tensor) -> Any:
        from torchvision.transforms.functional import to_pil_image

        return to_pil_image(pixels)

    def __repr__(self) -> str:
        return "ToImage()"


def prepared(transforms: dict[str, Any], scale: BatchTransform, pixels: Tensor) -> TransformGroups:
    """What turns a stored image into what the transform of each group expects.

    Args:
        transforms: group to the user's transform.
        scale: makes a tensor in [0, 1] of the stored pixels.
        pixels: one stored image, to try the transforms on.
    """
    return TransformGroups(
        {
            group: ToImage() if expects_image(transform, scale, pixels) else scale
            for group, transform in transforms.items()
        }
    )


def expects_image(transform: Any, scale: BatchTransform, pixels: Tensor) -> bool:
    """Whether a transform was written for images: it fails on tensors, or means another thing.

    The latter only where it makes a tensor itself: ``Grayscale(3)`` before ``ToTensor()``.
    """
    if transform is None:
        return False
    of_image = _tried(transform, ToImage()(pixels))
    if of_image is None:
        return False
    of_tensor = _tried(transform, scale(pixels))
    if of_tensor is None:
        return True
    makes_tensor = any(type(step.transform).__name__ in _TO_TENSOR for step in steps_of(transform))
    return makes_tensor and not _same(of_tensor[0], of_image[0])


def _tried(transform: Any, image: Any) -> tuple[Any] | None:
    """What a transform gives, or None where it fails; the random state is left as it is."""
    with RandomState():
        try:
            for step in steps_of(deepcopy(transform)):  # as datasets apply it
                image = step.sample(image)
            return (image,)
        except Exception:  # whatever a user's function says of what it was not written for
            return None


def _same(a: Any, b: Any) -> bool:
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return type(a) is type(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    return torch.allclose(a.float(), b.float(), atol=0.02)  # resizing rounds bytes
