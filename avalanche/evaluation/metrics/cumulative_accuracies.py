"""Accuracy on the classes of the past, each time with no other classes to choose from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Metric,
    Mode,
    ResetAt,
)
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metric_utils import get_metric_key, stream_type
from avalanche.evaluation.metrics.accuracy import class_labels, class_scores
from avalanche.evaluation.trained import classes_of, experiences_in_training, trained_position

__all__ = [
    "CumulativeAccuracy",
    "CumulativeAccuracyPluginMetric",
    "CumulativeForgettingPluginMetric",
]


class CumulativeAccuracy(Metric[dict[int, float]]):
    r"""Accuracy on sets of classes, with the choice restricted to the set.

    For a set :math:`C_k`, the classes seen up to experience :math:`k`, it is the share of samples
    of these classes with :math:`\arg\max_{c \in C_k} s_c = y`. It separates what is forgotten from
    what is only confused with new classes.

    Example:
        >>> accuracy = CumulativeAccuracy()
        >>> scores = torch.tensor([[0.1, 0.2, 0.9], [0.9, 0.1, 0.0]])
        >>> accuracy.update({0: [0, 1], 1: [0, 1, 2]}, scores, torch.tensor([1, 0]))
        >>> accuracy.result()
        {0: 1.0, 1: 0.5}

    References:
        Soutif-Cormerais et al., On the importance of cross-task features for class-incremental
        learning, 2021 (arXiv 2106.11930).
    """

    def __init__(self) -> None:
        self._counts: dict[int, Tensor] = {}  # right answers and samples, (2,)
        self._masks: tuple[Any, Tensor] | None = None

    def update(
        self,
        classes_splits: Mapping[int, Iterable[int]],
        predicted_y: Tensor,
        true_y: Tensor,
    ) -> None:
        """Take one more batch.

        Args:
            classes_splits: the sets of classes, by number.
            predicted_y: scores ``(batch, classes)``.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``.
        """
        if not classes_splits:
            return
        scores, true = class_scores(predicted_y.detach()), class_labels(true_y).long()
        allowed = self._mask(classes_splits, scores)  # (sets, classes)
        size = allowed.shape[1]
        scores = F.pad(scores, (0, size - scores.shape[1]), value=float("-inf"))
        choices = scores.expand(len(allowed), *scores.shape)
        best = choices.masked_fill(~allowed[:, None, :], float("-inf")).argmax(dim=2)
        belongs = allowed[:, true.clamp(max=size - 1)] & (true < size)  # (sets, batch)
        right = (best == true) & belongs
        counts = torch.stack([right.sum(dim=1), belongs.sum(dim=1)], dim=1)
        for key, count in zip(classes_splits, counts, strict=True):
            before = self._counts.get(key)
            self._counts[key] = count if before is None else before.to(count.device) + count

    def _mask(self, splits: Mapping[int, Iterable[int]], scores: Tensor) -> Tensor:
        """Which classes are in which set; kept, since batches have the same sets."""
        sets = [tuple(classes) for classes in splits.values()]
        kept = (sets, scores.shape[1], scores.device)
        if self._masks is None or self._masks[0] != kept:
            size = max(scores.shape[1], *(max(of, default=0) + 1 for of in sets))
            mask = torch.zeros(len(sets), size, dtype=torch.bool)
            for row, of in zip(mask, sets, strict=True):
                row[list(of)] = True
            self._masks = kept, mask.to(scores.device)
        return self._masks[1]

    def result(self) -> dict[int, float]:
        """Accuracy per set; 0 for a set without samples."""
        return {**dict.fromkeys(self._counts, 0.0), **self.measured()}

    def measured(self) -> dict[int, float]:
        """Accuracy per set, of those that have samples."""
        if not self._counts:
            return {}
        counts = torch.stack([*self._counts.values()]).tolist()
        return {
            key: right / total
            for key, (right, total) in zip(self._counts, counts, strict=True)
            if total
        }

    def reset(self) -> None:
        """Forget everything."""
        self._counts = {}

    def state_dict(self) -> dict[str, Any]:
        """Counts per set."""
        return {"counts": {key: count.tolist() for key, count in self._counts.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._counts = {key: torch.tensor(count) for key, count in state["counts"].items()}


class CumulativeAccuracyPluginMetric(GenericPluginMetric[dict[int, float]]):
    """Cumulative accuracy of every experience learnt: ``CumulativeAccuracy``.

    The experience at the end of a name is the one up to which classes were seen. Sets of which no
    sample was evaluated have no value.

    Args:
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(
        self, reset_at: ResetAt = "stream", emit_at: EmitAt = "stream", mode: Mode = "eval"
    ) -> None:
        self._cumulative = CumulativeAccuracy()
        self._seen: dict[int, list[int]] = {}
        super().__init__(self._cumulative, reset_at, emit_at, mode)

    def __str__(self) -> str:
        return "CumulativeAccuracy"

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> MetricResult:
        """Add the classes of what is learnt to those seen."""
        for experience in experiences_in_training(strategy):
            position, latest = trained_position(experience), next(reversed(self._seen), None)
            classes = classes_of(self, experience)
            if position == latest or position not in self._seen:  # of old ones the set stays
                before = [] if latest is None else self._seen[latest]
                self._seen[position] = sorted({*before, *classes})
        return super().before_training_exp(strategy)

    def update(self, strategy: Any) -> None:
        """Count the current batch."""
        self._cumulative.update(self._seen, strategy.mb_output, strategy.mb_y)

    def _values(self, stream: str) -> dict[int, float]:
        """What is emitted of a stream, per experience."""
        return self._cumulative.measured()

    def _package_result(self, strategy: Any) -> list[MetricValue]:
        whole = get_metric_key(self, strategy, add_task=False)
        step, values = (
            strategy.clock.train_iterations,
            self._values(stream_type(strategy.experience)),
        )
        return [
            MetricValue(self, replace(whole, experience=k), value, step)
            for k, value in values.items()
        ]

    def state_dict(self) -> dict[str, Any]:
        """Counts, and the classes seen."""
        seen = {k: list(classes) for k, classes in self._seen.items()}
        return {"metric": super().state_dict(), "seen": seen}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state["metric"])
        self._seen = {k: list(classes) for k, classes in state["seen"].items()}


class CumulativeForgettingPluginMetric(CumulativeAccuracyPluginMetric):
    """What of the cumulative accuracy is lost: ``CumulativeForgetting``.

    For every experience learnt, the value right after learning it minus the present one. The one
    learnt last has none, nor has one that was not measured before the next was learnt. Each stream
    has first values of its own.

    Args:
        reset_at: when to forget the counts; first values stay.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(
        self, reset_at: ResetAt = "stream", emit_at: EmitAt = "stream", mode: Mode = "eval"
    ) -> None:
        self._first: dict[str, dict[int, float]] = {}
        self._stream = ""
        super().__init__(reset_at, emit_at, mode)

    def __str__(self) -> str:
        return "CumulativeForgetting"

    def result(self) -> dict[int, float]:
        """Forgetting of every experience but the one learnt last, in the stream measured last."""
        first, now = self._first.get(self._stream, {}), self._cumulative.measured()
        old = list(self._seen)[:-1]
        return {k: first[k] - now[k] for k in old if k in first and k in now}

    def _values(self, stream: str) -> dict[int, float]:
        self._stream = stream
        latest, now = next(reversed(self._seen), None), self._cumulative.measured()
        if latest is not None and latest in now:  # still learning, or just learnt
            self._first.setdefault(stream, {})[latest] = now[latest]
        return self.result()

    def state_dict(self) -> dict[str, Any]:
        """Counts, the classes seen, and the first values."""
        first = {stream: dict(values) for stream, values in self._first.items()}
        return {**super().state_dict(), "first": first, "stream": self._stream}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._first = {stream: dict(values) for stream, values in state["first"].items()}
        self._stream = state["stream"]
