"""Streams straight from data, for training loops without a benchmark object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .online_stream import split_online_stream
from .streams import CLStream
from .supervised import class_incremental_benchmark


def split_by_class(
    train: Any,
    test: Any,
    num_experiences: int,
    *,
    class_order: Sequence[int] | None = None,
    seed: int | None = None,
) -> tuple[CLStream[Any], CLStream[Any]]:
    """A train and a test stream with new classes in every experience.

    Args:
        train: training data: any dataset of ``(x, y)`` samples.
        test: test data.
        num_experiences: number of experiences.
        class_order: the classes in order of appearance; by default a random order.
        seed: of the random order, see :func:`class_incremental_benchmark`.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.randn(8, 2), torch.arange(8) % 4)
        >>> train_stream, test_stream = split_by_class(data, data, 2, class_order=[0, 1, 2, 3])
        >>> [e.classes_in_this_experience for e in train_stream]
        [{0, 1}, {2, 3}]
    """
    benchmark = class_incremental_benchmark(
        {"train": train, "test": test},
        num_experiences=num_experiences,
        class_order=class_order,
        seed=seed,
    )
    return benchmark.train_stream, benchmark.test_stream


def ocl_split(
    stream: Any, num_experiences: int, *, shuffle: bool = True, seed: int | None = None
) -> CLStream[Any]:
    """An online stream of about ``num_experiences`` small experiences of equal size.

    Parts never mix experiences of ``stream``, so the number is reached exactly where all of them
    divide into parts of the same size, and is a little larger otherwise.

    Args:
        stream: a stream or list of experiences.
        num_experiences: number of parts.
        shuffle: whether the samples of an experience are dealt out in random order.
        seed: of that order, see :func:`split_online_stream`.

    Raises:
        ValueError: if there are fewer samples than parts.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.randn(8, 2), torch.arange(8) % 4)
        >>> train_stream, _ = split_by_class(data, data, 2)
        >>> [len(part.dataset) for part in ocl_split(train_stream, 4)]
        [2, 2, 2, 2]
    """
    sizes = [len(experience.dataset) for experience in stream]
    if not 1 <= num_experiences <= sum(sizes):
        raise ValueError(
            f"num_experiences={num_experiences}: the stream has {sum(sizes)} samples; expected 1 "
            f"to {sum(sizes)}"
        )
    size = -(-sum(sizes) // num_experiences)
    return split_online_stream(stream, size, shuffle, seed=seed)
