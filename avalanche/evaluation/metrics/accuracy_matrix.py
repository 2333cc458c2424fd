"""The matrix of all accuracies, from which forgetting and transfer are computed."""

from typing import Any

import torch
from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric, PluginMetric
from avalanche.evaluation.metric_names import MetricKey
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metrics.accuracy import CountedAccuracy
from avalanche.evaluation.metrics.per_experience import PerExperience
from avalanche.evaluation.trained import experiences_in_training, trained_position

__all__ = ["AccuracyMatrix", "AccuracyMatrixPluginMetric", "accuracy_matrix_metrics"]


class AccuracyMatrix(Metric[Tensor]):
    r"""Accuracies :math:`A_{t,k}` on experience :math:`k` after learning the :math:`t`-th.

    Example:
        >>> matrix = AccuracyMatrix()
        >>> matrix.update(0, 0, 0.75)
        >>> matrix.update(1, 1, 0.5)
        >>> matrix.result()
        tensor([[0.7500,    nan],
                [   nan, 0.5000]])
    """

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], float] = {}

    def update(self, row: int, column: int, value: float) -> None:
        """Take one accuracy; a later one of the same place replaces it."""
        self._cells[row, column] = value

    def result(self) -> Tensor:
        """Square matrix; not a number where nothing was measured."""
        size = max((max(place) + 1 for place in self._cells), default=0)
        matrix = torch.full((size, size), float("nan"))
        for place, value in self._cells.items():
            matrix[place] = value
        return matrix

    def reset(self) -> None:
        """Forget everything."""
        self._cells = {}

    def state_dict(self) -> dict[str, Any]:
        """The accuracies with their places."""
        return {"cells": [[*place, value] for place, value in self._cells.items()]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._cells = {(row, column): value for row, column, value in state["cells"]}


class AccuracyMatrixPluginMetric(PerExperience[AccuracyMatrix]):
    """Accuracies on every experience after every experience learnt: ``EvalStream/Acc_Matrix``.

    Rows are experiences learnt, in the order of learning, whatever the number of calls of
    ``train``; one that is learnt again after others has a further row. Columns are positions in
    the evaluated stream. It is emitted after every evaluation once something was learnt. The
    streams evaluated beside the first have their name appended.
    """

    def __init__(self) -> None:
        super().__init__(CountedAccuracy())
        self._learnt: list[int] = []  # a position for each row

    def __str__(self) -> str:
        return "EvalStream/Acc_Matrix"

    def _new_book(self) -> AccuracyMatrix:
        return AccuracyMatrix()

    def reset(self, strategy: Any = None) -> None:
        """Forget everything."""
        super().reset()
        self._learnt = []

    def result(self, strategy: Any = None) -> Tensor:
        """Matrix of the stream evaluated last."""
        return self._book.result()

    def update(self, num_training_steps: int, eval_exp_id: int) -> None:
        """Book the accuracy just measured.

        Args:
            num_training_steps: row, the number of experiences learnt before the present one.
            eval_exp_id: column, position of the experience evaluated.
        """
        self._book.update(num_training_steps, eval_exp_id, self._current_metric.result())

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Begin a row, unless the same goes on, as in parts of an online stream."""
        now = [trained_position(experience) for experience in experiences_in_training(strategy)]
        if self._learnt[-1:] != now[-1:]:
            self._learnt += now
        return None

    def after_eval_exp(self, strategy: Any) -> MetricResult:
        """Book the experience."""
        measured = self._measured(strategy)
        if measured is not None and self._learnt:
            self.update(len(self._learnt) - 1, measured[0])
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the matrix."""
        if not self._opened or not self._learnt:
            return None
        first = next(name for name in self._books if name)
        suffix = "" if self._stream == first else f"/{self._stream}_stream"
        key = MetricKey.parse(f"{self}{suffix}")
        step = strategy.clock.train_iterations
        return MetricValue(self, key, self.result(), step, covers_stream=True)

    def state_dict(self) -> dict[str, Any]:
        """The matrices and what was learnt."""
        return {**super().state_dict(), "learnt": list(self._learnt)}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._learnt = list(state["learnt"])


def accuracy_matrix_metrics() -> list[PluginMetric[Any]]:
    """The matrix of all accuracies.

    Example:
        >>> [str(metric) for metric in accuracy_matrix_metrics()]
        ['EvalStream/Acc_Matrix']
    """
    return [AccuracyMatrixPluginMetric()]
