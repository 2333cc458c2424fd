"""scikit-learn's handwritten digits: real images that come with a dependency."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor

PIXEL_MAXIMUM = 16  # the digits are stored with 17 grey levels


def digits_tensors(
    train: bool = True, test_size: float = 0.25, split_seed: int = 0
) -> tuple[Tensor, Tensor]:
    """The 1,797 images of 8x8 pixels, split into training and test data class by class.

    The split depends only on ``test_size`` and ``split_seed``, not on any version of a library:
    the samples of every class are permuted with numpy's legacy generator, which is frozen.

    Args:
        train: the training part, else the test part.
        test_size: fraction of every class that is test data, between 0 and 1.
        split_seed: of the split.

    Returns:
        uint8 images ``(samples, 1, 8, 8)`` with values from 0 to 16, and int64 labels
        ``(samples,)``, in the order of the original data.

    Raises:
        ValueError: if ``test_size`` is not between 0 and 1.

    Example:
        >>> images, labels = digits_tensors()
        >>> images.shape, int(images.max()), len(labels) + len(digits_tensors(train=False)[1])
        (torch.Size([1347, 1, 8, 8]), 16, 1797)
    """
    if not 0 < test_size < 1:
        raise ValueError(
            f"test_size={test_size!r}: expected a fraction between 0 and 1, such as 0.25"
        )
    bunch = _bunch()
    labels = np.asarray(bunch.target, dtype=np.int64)
    in_test = np.zeros(len(labels), dtype=bool)
    draws = np.random.RandomState(split_seed)
    for label in np.unique(labels):
        positions = draws.permutation(np.flatnonzero(labels == label))
        in_test[positions[: round(test_size * len(positions))]] = True
    chosen = ~in_test if train else in_test
    pixels = np.asarray(bunch.images, dtype=np.uint8)[chosen]
    return torch.from_numpy(pixels).unsqueeze(1), torch.from_numpy(labels[chosen])


def _bunch() -> Any:
    """The original data; a library that scikit-learn imports draws from Python's generator."""
    state = random.getstate()
    try:
        from sklearn.datasets import load_digits

        return load_digits()
    finally:
        random.setstate(state)
