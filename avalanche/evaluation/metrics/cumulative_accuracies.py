"""Accuracy on the classes of the past, each time with no other classes to choose from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

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
from avalanche.evaluation.metrics.elements import as_rows
from avalanche.evaluation.trained import classes_of, experiences_in_training, trained_position

__all__ = [
    "CumulativeAccuracy",
    "CumulativeAccuracyPluginMetric",
    "CumulativeForgettingPluginMetric",
]


class _Sets(NamedTuple):
    """Sets of classes as tensors, with what they were made of."""

    made_of: tuple[list[tuple[int, ...]], int, torch.device]
    allowed: Tensor  # which classes are in which set, bool (sets, classes)
    first: Tensor | None  # of each class the first set with it, (classes,), where sets are nested

    @classmethod
    def of(cls, classes: list[tuple[int, ...]], units: int, device: torch.device) -> "_Sets":
        """Tensors on ``device``, as wide as there are ``units`` and classes."""
        size = max(units, *(max(of, default=0) + 1 for of in classes))
        allowed = torch.zeros(len(classes), size, dtype=torch.bool)
        for row, of in zip(allowed, classes, strict=True):
            row[list(of)] = True
        nested = all(map(set.issubset, map(set, classes), map(set, classes[1:])))
        first = (~allowed).sum(dim=0).to(device) if nested else None
        return cls((classes, units, device), allowed.to(device), first)

    def any_of(self, better: Tensor) -> Tensor:
        """Which sets hold a class that beats the true one of a sample, bool ``(sets, batch)``.

        Args:
            better: the classes that beat the true one, bool ``(batch, classes)``.
        """
        count = len(self.allowed)
        if self.first is None:  # how many there are, as a product
            return self.allowed.float() @ better.T.float() > 0
        begins = self.first.where(better, count).amin(dim=1)  # from this set on there is one
        return begins <= torch.arange(count, device=better.device)[:, None]


class CumulativeAccuracy(Metric[dict[int, float]]):
    r"""Accuracy on sets of classes, with the choice restricted to the set.

    For a set :math:`C_k`, the classes seen up to experience :math:`k`, it is the share of samples
    of these classes with :math:`\arg\max_{c \in C_k} s_c = y`. It separates what is forgotten from
    what is only confused with new classes.

    Of equal scores the first one counts; where all scores of the set are ``-inf`` or one is not a
    number, nothing was predicted and the sample is wrong. Sets may overlap in any way. A batch is
    cheapest where each set holds the one before, as those of experiences do.

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
        self._sets: _Sets | None = None
        self._keys: list[int] = []
        self._counts = torch.zeros(0, 2, dtype=torch.long)  # right answers and samples of each key

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
        predicted_y, true_y = as_rows(predicted_y.detach(), true_y)
        scores, true = class_scores(predicted_y, true_y), class_labels(true_y).long()
        sets = self._sets_of(classes_splits, scores)
        size = sets.allowed.shape[1]
        scores = F.pad(scores, (0, size - scores.shape[1]), value=float("-inf"))
        label = true.clamp(0, size - 1)
        belongs = sets.allowed[:, label] & (label == true)  # (sets, batch)
        own = scores.gather(1, label[:, None])  # (batch, 1)
        after = torch.arange(size, device=scores.device) >= label[:, None]  # (batch, classes)
        better = ~((scores < own) | ((scores == own) & after))  # or earlier, or not a number
        has_score = own.squeeze(1) > float("-inf")
        right = belongs & has_score & ~sets.any_of(better)
        self._add([*classes_splits], torch.stack([right.sum(dim=1), belongs.sum(dim=1)], dim=1))

    def _sets_of(self, splits: Mapping[int, Iterable[int]], scores: Tensor) -> "_Sets":
        """The sets as tensors; kept, since batches have the same sets."""
        classes = [tuple(of) for of in splits.values()]
        made_of = (classes, scores.shape[1], scores.device)
        if self._sets is None or self._sets.made_of != made_of:
            self._sets = _Sets.of(*made_of)
        return self._sets

    def _add(self, keys: list[int], counts: Tensor) -> None:
        """Add what a batch counted, ``(sets, 2)``: one sum, unless the sets are others."""
        before = self._counts.to(counts.device)
        if keys == self._keys:
            self._counts = before + counts
            return
        total = dict(zip(self._keys, before, strict=True))
        for key, count in zip(keys, counts, strict=True):
            total[key] = total[key] + count if key in total else count
        self._keys, self._counts = [*total], torch.stack([*total.values()])

    def result(self) -> dict[int, float]:
        """Accuracy per set; 0 for a set without samples."""
        return {**dict.fromkeys(self._keys, 0.0), **self.measured()}

    def measured(self) -> dict[int, float]:
        """Accuracy per set, of those that have samples."""
        counts = zip(self._keys, self._counts.tolist(), strict=True)
        return {key: right / total for key, (right, total) in counts if total}

    def reset(self) -> None:
        """Forget everything."""
        self._load({})

    def _load(self, counts: Mapping[int, list[int]]) -> None:
        self._keys = [*counts]
        self._counts = torch.tensor([*counts.values()], dtype=torch.long).reshape(-1, 2)

    def state_dict(self) -> dict[str, Any]:
        """Counts per set."""
        return {"counts": dict(zip(self._keys, self._counts.tolist(), strict=True))}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._load(state["counts"])


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
        self._seen: dict[int, tuple[int, ...]] = {}  # equal at a glance, batch after batch
        super().__init__(self._cumulative, reset_at, emit_at, mode)

    def __str__(self) -> str:
        return "CumulativeAccuracy"

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> MetricResult:
        """Add the classes of what is learnt to those seen."""
        for experience in experiences_in_training(strategy):
            position, latest = trained_position(experience), next(reversed(self._seen), None)
            classes = classes_of(self, experience)
            if position == latest or position not in self._seen:  # of old ones the set stays
                before = () if latest is None else self._seen[latest]
                self._seen[position] = tuple(sorted({*before, *classes}))
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
        self._seen = {k: tuple(classes) for k, classes in state["seen"].items()}


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
        self._learning: int | None = None  # what is being learnt, or was last
        self._stream = ""
        super().__init__(reset_at, emit_at, mode)

    def __str__(self) -> str:
        return "CumulativeForgetting"

    def result(self) -> dict[int, float]:
        """Forgetting of every experience but the one learnt last, in the stream measured last."""
        first, now = self._first.get(self._stream, {}), self._cumulative.measured()
        old = [k for k in self._seen if k != self._learning]
        return {k: first[k] - now[k] for k in old if k in first and k in now}

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> MetricResult:
        """Note what is learnt."""
        self._learning = trained_position(experiences_in_training(strategy)[-1])
        return super().before_training_exp(strategy)

    def _values(self, stream: str) -> dict[int, float]:
        self._stream = stream
        latest, now = next(reversed(self._seen), None), self._cumulative.measured()
        if latest is not None and latest == self._learning and latest in now:  # or just learnt
            self._first.setdefault(stream, {})[latest] = now[latest]
        return self.result()

    def state_dict(self) -> dict[str, Any]:
        """Counts, the classes seen, and the first values."""
        first = {stream: dict(values) for stream, values in self._first.items()}
        more = {"first": first, "stream": self._stream, "learning": self._learning}
        return {**super().state_dict(), **more}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._first = {stream: dict(values) for stream, values in state["first"].items()}
        self._stream = state["stream"]
        self._learning = state.get("learning", next(reversed(self._seen), None))
