"""Averages and sums that stay on the device until they are read."""

from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric

__all__ = ["Mean", "Sum"]

Scalar = float | Tensor


def as_summand(value: Scalar) -> Scalar:
    """A value ready to be added up: without its graph, a single number.

    Raises:
        ValueError: the tensor has more than one element.
    """
    if not isinstance(value, Tensor):
        return value
    if value.numel() != 1:
        raise ValueError(
            f"value of shape {tuple(value.shape)}: expected a single number; "
            "reduce it first, for example with .mean()"
        )
    return value.detach()


def add(total: Scalar, summand: Scalar, weight: float = 1) -> Scalar:
    """``total + weight * summand``; a total on the device has shape ``(1,)``, in double precision.

    That shape makes the sum's type the total's, whether the summand is 0-dim or ``(1,)``: one
    kernel, no conversion before it.
    """
    if not isinstance(summand, Tensor):
        return total + weight * summand
    if not isinstance(total, Tensor):
        exact = summand.device.type != "mps"  # no double precision there
        dtype = torch.float64 if exact else torch.float32
        total = torch.full((1,), total, dtype=dtype, device=summand.device)
    return torch.add(total, summand, alpha=weight)


class Sum(Metric[float]):
    """A sum.

    Example:
        >>> total = Sum()
        >>> total.update(2.0)
        >>> total.update(torch.tensor(0.5))
        >>> total.result()
        2.5
    """

    def __init__(self) -> None:
        self._sum: Scalar = 0.0

    def update(self, value: Scalar) -> None:
        """Add ``value``, a number or a tensor of one element."""
        self._sum = add(self._sum, as_summand(value))

    def compute(self) -> Scalar:
        """The sum, as a 0-dim tensor on the device if a tensor was added."""
        return self._sum.reshape(()) if isinstance(self._sum, Tensor) else self._sum

    def result(self) -> float:
        """The sum."""
        return float(self._sum)

    def reset(self) -> None:
        """Back to zero."""
        self._sum = 0.0

    def state_dict(self) -> dict[str, Any]:
        """The sum so far."""
        return {"sum": self.result()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._sum = state["sum"]


class Mean(Metric[float]):
    r"""A weighted mean, :math:`\sum_i w_i v_i / \sum_i w_i`.

    Accumulates in double precision; without data, or with weights that sum to zero, it is 0.

    Example:
        >>> mean = Mean()
        >>> mean.update(torch.tensor(2.0), weight=3)
        >>> mean.update(1.0)
        >>> mean.result()
        1.75
    """

    def __init__(self) -> None:
        self._sum: Scalar = 0.0
        self._weight: Scalar = 0.0

    def update(self, value: Scalar, weight: Scalar = 1.0) -> None:
        """Take one more value.

        Args:
            value: a number or a tensor of one element.
            weight: how much it counts, for the mean of a batch the number of samples in it.
        """
        summand = as_summand(value)
        if isinstance(weight, Tensor):
            weight = as_summand(weight)
            self._sum = add(self._sum, summand * weight)
            self._weight = add(self._weight, weight)
        else:
            self._sum = add(self._sum, summand, weight)
            self._weight = self._weight + weight

    def compute(self) -> Scalar:
        """The mean, as a 0-dim tensor on the device if tensors were averaged."""
        if isinstance(self._weight, Tensor):
            mean: Scalar = torch.where(self._weight == 0, 0.0, self._sum / self._weight)
        else:
            mean = self._sum / self._weight if self._weight else 0.0
        return mean.reshape(()) if isinstance(mean, Tensor) else mean

    def result(self) -> float:
        """The mean."""
        return float(self.compute())

    def reset(self) -> None:
        """Forget everything."""
        self._sum = 0.0
        self._weight = 0.0

    def state_dict(self) -> dict[str, Any]:
        """The two sums so far."""
        return {"sum": float(self._sum), "weight": float(self._weight)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._sum, self._weight = state["sum"], state["weight"]
