"""Forgetting and backward transfer that follow a strategy."""

from typing import Any

from avalanche.evaluation.metric_definitions import Metric, PluginMetric
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metric_utils import get_metric_key, stream_type
from avalanche.evaluation.metrics.accuracy import Accuracy, CorrectCounter
from avalanche.evaluation.metrics.forgetting import BWT, Forgetting, Reference, forgetting_to_bwt
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


class _FollowForgetting(PluginMetric[Any]):
    """Measures a metric on every evaluated experience and books it per stream and position.

    Streams never mix. An experience that is evaluated again before the next training replaces its
    last measurement. Positions of training and evaluation streams correspond; the small experiences
    of an online stream count as the experience that they were cut from.
    """

    def __init__(self, current_metric: Metric[float], reference: Reference = "first") -> None:
        self._current_metric = current_metric
        self._reference: Reference = reference
        self._books: dict[str, Forgetting] = {"": Forgetting(reference)}
        self._stream = ""
        self._trained_on: int | None = None
        self._measured: set[tuple[str, int]] = set()
        self._opened: set[str] = set()
        self._batches = 0

    @property
    def forgetting(self) -> Forgetting:
        """The book of the stream evaluated last."""
        return self._books[self._stream]

    def reset(self) -> None:
        """Forget all streams."""
        self._books = {"": Forgetting(self._reference)}
        self._stream = ""
        self._measured = set()

    def reset_last(self) -> None:
        """Forget the later measurements of the stream evaluated last."""
        self.forgetting.reset_last()

    def metric_update(self, strategy: Any) -> None:
        """Give the current batch to the metric."""
        raise NotImplementedError(f"{type(self).__name__} must override metric_update")

    def metric_result(self, strategy: Any) -> float:
        """Value of the metric on the experience just evaluated."""
        return self._current_metric.result()

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Remember what is learnt: its next measurement is the reference."""
        self._trained_on = trained_position(strategy.experience)
        self._measured = set()
        return None

    def before_eval(self, strategy: Any) -> MetricResult:
        """Begin an evaluation."""
        self._opened = set()
        return None

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Open the book of the stream."""
        self._stream = stream_type(strategy.experience)
        self._books.setdefault(self._stream, Forgetting(self._reference))
        if self._stream not in self._opened:
            self._opened.add(self._stream)
            self.forgetting.reset_last()
        self._current_metric.reset()
        self._batches = 0
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Measure the batch."""
        self.metric_update(strategy)
        self._batches += 1
        return None

    def _book(self, strategy: Any) -> int | None:
        """Book the experience just evaluated and return its position; None if it had no data."""
        if not self._batches:
            return None
        k = int(strategy.experience.current_experience)
        again = (self._stream, k) in self._measured
        self._measured.add((self._stream, k))
        value = float(self.metric_result(strategy))
        self.forgetting.update(k, value, initial=k == self._trained_on, again=again)
        return k

    def state_dict(self) -> dict[str, Any]:
        """The books."""
        return {
            "streams": {name: book.state_dict() for name, book in self._books.items()},
            "stream": self._stream,
            "trained_on": self._trained_on,
            "measured": sorted([stream, k] for stream, k in self._measured),
        }

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._books = {}
        for name, saved in state["streams"].items():
            self._books[name] = Forgetting(self._reference)
            self._books[name].load_state_dict(saved)
        self._stream = state["stream"]
        self._trained_on = state["trained_on"]
        self._measured = {(stream, k) for stream, k in state["measured"]}


class GenericExperienceForgetting(_FollowForgetting):
    """Forgetting of every experience evaluated, of any metric where more is better.

    Subclasses override :meth:`metric_update`, which gives the current batch to the metric, and
    ``__str__``.

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
        k = self._book(strategy)
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
    one learnt last. It is 0 while there is none.

    Args:
        current_metric: the standalone metric.
        reference: see :class:`~avalanche.evaluation.metrics.Forgetting`.
    """

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
        self._book(strategy)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the mean of the stream."""
        if not self._opened:
            return None
        key = get_metric_key(self, strategy, add_task=False)
        value, step = self.result(), strategy.clock.train_iterations
        return MetricValue(self, key, value, step, covers_stream=True)


class ExperienceForgetting(GenericExperienceForgetting):
    """Loss of accuracy of every experience evaluated: ``ExperienceForgetting``.

    Args:
        reference: ``"first"``, or ``"best"``, which is named ``ExperienceForgettingFromBest``.
    """

    def __init__(
        self, reference: Reference = "first", counter: CorrectCounter | None = None
    ) -> None:
        self._accuracy = Accuracy()
        self._count = CorrectCounter() if counter is None else counter
        super().__init__(self._accuracy, reference)

    def metric_update(self, strategy: Any) -> None:
        """Count the right answers."""
        self._accuracy.add(self._count(strategy), len(strategy.mb_y))

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
        self._accuracy = Accuracy()
        self._count = CorrectCounter() if counter is None else counter
        super().__init__(self._accuracy, reference)

    def metric_update(self, strategy: Any) -> None:
        """Count the right answers."""
        self._accuracy.add(self._count(strategy), len(strategy.mb_y))

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
