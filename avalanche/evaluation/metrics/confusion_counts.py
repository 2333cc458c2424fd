"""Which class was taken for which, as counts."""

from typing import Any, Literal

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric
from avalanche.evaluation.metrics.accuracy import class_labels, predicted_classes
from avalanche.evaluation.metrics.elements import as_rows

__all__ = ["ConfusionMatrix", "Normalize"]

Normalize = Literal["true", "pred", "all"] | None
_FOLD_EVERY = 64


class ConfusionMatrix(Metric[Tensor]):
    """Counts of true classes (rows) against predicted classes (columns).

    Args:
        num_classes: size of the matrix; None to grow with the classes that appear.
        normalize: None for counts; ``"true"`` for shares of each row, ``"pred"`` of each column,
            ``"all"`` of everything. A row or column without samples stays 0.

    Raises:
        ValueError: another ``normalize``, or ``num_classes`` below 1.

    Example:
        >>> matrix = ConfusionMatrix()
        >>> matrix.update(torch.tensor([0, 1, 2]), torch.tensor([0, 0, 2]))
        >>> matrix.result()
        tensor([[1, 0, 0],
                [1, 0, 0],
                [0, 0, 1]])
    """

    def __init__(self, num_classes: int | None = None, normalize: Normalize = None) -> None:
        if num_classes is not None and num_classes < 1:
            raise ValueError(f"num_classes={num_classes}: expected at least 1, or None to grow")
        if normalize not in (None, "true", "pred", "all"):
            raise ValueError(f"normalize={normalize!r}: expected None, 'true', 'pred' or 'all'")
        self._num_classes = num_classes
        self._normalize: Normalize = normalize
        self._pending: list[tuple[Tensor, Tensor]] = []
        self._matrix = self._empty()

    def _empty(self) -> Tensor:
        size = self._num_classes or 0
        return torch.zeros(size, size, dtype=torch.long)

    def update(self, true_y: Tensor, predicted_y: Tensor) -> None:
        """Take one more batch; note the order, true labels first.

        Args:
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``; of elements
                ``(batch, ...)``.
            predicted_y: labels ``(batch,)`` or scores ``(batch, classes)``; of elements
                ``(batch, ...)`` or ``(batch, classes, ...)``.

        Raises:
            ValueError: the two differ in length, their shapes do not fit, or a label is not below
                ``num_classes``. On an accelerator, where looking at a label means to wait, the
                last is found when the matrix is read or after 64 batches.
        """
        if len(true_y) != len(predicted_y):
            raise ValueError(
                f"predicted_y has {len(predicted_y)} rows and true_y has {len(true_y)}: "
                "expected one prediction per true label"
            )
        predicted_y, true_y = as_rows(predicted_y, true_y)
        batch = class_labels(true_y).long(), predicted_classes(predicted_y, true_y).long()
        if self._num_classes is not None and len(true_y) and true_y.device.type == "cpu":
            self._check(*batch)
        self._pending.append(batch)
        if len(self._pending) >= _FOLD_EVERY:
            self._fold()

    def _check(self, true: Tensor, predicted: Tensor) -> int:
        """The largest label, if all fit."""
        lowest, highest = torch.stack([true, predicted]).aminmax()
        low, high = int(lowest), int(highest)
        size = high + 1 if self._num_classes is None else self._num_classes
        if low < 0 or high >= size:
            raise ValueError(
                f"label {low if low < 0 else high}: expected labels from 0 to {size - 1} with "
                f"num_classes={self._num_classes}; use a larger num_classes, or None to grow"
            )
        return high

    def _fold(self) -> None:
        if not self._pending:
            return
        true = torch.cat([true for true, _ in self._pending])
        predicted = torch.cat([predicted for _, predicted in self._pending])
        self._pending = []
        if not len(true):
            return
        size = max(len(self._matrix), self._check(true, predicted) + 1)
        counts = torch.bincount(true * size + predicted, minlength=size * size)
        grown = torch.zeros(size, size, dtype=torch.long)
        grown[: len(self._matrix), : len(self._matrix)] = self._matrix
        self._matrix = grown + counts.reshape(size, size).cpu()

    def result(self) -> Tensor:
        """The matrix, shape ``(classes, classes)``: int64 counts, or float64 shares."""
        self._fold()
        matrix = self._matrix.clone()
        if self._normalize is None:
            return matrix
        shares = matrix.double()
        if self._normalize == "true":
            return self.nan_to_num(shares / shares.sum(dim=1, keepdim=True))
        if self._normalize == "pred":
            return self.nan_to_num(shares / shares.sum(dim=0, keepdim=True))
        return self.nan_to_num(shares / shares.sum())

    @staticmethod
    def nan_to_num(matrix: Tensor) -> Tensor:
        """The matrix with 0 where a row, column or everything without samples was divided by 0."""
        return matrix.nan_to_num(nan=0.0)

    def reset(self) -> None:
        """Forget everything, also how far the matrix has grown."""
        self._pending = []
        self._matrix = self._empty()

    def state_dict(self) -> dict[str, Any]:
        """The counts."""
        self._fold()
        return {"matrix": self._matrix.clone()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._pending = []
        self._matrix = state["matrix"].clone()
