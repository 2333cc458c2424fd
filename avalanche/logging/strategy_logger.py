"""The base class of loggers up to release 0.1."""

from collections.abc import Callable, Sequence
from typing import Any

from avalanche.core.events import EVAL_EVENTS, TRAIN_EVENTS
from avalanche.evaluation.metric_results import MetricValue
from avalanche.logging.base_logger import BaseLogger

__all__ = ["StrategyLogger"]


class StrategyLogger(BaseLogger):
    """A logger that is told at which event a value was emitted; new code takes
    :class:`BaseLogger`.

    Every event calls :meth:`log_metric` once for each value. A callback of one's own does the same
    with ``super().after_eval(strategy, metric_values, **kwargs)``.

    Example:
        >>> from types import SimpleNamespace
        >>> class Show(StrategyLogger):
        ...     def log_metric(self, metric_value, callback):
        ...         print(callback, metric_value.name, metric_value.value)
        >>> Show().after_eval(SimpleNamespace(), [MetricValue(None, "Top1_Acc_Stream", 0.5, 3)])
        after_eval Top1_Acc_Stream 0.5
    """

    def log_metric(self, metric_value: MetricValue, callback: str) -> None:
        """Write one value. The base class writes nothing.

        Args:
            metric_value: name, value and position.
            callback: the event at which it was emitted.
        """


def _callback(event: str) -> Callable[..., None]:
    def log_each(
        self: StrategyLogger,
        strategy: Any,
        metric_values: Sequence[MetricValue] = (),
        **kwargs: Any,
    ) -> None:
        MetricValue.resolve([*metric_values])
        for metric_value in metric_values:
            self.log_metric(metric_value, event)

    log_each.__name__ = event
    return log_each


for _event in TRAIN_EVENTS + EVAL_EVENTS:
    setattr(StrategyLogger, _event.name, _callback(_event.name))
