"""Averages and sums that stay on the device until they are read."""

from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric

__all__ = ["Mean", "Sum"]

Scalar = float | Tensor


def as_summand(value: Scalar) -> Scalar:
    """A value ready to be added up: detached, 0-dim, in double precision where there is one.

    Raises:
        ValueError: the tensor has more than one element.
    """
    if not isinstance(value, Tensor):
        return value
    value = value.detach()
    if value.dim():
        if value.numel() != 1:
            raise ValueError(
                f"value of shape {tuple(value.shape)}: expected a single number; "
                "reduce it first, for example with .mean()"
            )
        value = value.reshape(())
    if value.is_floating_point() and value.device.type == "mps":
        return value  # no double precision there
    return value.double()


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
        self._sum = self._sum + as_summand(value)

    def compute(self) -> Scalar:
        """The sum, as a 0-dim tensor on the device if a tensor was added."""
        return self._sum

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
        tensors = isinstance(summand, Tensor) and isinstance(self._sum, Tensor)
        if tensors and isinstance(weight, int):
            self._sum = torch.add(self._sum, summand, alpha=weight)  # one kernel
        else:
            self._sum = self._sum + summand * as_summand(weight)
        self._weight = self._weight + as_summand(weight)

    def compute(self) -> Scalar:
        """The mean, as a 0-dim tensor on the device if tensors were averaged."""
        if isinstance(self._weight, Tensor):
            return torch.where(self._weight == 0, 0.0, self._sum / self._weight)
        return self._sum / self._weight if self._weight else 0.0

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
