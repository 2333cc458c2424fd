"""What a logger is."""

from collections.abc import Sequence

from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metric_results import MetricType, MetricValue

__all__ = ["BaseLogger"]


class BaseLogger(SupervisedPlugin):
    """Base of all loggers.

    A logger gets every emitted value through :meth:`log_metrics`. It may also override the event
    callbacks, which get the strategy and the values emitted at that event:
    ``after_eval_exp(self, strategy, metric_values, **kwargs)``. Callbacks that are not overridden
    are never called.

    A value is converted from the device when it is read, so a logger that keeps the
    :class:`~avalanche.evaluation.metric_results.MetricValue` and reads it later costs less.

    Example:
        >>> class Remember(BaseLogger):
        ...     def __init__(self):
        ...         self.seen = []
        ...     def log_single_metric(self, name, value, x_plot):
        ...         self.seen.append((name, value, x_plot))
        >>> logger = Remember()
        >>> logger.log_metrics([MetricValue(None, "Loss_MB/train_phase/train_stream", 0.5, 3)])
        >>> logger.seen
        [('Loss_MB/train_phase/train_stream', 0.5, 3)]
    """

    def log_single_metric(self, name: str, value: MetricType, x_plot: int) -> None:
        """Write one value. The base class writes nothing.

        Args:
            name: full name.
            value: the value, never a dictionary.
            x_plot: position on the horizontal axis.
        """

    def log_metrics(self, metric_values: Sequence[MetricValue]) -> None:
        """Write values; a dictionary becomes one value per key, ``name/key``.

        Args:
            metric_values: what was emitted at one event.
        """
        MetricValue.resolve([*metric_values])
        for metric_value in metric_values:
            value = metric_value.value
            if isinstance(value, dict):
                for key, item in value.items():
                    self.log_single_metric(f"{metric_value.name}/{key}", item, metric_value.x_plot)
            else:
                self.log_single_metric(metric_value.name, value, metric_value.x_plot)

    def on_checkpoint_resume(self) -> None:
        """A checkpoint was loaded: what was written so far belongs to this run.

        Loggers that would begin anew or want to mark the place override it.
        """

    def close(self) -> None:
        """Complete lines and close files. Loggers that hold something override it.

        It is called at the end and when a run is interrupted, perhaps twice; a value logged later
        opens again what it needs.
        """
