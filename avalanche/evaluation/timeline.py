"""Metrics for an evaluation loop of one's own: a value per experience and pass over a stream."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric
from avalanche.evaluation.metrics.accuracy import Accuracy
from avalanche.evaluation.metrics.mean import Mean

__all__ = ["AvlAccuracy", "AvlCE", "CrossEntropy", "TimelineMetric"]


class TimelineMetric:
    """Keeps what a standalone metric says of every experience, each time a stream is evaluated.

    Use it where no strategy fires events: the loop says itself where it is.

    Args:
        metric: the standalone metric; it is reset at every step.

    Example:
        >>> import torch
        >>> metric = TimelineMetric(Accuracy())
        >>> for right in ([1, 1], [0, 1]):  # evaluated twice, on two experiences
        ...     metric.before_stream()
        ...     for label in right:
        ...         metric.update(torch.tensor([1]), torch.tensor([label]))
        ...         metric.step()
        ...     metric.after_stream()
        >>> metric.result_all().tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """

    def __init__(self, metric: Metric[float]) -> None:
        self._metric = metric
        self._row: list[float] | None = None
        self._rows: list[list[float]] = []

    def before_stream(self, stream: Any = None) -> None:
        """A pass over a stream begins; values of a pass that was broken off are dropped.

        Args:
            stream: not read.
        """
        self._metric.reset()
        self._row = []

    def update(self, *batch: Any) -> None:
        """Give a batch to the metric, for accuracy ``(logits, targets)``.

        Raises:
            RuntimeError: no pass has begun.
        """
        self._current()
        self._metric.update(*batch)  # type: ignore[attr-defined]

    def step(self) -> None:
        """The experience is over: keep its value.

        Raises:
            RuntimeError: no pass has begun.
        """
        self._current().append(float(self._metric.result()))
        self._metric.reset()

    def after_stream(self, stream: Any = None) -> None:
        """The pass is over: keep its values.

        Args:
            stream: not read.

        Raises:
            RuntimeError: no pass has begun.
        """
        self._rows.append(self._current())
        self._row = None

    def result(self) -> list[float]:
        """One value per experience of the last pass; empty before any."""
        return list(self._rows[-1]) if self._rows else []

    def result_all(self) -> npt.NDArray[np.float64]:
        """All values, ``(passes, experiences)``; not a number where a pass was shorter."""
        width = max(map(len, self._rows), default=0)
        matrix = np.full((len(self._rows), width), np.nan)
        for time, row in enumerate(self._rows):
            matrix[time, : len(row)] = row
        return matrix

    def reset(self) -> None:
        """Forget every pass."""
        self._metric.reset()
        self._row, self._rows = None, []

    def state_dict(self) -> dict[str, Any]:
        """Values of all finished passes."""
        return {"rows": [list(row) for row in self._rows]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.reset()
        self._rows = [list(row) for row in state["rows"]]

    def _current(self) -> list[float]:
        if self._row is None:
            raise RuntimeError("no pass over a stream has begun: call before_stream() first")
        return self._row


class CrossEntropy(Metric[float]):
    """Mean cross-entropy over samples.

    Example:
        >>> import torch
        >>> loss = CrossEntropy()
        >>> loss.update(torch.zeros(3, 4), torch.tensor([0, 1, 2]))
        >>> round(loss.result(), 4) == round(float(torch.tensor(4.0).log()), 4)
        True
    """

    def __init__(self) -> None:
        self._mean = Mean()

    def update(self, logits: Tensor, targets: Tensor) -> None:
        """Take a batch.

        Args:
            logits: ``(batch, units)``; a class that a growing model has no unit for yet has
                probability 0, so its loss is infinite.
            targets: class indices, ``(batch,)``.
        """
        if not len(targets):
            return
        missing = int(targets.max()) + 1 - logits.shape[1]
        if missing > 0:
            logits = F.pad(logits, (0, missing), value=float("-inf"))
        self._mean.update(F.cross_entropy(logits.detach(), targets), weight=len(targets))

    def result(self) -> float:
        """The mean; 0 without data."""
        return self._mean.result()

    def reset(self) -> None:
        """Forget everything."""
        self._mean.reset()


class AvlAccuracy(TimelineMetric):
    """Accuracy of every experience at every evaluation; ``update(logits, targets)``."""

    def __init__(self) -> None:
        super().__init__(Accuracy())


class AvlCE(TimelineMetric):
    """Cross-entropy of every experience at every evaluation; ``update(logits, targets)``."""

    def __init__(self) -> None:
        super().__init__(CrossEntropy())
