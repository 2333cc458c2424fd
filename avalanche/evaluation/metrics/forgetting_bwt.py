"""Forgetting and backward transfer that follow a strategy."""

import math
import warnings
from typing import Any

from avalanche.evaluation.metric_definitions import Metric, PluginMetric
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metric_utils import get_metric_key
from avalanche.evaluation.metrics.accuracy import CorrectCounter, CountedAccuracy
from avalanche.evaluation.metrics.forgetting import BWT, Forgetting, Reference, forgetting_to_bwt
from avalanche.evaluation.metrics.per_experience import PerExperience
from avalanche.evaluation.trained import trained_position

__all__ = [
    "BWT",
    "ExperienceBWT",
    "ExperienceForgetting",
    "Forgetting",
    "GenericExperienceForgetting",
    "GenericStreamForgetting",
    "StreamBWT",
    "StreamForgetting",
    "bwt_metrics",
    "forgetting_metrics",
    "forgetting_to_bwt",
]


class _FollowForgetting(PerExperience[Forgetting]):
    """Books what is measured for forgetting.

    An experience that is evaluated again before another one is learnt replaces its last
    measurement.
    """

    def __init__(self, current_metric: Metric[float], reference: Reference = "first") -> None:
        self._reference: Reference = reference
        self._trained_on: int | None = None
        self._again: set[tuple[str, int]] = set()
        self._learnt: set[int] = set()
        super().__init__(current_metric)

    def _new_book(self) -> Forgetting:
        return Forgetting(self._reference)

    @property
    def forgetting(self) -> Forgetting:
        """The book of the stream evaluated last."""
        return self._book

    def reset(self) -> None:
        """Forget all streams."""
        super().reset()
        self._again, self._learnt = set(), set()

    def reset_last(self) -> None:
        """Forget the later measurements of the stream evaluated last."""
        self.forgetting.reset_last()

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Remember what is learnt: its next measurement is the reference."""
        position = trained_position(strategy.experience)
        if position != self._trained_on:  # another piece of an online stream goes on learning it
            self._again = set()
        self._trained_on = position
        self._learnt.add(position)
        return None

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Open the book of the stream; an evaluation measures anew."""
        already = set(self._opened)
        super().before_eval_exp(strategy)
        if self._stream not in already:
            self.forgetting.reset_last()
        return None

    def _update(self, strategy: Any) -> int | None:
        """Book the experience just evaluated and return its position; None if it had no data."""
        measured = self._measured(strategy)
        if measured is None:
            return None
        k, value = measured
        again = (self._stream, k) in self._again
        self._again.add((self._stream, k))
        self.forgetting.update(k, value, initial=k == self._trained_on, again=again)
        return k

    def state_dict(self) -> dict[str, Any]:
        """The books."""
        return {
            **super().state_dict(),
            "trained_on": self._trained_on,
            "measured": sorted([stream, k] for stream, k in self._again),
            "learnt": sorted(self._learnt),
        }

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._trained_on = state["trained_on"]
        self._again = {(stream, k) for stream, k in state["measured"]}
        self._learnt = set(state.get("learnt", ()))  # earlier versions did not know


class GenericExperienceForgetting(_FollowForgetting):
    """Forgetting of every experience evaluated, of any metric where more is better.

    Subclasses override ``__str__``, and :meth:`metric_update` where the metric does not take the
    model's output and the targets.

    Args:
        current_metric: the standalone metric.
        reference: see :class:`~avalanche.evaluation.metrics.Forgetting`.
    """

    def update(self, k: int, v: float, initial: bool = False) -> None:
        """Book a measurement ``v`` on experience ``k`` of the stream evaluated last."""
        self.forgetting.update(k, v, initial)

    def result_key(self, k: int) -> float | None:
        """Value of one experience of the stream evaluated last."""
        return self.forgetting.result_key(k)

    def result(self) -> dict[int, float]:
        """Value of every experience of the stream evaluated last that has one."""
        values = {k: self.result_key(k) for k in self.forgetting.initial}
        return {k: value for k, value in values.items() if value is not None}

    def after_eval_exp(self, strategy: Any) -> MetricResult:
        """Book the experience and emit its value, if it has one."""
        k = self._update(strategy)
        if k is None or k == self._trained_on:
            return None
        value = self.result_key(k)
        if value is None:
            return None
        key = get_metric_key(self, strategy, add_experience=True)
        return MetricValue(self, key, value, strategy.clock.train_iterations)


class GenericStreamForgetting(_FollowForgetting):
    """Mean forgetting over the experiences of a stream, of any metric where more is better.

    The mean is over the experiences evaluated that have a value: all that were learnt, but for the
    one learnt last. It is 0 while there is none, and NaN, with a warning, where earlier experiences
    were learnt and none of them was evaluated before the next one.

    Args:
        current_metric: the standalone metric.
        reference: see :class:`~avalanche.evaluation.metrics.Forgetting`.
    """

    _has_warned = False

    def exp_update(self, k: int, v: float, initial: bool = False) -> None:
        """Book a measurement ``v`` on experience ``k`` of the stream evaluated last."""
        self.forgetting.update(k, v, initial)

    def exp_result(self, k: int) -> float | None:
        """Value of one experience of the stream evaluated last."""
        return self.forgetting.result_key(k)

    def result_key(self, k: int) -> float | None:
        """Value of one experience of the stream evaluated last."""
        return self.exp_result(k)

    def result(self) -> float:
        """Mean over the experiences of the stream evaluated last."""
        values = [self.exp_result(k) for k in self.forgetting.initial if k != self._trained_on]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else 0.0

    def after_eval_exp(self, strategy: Any) -> MetricResult:
        """Book the experience."""
        self._update(strategy)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the mean of the stream."""
        if not self._opened:
            return None
        key = get_metric_key(self, strategy, add_task=False)
        value, step = self.result(), strategy.clock.train_iterations
        earlier = (self._learnt - {self._trained_on}) & self.forgetting.last.keys()
        if earlier and not earlier & self.forgetting.initial.keys():
            value = math.nan
            if not self._has_warned:
                self._has_warned = True
                warnings.warn(
                    f"{self}: experiences {sorted(earlier)} were not evaluated before the next one "
                    "was learnt, so what was forgotten since is not known; evaluate after every "
                    "experience",
                    stacklevel=2,
                )
        return MetricValue(self, key, value, step, covers_stream=True)


class ExperienceForgetting(GenericExperienceForgetting):
    """Loss of accuracy of every experience evaluated: ``ExperienceForgetting``.

    Args:
        reference: ``"first"``, or ``"best"``, which is named ``ExperienceForgettingFromBest``.
    """

    def __init__(
        self, reference: Reference = "first", counter: CorrectCounter | None = None
    ) -> None:
        super().__init__(CountedAccuracy(counter), reference)

    def __str__(self) -> str:
        return "ExperienceForgetting" + ("FromBest" if self._reference == "best" else "")


class StreamForgetting(GenericStreamForgetting):
    """Mean loss of accuracy over the stream: ``StreamForgetting``.

    Args:
        reference: ``"first"``, or ``"best"``, which is named ``StreamForgettingFromBest``.
    """

    def __init__(
        self, reference: Reference = "first", counter: CorrectCounter | None = None
    ) -> None:
        super().__init__(CountedAccuracy(counter), reference)

    def __str__(self) -> str:
        return "StreamForgetting" + ("FromBest" if self._reference == "best" else "")


class ExperienceBWT(ExperienceForgetting):
    """Backward transfer to every experience evaluated: ``ExperienceBWT``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(counter=counter)

    def result_key(self, k: int) -> float | None:
        """Backward transfer to one experience of the stream evaluated last."""
        value: float | None = forgetting_to_bwt(super().result_key(k))
        return value

    def __str__(self) -> str:
        return "ExperienceBWT"


class StreamBWT(StreamForgetting):
    """Mean backward transfer over the stream: ``StreamBWT``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(counter=counter)

    def exp_result(self, k: int) -> float | None:
        """Backward transfer to one experience of the stream evaluated last."""
        value: float | None = forgetting_to_bwt(super().exp_result(k))
        return value

    def __str__(self) -> str:
        return "StreamBWT"


def forgetting_metrics(
    *, experience: bool = False, stream: bool = False, reference: Reference = "first"
) -> list[PluginMetric[Any]]:
    """Forgetting at the granularities that are switched on.

    Args:
        experience: of every experience evaluated.
        stream: mean over the stream.
        reference: what the current accuracy is subtracted from: ``"first"``, what was reached right
            after training on the experience; ``"best"``, the most that was ever reached
            (Chaudhry et al. 2018), under names that end in ``FromBest``.

    Example:
        >>> [str(metric) for metric in forgetting_metrics(experience=True, stream=True)]
        ['ExperienceForgetting', 'StreamForgetting']
        >>> [str(metric) for metric in forgetting_metrics(stream=True, reference="best")]
        ['StreamForgettingFromBest']
    """
    counter = CorrectCounter()
    metrics: list[PluginMetric[Any]] = []
    if experience:
        metrics.append(ExperienceForgetting(reference, counter))
    if stream:
        metrics.append(StreamForgetting(reference, counter))
    return metrics


def bwt_metrics(*, experience: bool = False, stream: bool = False) -> list[PluginMetric[Any]]:
    """Backward transfer at the granularities that are switched on.

    Args:
        experience: to every experience evaluated.
        stream: mean over the stream.
    """
    counter = CorrectCounter()
    metrics: list[PluginMetric[Any]] = []
    if experience:
        metrics.append(ExperienceBWT(counter))
    if stream:
        metrics.append(StreamBWT(counter))
    return metrics
