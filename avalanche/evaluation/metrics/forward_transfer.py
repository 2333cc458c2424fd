"""Forward transfer that follows a strategy."""

import logging
from typing import Any

from avalanche.evaluation.metric_definitions import Metric, PluginMetric
from avalanche.evaluation.metric_names import MetricKey
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metric_utils import get_metric_key
from avalanche.evaluation.metrics.accuracy import CorrectCounter, CountedAccuracy
from avalanche.evaluation.metrics.per_experience import PerExperience
from avalanche.evaluation.metrics.transfer import ForwardTransfer
from avalanche.evaluation.trained import TrainedExperiences

__all__ = [
    "ExperienceForwardTransfer",
    "ForwardTransfer",
    "GenericExperienceForwardTransfer",
    "GenericStreamForwardTransfer",
    "StreamForwardTransfer",
    "forward_transfer_metrics",
]

_log = logging.getLogger("avalanche")


class _FollowForwardTransfer(PerExperience[ForwardTransfer]):
    """Books what is measured for forward transfer.

    Every evaluation before the first training is a baseline. Later ones count for the experiences
    that were not learnt yet, and the last of them before an experience's own training stays.

    The metric needs a baseline: it refuses a training that nothing was evaluated before, and logs
    a warning, once per stream, where only this stream was left out.
    """

    def __init__(self, current_metric: Metric[float]) -> None:
        self._begun = TrainedExperiences()
        self._warned: set[str] = set()
        super().__init__(current_metric)

    def _new_book(self) -> ForwardTransfer:
        return ForwardTransfer()

    def reset(self) -> None:
        """Forget all streams and everything learnt."""
        super().reset()
        self._begun = TrainedExperiences()

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Note what is learnt from here on.

        Raises:
            RuntimeError: nothing was evaluated before the first training.
        """
        if not self._begun and not any(book.initial for book in self._books.values()):
            raise RuntimeError(
                f"{self} has no baseline: it compares with the model before any training and "
                "nothing was evaluated yet; call strategy.eval(benchmark.test_stream) before the "
                "first train(), or create the strategy with eval_every=0 or more"
            )
        self._begun.add(strategy)
        return None

    def _update(self, strategy: Any) -> int | None:
        """Book the experience just evaluated; its position if it is still to be learnt."""
        measured = self._measured(strategy)
        if measured is None or measured[0] in self._begun:
            return None
        k, value = measured
        if self._begun and k not in self._book.initial and self._stream not in self._warned:
            self._warned.add(self._stream)
            _log.warning(
                "%s: no baseline for experience %d of the %s stream, which was not evaluated "
                "before the first training; its forward transfer is left out",
                *(self, k, self._stream),
            )
        self._book.update(k, value, initial=not self._begun)
        return k

    def _is_next(self, k: int) -> bool:
        """Whether ``k`` may be what is learnt next: in a stream that is learnt in its order the
        experience after the last one, otherwise any that was not learnt."""
        return k == len(self._begun) if self._begun.in_order else k not in self._begun

    def state_dict(self) -> dict[str, Any]:
        """The books, and what was learnt in which order."""
        return {**super().state_dict(), "begun": self._begun.state()}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._begun.load(state["begun"])


class GenericExperienceForwardTransfer(_FollowForwardTransfer):
    """Forward transfer to every experience, of any metric where more is better.

    It is emitted whenever the experience that comes next is evaluated. Which one that is shows only
    in its training where a stream is not learnt in its order; a value that was not emitted until
    then is emitted there, under the name and the step of its evaluation. So the last value of an
    experience is always the term of the formula.

    Subclasses override ``__str__``, and :meth:`metric_update` where the metric does not take the
    model's output and the targets.

    Args:
        current_metric: the standalone metric.
    """

    def __init__(self, current_metric: Metric[float]) -> None:
        super().__init__(current_metric)
        self._waiting: dict[tuple[str, int], MetricKey] = {}

    def update(self, k: int, v: float, initial: bool = False) -> None:
        """Book a measurement ``v`` on experience ``k`` of the stream evaluated last."""
        self._book.update(k, v, initial)

    def result_key(self, k: int) -> float | None:
        """Value of one experience of the stream evaluated last."""
        return self._book.result_key(k)

    def result(self) -> dict[int, float]:
        """Value of every experience of the stream evaluated last that has one."""
        return self._book.result()

    def reset(self) -> None:
        """Forget all streams and everything learnt."""
        super().reset()
        self._waiting = {}

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Emit what was measured on the experience and could not be known to be next."""
        known = set(self._begun)
        super().before_training_exp(strategy)
        step, emitted = strategy.clock.train_iterations, []
        for stream, k in [place for place in self._waiting if place[1] in self._begun]:
            key = self._waiting.pop((stream, k))
            value = self._books[stream].result_key(k)
            if value is not None and k not in known:
                emitted.append(MetricValue(self, key, value, step))
        return emitted or None

    def after_eval_exp(self, strategy: Any) -> MetricResult:
        """Book the experience and emit its value, if it has one and comes next."""
        k = self._update(strategy)
        value = None if k is None else self.result_key(k)
        if k is None or value is None:
            return None
        key = get_metric_key(self, strategy, add_experience=True)
        if not self._is_next(k):
            self._waiting[self._stream, k] = key
            return None
        self._waiting.pop((self._stream, k), None)
        return MetricValue(self, key, value, strategy.clock.train_iterations)

    def state_dict(self) -> dict[str, Any]:
        """The books, what was learnt in which order, and which values wait for their emission."""
        waiting = [[stream, k, str(key)] for (stream, k), key in self._waiting.items()]
        return {**super().state_dict(), "waiting": waiting}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        super().load_state_dict(state)
        self._waiting = {(s, k): MetricKey.parse(name) for s, k, name in state["waiting"]}


class GenericStreamForwardTransfer(_FollowForwardTransfer):
    """Mean forward transfer over the experiences of a stream, of any metric where more is better.

    The mean is over the experiences that were learnt, but for the first, and the one that comes
    next, where the order tells which. It is 0 while there is none.

    Args:
        current_metric: the standalone metric.
    """

    def exp_update(self, k: int, v: float, initial: bool = False) -> None:
        """Book a measurement ``v`` on experience ``k`` of the stream evaluated last."""
        self._book.update(k, v, initial)

    def exp_result(self, k: int) -> float | None:
        """Value of one experience of the stream evaluated last."""
        return self._book.result_key(k)

    def result_key(self, k: int) -> float | None:
        """Value of one experience of the stream evaluated last."""
        return self.exp_result(k)

    def result(self) -> float:
        """Mean over the experiences of the stream evaluated last."""
        settled = [*self._begun, len(self._begun)] if self._begun.in_order else self._begun
        known = [value for value in map(self.exp_result, settled) if value is not None]
        return sum(known) / len(known) if known else 0.0

    def after_eval_exp(self, strategy: Any) -> MetricResult:
        """Book the experience."""
        self._update(strategy)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the mean of the stream, if it has a baseline."""
        if not self._opened or not self._book.initial:
            return None
        key = get_metric_key(self, strategy, add_task=False)
        value, step = self.result(), strategy.clock.train_iterations
        return MetricValue(self, key, value, step, covers_stream=True)


class ExperienceForwardTransfer(GenericExperienceForwardTransfer):
    """Accuracy gained on every experience before it is learnt: ``ExperienceForwardTransfer``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(CountedAccuracy(counter))

    def __str__(self) -> str:
        return "ExperienceForwardTransfer"


class StreamForwardTransfer(GenericStreamForwardTransfer):
    """Mean of the accuracies gained before learning: ``StreamForwardTransfer``."""

    def __init__(self, counter: CorrectCounter | None = None) -> None:
        super().__init__(CountedAccuracy(counter))

    def __str__(self) -> str:
        return "StreamForwardTransfer"


def forward_transfer_metrics(
    *, experience: bool = False, stream: bool = False
) -> list[PluginMetric[Any]]:
    r"""Forward transfer at the granularities that are switched on.

    With :math:`R_{i,j}` the accuracy on experience :math:`j` after learning the :math:`i`-th and
    :math:`\bar b_j` the one before any training,
    :math:`\mathrm{FWT} = \frac1{T-1} \sum_{i=2}^T R_{i-1,i} - \bar b_i`.

    The stream must be evaluated before the first training and after each experience, by
    ``strategy.eval(test_stream)`` or by ``eval_every=0``, which does both.

    Args:
        experience: every term, of the experience that comes next.
        stream: the mean.

    Example:
        >>> [str(metric) for metric in forward_transfer_metrics(experience=True, stream=True)]
        ['ExperienceForwardTransfer', 'StreamForwardTransfer']

    References:
        Lopez-Paz and Ranzato, Gradient Episodic Memory for Continual Learning, NeurIPS 2017, eq. 4.
    """
    counter = CorrectCounter()
    metrics: list[PluginMetric[Any]] = []
    if experience:
        metrics.append(ExperienceForwardTransfer(counter))
    if stream:
        metrics.append(StreamForwardTransfer(counter))
    return metrics
