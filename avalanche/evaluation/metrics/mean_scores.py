"""Mean scores of new and of old classes, which show a bias towards what was learnt last."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from avalanche.evaluation.history_images import default_mean_scores_image_creator
from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricResult,
    MetricValue,
)
from avalanche.evaluation.metric_utils import get_metric_key, stream_type
from avalanche.evaluation.metrics.accuracy import class_labels, class_scores
from avalanche.evaluation.metrics.by_task import OnTaskSums
from avalanche.evaluation.trained import classes_of, experiences_in_training

__all__ = [
    "MeanNewOldScores",
    "MeanScores",
    "MeanScoresEvalPluginMetric",
    "MeanScoresPluginMetricABC",
    "MeanScoresTrainPluginMetric",
    "PerClassMeanScores",
    "mean_scores_metrics",
]

TKey = TypeVar("TKey")
ImageCreator = Callable[[Mapping[str, Mapping[int, float]]], Any]


class MeanScores(OnTaskSums[dict[TKey, float]], Generic[TKey]):
    """Mean score that the model gives to the true class, over groups of classes.

    Sums per class stay on the device until somebody reads. Samples of a class that the model has no
    unit for are left out.
    """

    def update(self, predicted_y: Tensor, true_y: Tensor) -> None:
        """Take one more batch.

        Args:
            predicted_y: scores ``(batch, classes)``, as the model gives them.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``.

        Raises:
            ValueError: ``predicted_y`` holds no scores.
        """
        if predicted_y.dim() != 2 or len(predicted_y) != len(true_y):
            raise ValueError(
                f"predicted_y of shape {tuple(predicted_y.shape)} with {len(true_y)} true labels: "
                "expected one row of scores per label, (batch, classes)"
            )
        scores, true = class_scores(predicted_y.detach(), true_y), class_labels(true_y).long()
        units = scores.shape[1]
        of_true = scores.gather(1, true.clamp(max=units - 1).unsqueeze(1)).squeeze(1)
        has_unit = true < units
        self._sums.add(true.where(has_unit, torch.full_like(true, -1)), of_true)

    def _per_class(self) -> dict[int, tuple[float, int]]:
        """Sum of scores and number of samples per class."""
        return {label: sums for label, sums in self._sums.totals().items() if label >= 0}

    @abstractmethod
    def result(self) -> dict[TKey, float]:
        """Mean score per group."""


class PerClassMeanScores(MeanScores[int]):
    """Mean score of the true class, for every class.

    Example:
        >>> scores = PerClassMeanScores()
        >>> scores.update(torch.tensor([[1.0, 5.0], [3.0, 0.0]]), torch.tensor([0, 0]))
        >>> scores.result()
        {0: 2.0}
    """

    def result(self) -> dict[int, float]:
        """Mean score per class."""
        return {label: total / count for label, (total, count) in self._per_class().items()}


class MeanNewOldScores(MeanScores[str]):
    """Mean score of the true class, over samples of new classes and over all others.

    Example:
        >>> scores = MeanNewOldScores()
        >>> scores.update_new_classes({1})
        >>> scores.update(torch.tensor([[1.0, 5.0], [3.0, 0.0]]), torch.tensor([1, 0]))
        >>> scores.result()
        {'new': 5.0, 'old': 3.0}
    """

    def __init__(self) -> None:
        super().__init__()
        self.new_classes: set[int] = set()

    def update_new_classes(self, new_classes: Iterable[int]) -> None:
        """Add to the classes that are new."""
        self.new_classes.update(map(int, new_classes))

    @property
    def old_classes(self) -> set[int]:
        """The classes met that are not new."""
        return set(self._per_class()) - self.new_classes

    def result(self) -> dict[str, float]:
        """Mean of ``"new"`` and of ``"old"`` classes, as far as there are samples."""
        return self.among(None)

    def among(self, known: Iterable[int] | None) -> dict[str, float]:
        """The result over these classes only; None for all."""
        sums = self._per_class()
        labels = set(sums) if known is None else set(sums).intersection(known)
        groups = {"new": labels & self.new_classes, "old": labels - self.new_classes}
        return {
            name: sum(sums[label][0] for label in group) / sum(sums[label][1] for label in group)
            for name, group in groups.items()
            if group
        }

    def reset(self) -> None:
        """Forget everything, also which classes are new."""
        super().reset()
        self.new_classes = set()

    def state_dict(self) -> dict[str, Any]:
        """The sums, and which classes are new."""
        return {**super().state_dict(), "new_classes": sorted(self.new_classes)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self.new_classes = set(state["new_classes"])


class MeanScoresPluginMetricABC(PluginMetric[dict[str, float]]):
    """Mean scores that follow a strategy: ``MeanScores``; the base of the classes below.

    Emits ``new_classes``, ``old_classes`` and ``new_old_diff``, new minus old, as far as there are
    such classes, and under the bare name the history of the stream, as a figure and as a
    dictionary.

    Args:
        image_creator: draws the history.
    """

    def __init__(self, image_creator: ImageCreator = default_mean_scores_image_creator) -> None:
        self._scores = MeanNewOldScores()
        self._image_creator = image_creator
        self._histories: dict[str, dict[str, dict[int, float]]] = {}  # of each stream

    def __str__(self) -> str:
        return "MeanScores"

    def reset(self) -> None:
        """Forget the scores; the history stays."""
        self._scores.reset()

    def result(self) -> dict[str, float]:
        """Mean score of new and of old classes."""
        return self._scores.result()

    def update(self, strategy: Any) -> None:
        """Take the current batch."""
        self._scores.update(strategy.mb_output, strategy.mb_y)

    def _emit(self, strategy: Any, scores: dict[str, float]) -> list[MetricValue]:
        step = strategy.clock.train_iterations
        whole = get_metric_key(self, strategy, add_task=False)
        details = {f"{group}_classes": value for group, value in scores.items()}
        if len(scores) == 2:
            details["new_old_diff"] = scores["new"] - scores["old"]
        history = self._histories.setdefault(stream_type(strategy.experience), {})
        for group, value in scores.items():
            history.setdefault(group, {})[step] = value
        history = _copied(history)
        shown = AlternativeValues(LazyValue(self._image_creator, history), history)
        return [
            *(MetricValue(self, replace(whole, detail=d), v, step) for d, v in details.items()),
            MetricValue(self, whole, shown, step),
        ]

    def state_dict(self) -> dict[str, Any]:
        """The history of every stream."""
        return {"histories": {stream: _copied(of) for stream, of in self._histories.items()}}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._histories = {stream: _copied(of) for stream, of in state["histories"].items()}


def _copied(history: dict[str, dict[int, float]]) -> dict[str, dict[int, float]]:
    return {group: dict(values) for group, values in history.items()}


class MeanScoresTrainPluginMetric(MeanScoresPluginMetricABC):
    """Mean scores over the last epoch of training; old classes come from replay.

    Where training is stopped early, the last epoch is the one in which samples were learnt last.

    Args:
        image_creator: draws the history.
    """

    def __init__(self, image_creator: ImageCreator = default_mean_scores_image_creator) -> None:
        super().__init__(image_creator)
        self._new: set[int] = set()
        self._epoch_begins = True
        self._emitted = True

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Note which classes are new."""
        self._new = _classes(self, strategy)
        self._emitted = False
        self.reset()
        return None

    def before_training_epoch(self, strategy: Any) -> MetricResult:
        """Start again at the first batch, if there is one."""
        self._epoch_begins = True
        return None

    def after_training_iteration(self, strategy: Any) -> MetricResult:
        """Take the batch."""
        if self._epoch_begins:
            self.reset()
            self._scores.update_new_classes(self._new)
            self._epoch_begins = False
        self.update(strategy)
        return None

    def after_training_epoch(self, strategy: Any) -> MetricResult:
        """Emit, if it was the last epoch."""
        last = strategy.clock.train_exp_epochs == strategy.train_epochs - 1
        return self._emit_once(strategy) if last else None

    def after_training_exp(self, strategy: Any) -> MetricResult:
        """Emit, if training was stopped before its last epoch."""
        return self._emit_once(strategy)

    def _emit_once(self, strategy: Any) -> MetricResult:
        scores = self.result()
        if self._emitted or not scores:
            return None
        self._emitted = True
        return self._emit(strategy, scores)


class MeanScoresEvalPluginMetric(MeanScoresPluginMetricABC):
    """Mean scores over every evaluated stream.

    New are the classes of the experience learnt last, or of all that were learnt together, old
    those of the experiences before; classes that were not learnt yet are neither.

    Args:
        image_creator: draws the history.
    """

    def __init__(self, image_creator: ImageCreator = default_mean_scores_image_creator) -> None:
        super().__init__(image_creator)
        self._learnt: set[int] = set()
        self._new: set[int] = set()

    def before_training(self, strategy: Any) -> MetricResult:
        """Nothing is new until an experience begins."""
        self._new = set()
        return None

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Note which classes are new."""
        self._new = _classes(self, strategy)
        self._learnt |= self._new
        return None

    def before_eval(self, strategy: Any) -> MetricResult:
        """Start again."""
        self.reset()
        self._scores.update_new_classes(self._new)
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Take the batch."""
        self.update(strategy)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit, if something was learnt."""
        scores = self._scores.among(self._learnt)
        return self._emit(strategy, scores) if scores else None

    def state_dict(self) -> dict[str, Any]:
        """The histories and what was learnt."""
        learnt = {"learnt": sorted(self._learnt), "new": sorted(self._new)}
        return {**super().state_dict(), **learnt}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._learnt, self._new = set(state["learnt"]), set(state["new"])


def _classes(metric: object, strategy: Any) -> set[int]:
    """Classes of what is learnt now."""
    return {
        label
        for experience in experiences_in_training(strategy)
        for label in classes_of(metric, experience)
    }


def mean_scores_metrics(
    *,
    on_train: bool = True,
    on_eval: bool = True,
    image_creator: ImageCreator = default_mean_scores_image_creator,
) -> list[PluginMetric[Any]]:
    """Mean scores of new and of old classes.

    Args:
        on_train: over the last epoch of training.
        on_eval: over every evaluated stream.
        image_creator: draws the history.

    Example:
        >>> [str(metric) for metric in mean_scores_metrics(on_train=False)]
        ['MeanScores']
    """
    metrics: list[PluginMetric[Any]] = []
    if on_train:
        metrics.append(MeanScoresTrainPluginMetric(image_creator))
    if on_eval:
        metrics.append(MeanScoresEvalPluginMetric(image_creator))
    return metrics
