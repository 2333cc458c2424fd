"""Transforms that show square images with their pixels in other places, one per experience."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..utils.transforms import RearrangePixels

__all__ = ["permutations", "rotations"]


def permutations(n_experiences: int, seed: int | None, side: int) -> list[RearrangePixels]:
    """Random permutations of the pixels of images of ``side`` x ``side`` pixels.

    Args:
        n_experiences: how many.
        seed: without one it comes from torch's global generator.
        side: height and width.

    Raises:
        ValueError: if ``n_experiences`` is not positive.
    """
    _check_experiences(n_experiences)
    random = np.random.RandomState(_seed(seed))
    return [
        RearrangePixels(torch.from_numpy(random.permutation(side * side)), "permuted")
        for _ in range(n_experiences)
    ]


def rotations(
    n_experiences: int, seed: int | None, rotations_list: Sequence[int] | None, side: int
) -> list[RearrangePixels]:
    """Rotations of images of ``side`` x ``side`` pixels, by nearest neighbour around the centre.

    Args:
        n_experiences: how many.
        seed: of random angles in whole degrees; without one it comes from torch's global generator.
        rotations_list: the angles in degrees, from -180 to 180, instead of random ones.
        side: height and width.

    Raises:
        ValueError: if there is not one angle per experience, or one is out of range.
    """
    _check_experiences(n_experiences)
    if rotations_list is None:
        random = np.random.RandomState(_seed(seed))
        angles = [float(random.randint(-180, 181)) for _ in range(n_experiences)]
    else:
        angles = [float(angle) for angle in rotations_list]
        if len(angles) != n_experiences or any(abs(angle) > 180 for angle in angles):
            raise ValueError(
                f"rotations_list={list(rotations_list)}: expected {n_experiences} angles (one per "
                "experience) from -180 to 180 degrees"
            )
    return [RearrangePixels(_rotated_index(a, side), f"rotated by {a:g}") for a in angles]


def _rotated_index(angle: float, side: int) -> Tensor:
    """Which pixel every pixel of a rotated image shows, -1 where it shows none.

    Rotating an image whose values are its own pixel numbers (from 1) tells.
    """
    from torchvision.transforms.functional import rotate

    numbers = torch.arange(1.0, side * side + 1).view(1, side, side)
    rotated: Tensor = rotate(numbers, angle)
    return rotated.flatten().long() - 1


def _seed(seed: int | None) -> int:
    return int(torch.randint(2**31, ())) if seed is None else int(seed)


def _check_experiences(n_experiences: int) -> None:
    if not isinstance(n_experiences, int) or n_experiences < 1:
        raise ValueError(f"n_experiences={n_experiences!r}: expected an int above zero")
