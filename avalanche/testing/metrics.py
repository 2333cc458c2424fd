"""Checks that every standalone metric must pass."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

__all__ = ["check_metric"]


def check_metric(
    make: Callable[[], Any],
    data: Sequence[torch.Tensor],
    oracle: Callable[..., Any],
    *,
    update: Callable[..., None] | None = None,
) -> None:
    """Run every check on a metric that accumulates over samples.

    The result equals an independent computation, it is the same however the batches are cut, and
    ``reset`` brings back the beginning.

    Args:
        make: makes a new metric.
        data: columns of the whole data, each ``(samples, ...)``.
        oracle: ``oracle(*data)``, computed from the whole data at once by other means.
        update: ``update(metric, *columns)`` gives a batch to the metric; by default
            ``metric.update(*columns)``.

    Raises:
        AssertionError: with what is wrong.
    """
    update = update or (lambda metric, *columns: metric.update(*columns))
    metric = make()
    empty = metric.result()
    expected = oracle(*data)
    count = len(data[0])
    for size in (count, 1, 3):
        for start in range(0, count, size):
            update(metric, *(column[start : start + size] for column in data))
        assert close(metric.result(), expected), (
            f"batches of {size}: got {metric.result()}, the oracle says {expected}"
        )
        assert close(metric.result(), expected), "reading the result changed it"
        metric.reset()
        assert close(metric.result(), empty), "reset did not bring back the beginning"


def close(a: Any, b: Any) -> bool:
    """Equality of numbers, tensors, and dictionaries or lists of them, up to rounding."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if torch.is_tensor(a) or torch.is_tensor(b):
        x, y = torch.as_tensor(a).double(), torch.as_tensor(b).double()
        return x.shape == y.shape and torch.allclose(x, y, atol=1e-6, equal_nan=True)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
    return bool(a == b)
