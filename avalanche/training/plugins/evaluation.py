"""The plugin that drives metrics and hands what they emit to loggers."""

import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from avalanche.benchmarks.scenarios import SequenceCLStream
from avalanche.core import EVENTS, SupervisedPlugin
from avalanche.core.events import check_event_names, implements
from avalanche.evaluation.history import MetricHistory
from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.logging import BaseLogger, InteractiveLogger

__all__ = ["EvaluationPlugin", "default_evaluator", "default_loggers"]

Loggers = BaseLogger | Sequence[BaseLogger] | Callable[[], Sequence[BaseLogger]] | None


def _at(event: str) -> Callable[..., None]:
    """The plugin's callback of one event."""

    def callback(self: "EvaluationPlugin", strategy: Any, **kwargs: Any) -> None:
        if self._active:
            self._fire(event, strategy, kwargs)

    callback.__name__ = event
    callback.__qualname__ = f"EvaluationPlugin.{event}"
    callback.__doc__ = f"Call the metrics, then the loggers, that act at ``{event}``."
    return callback


class EvaluationPlugin(SupervisedPlugin, supports_distributed=True):
    """Computes metrics while a strategy trains and evaluates, and logs them.

    At each event every metric that acts there is called; what it emits is published; then each
    logger gets all of it with ``log_metrics(values)`` and is called by the event's name. What acts
    at which event is worked out here, once: an event at which nobody acts costs nothing.

    Args:
        metrics: metrics, or lists of them as ``accuracy_metrics(...)`` returns, nested or not.
        loggers: a logger, a list of them, a function without arguments that makes the list, or
            None.
        collect_all: keep every value, for :meth:`get_all_metrics` and :meth:`table`; otherwise only
            the last of each name.
        strict_checks: refuse to evaluate a part of a stream, whose stream metrics could be mistaken
            for those of the whole.
        benchmark: taken for the sake of scripts for 0.1 to 0.3; streams are known without it.

    Raises:
        TypeError: something that is not a metric or not a logger.
        ValueError: a metric that can never emit, since it overrides no callback; a callback whose
            name is no event; one metric object given twice.

    Example:
        >>> evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, stream=True))
        >>> evaluator.get_last_metrics()
        {}
    """

    def __init__(
        self,
        *metrics: PluginMetric[Any] | Sequence[PluginMetric[Any]],
        loggers: Loggers = None,
        collect_all: bool = True,
        strict_checks: bool = False,
        benchmark: Any = None,
    ) -> None:
        self.metrics = _flatten_metrics(metrics)
        self.loggers = _flatten_loggers(loggers)
        self.collect_all = collect_all
        self.strict_checks = strict_checks
        self._active = True
        self._serves: weakref.ref[Any] | None = None  # the strategy that was trained last
        self._history = MetricHistory(collect_all)
        self._metric_calls: dict[str, list[Callable[[Any], MetricResult]]] = {}
        self._logger_calls: dict[str, list[Callable[..., Any] | None]] = {}
        self._resolve()

    def _resolve(self) -> None:
        """Work out, for every event, which metrics and loggers act there."""
        self.metrics = _flatten_metrics(self.metrics)
        self.loggers = _flatten_loggers(self.loggers)
        self._resolved = [id(item) for item in (*self.metrics, *self.loggers)]
        for name in (event.name for event in EVENTS):
            acting = [metric for metric in self.metrics if implements(metric, name)]
            self._metric_calls[name] = [getattr(metric, name) for metric in acting]
            self._logger_calls[name] = [
                getattr(logger, name) if implements(logger, name) else None
                for logger in self.loggers
            ]

    def refresh(self) -> bool:
        """Follow changes of the lists ``metrics`` and ``loggers``; True if there were any."""
        if self._resolved == [id(item) for item in (*self.metrics, *self.loggers)]:
            return False
        self._resolve()
        return True

    def listens(self, event: str) -> bool:
        """Whether some metric or logger acts at ``event``, or a subclass does."""
        if getattr(type(self), event, None) is not getattr(EvaluationPlugin, event, None):
            return True
        if self._metric_calls.get(event):
            return True
        if any(call is not None for call in self._logger_calls.get(event, ())):
            return True
        return event == "before_eval" and self.strict_checks

    @property
    def active(self) -> bool:
        """Whether metrics are computed and logged; set it to False to pause both."""
        return self._active

    @active.setter
    def active(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"active={value!r}: expected True or False")
        self._active = value

    def publish_metric_value(self, mval: MetricValue) -> None:
        """Record a value as if a metric had emitted it."""
        self._history.add(mval)

    def get_last_metrics(self, since: int = 0) -> dict[str, Any]:
        """Last value of every name, however long ago it was emitted.

        Use :meth:`reset_last_metrics` to start from nothing.

        Args:
            since: only values emitted after so many training iterations or more.
        """
        return self._history.last(since)

    def get_all_metrics(self) -> dict[str, tuple[list[int], list[Any]]]:
        """For every name, two lists: training iterations so far, and values.

        Empty with ``collect_all=False``.
        """
        return self._history.all()

    @property
    def last_metric_results(self) -> dict[str, Any]:
        """What :meth:`get_last_metrics` gives."""
        return self.get_last_metrics()

    @property
    def all_metric_results(self) -> dict[str, tuple[list[int], list[Any]]]:
        """What :meth:`get_all_metrics` gives."""
        return self.get_all_metrics()

    def reset_last_metrics(self) -> None:
        """Forget the last values; :meth:`get_all_metrics` keeps its own."""
        self._history.reset_last()

    def table(self) -> list[dict[str, Any]]:
        """All scalar values as tidy rows, in order of emission.

        Each row has ``step`` (training iterations so far), ``trained_experience`` (experiences
        learnt to their end so far), ``phase``, ``stream``, ``experience`` and ``task`` (None where
        they do not apply), ``metric`` and ``value``. A dictionary has a row for each number.

        Raises:
            RuntimeError: with ``collect_all=False``, since the values were not kept.
        """
        if not self.collect_all:
            raise RuntimeError(
                "table() needs every value and collect_all=False kept only the last ones; "
                "create the EvaluationPlugin with collect_all=True"
            )
        return self._history.table()

    def serve(self, strategy: Any) -> None:
        """Warn if another strategy is trained than before: metrics remember what was learnt."""
        if self._serves is not None and self._serves() is not strategy:
            warnings.warn(
                "this EvaluationPlugin served another strategy before, and its metrics remember "
                "what that one learnt; give every strategy an evaluator of its own",
                stacklevel=4,
            )
        self._serves = weakref.ref(strategy)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_serves": None}

    def count_experience(self, strategy: Any) -> None:
        """The experience just counted was learnt when the last evaluation was made.

        An evaluation after the last epoch cannot know that no other epoch follows; this puts its
        values right in :meth:`table`.
        """
        clock = strategy.clock
        self._history.settle(clock.train_iterations, clock.train_exp_counter)

    def close(self) -> None:
        """Let metrics and loggers finish: stop threads, complete lines, close files.

        A run may go on afterwards: they take up again what they need.
        """
        for metric in self.metrics:
            metric.close()
        for logger in self.loggers:
            logger.close()

    def state_dict(self) -> dict[str, Any]:
        """Values so far and the state of every metric, as tensors and plain values."""
        return {
            "history": self._history.state_dict(),
            "metrics": [metric.state_dict() for metric in self.metrics],
            "names": [str(metric) for metric in self.metrics],
            "active": self._active,
        }

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse the state of a plugin with other metrics.

        Raises:
            ValueError: naming both.
        """
        names = [str(metric) for metric in self.metrics]
        if names != state["names"]:
            raise ValueError(
                f"state of an EvaluationPlugin with metrics {state['names']}: this one has "
                f"{names}; create it with the same metrics in the same order"
            )

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave, and tell loggers that the run goes on.

        Raises:
            ValueError: the state is of a plugin with other metrics.
        """
        self.check_state_dict(state)
        self._history.load_state_dict(state["history"])
        for metric, saved in zip(self.metrics, state["metrics"], strict=True):
            metric.load_state_dict(saved)
        self._active = state["active"]
        for logger in self.loggers:
            logger.on_checkpoint_resume()

    def _fire(self, event: str, strategy: Any, kwargs: dict[str, Any]) -> None:
        emitted: list[MetricValue] = []
        for call in self._metric_calls[event]:
            result = call(strategy)
            if result is not None:
                emitted += _values_of(result, call)
        if emitted:
            learnt = strategy.clock.train_exp_counter
            for value in emitted:
                value.trained_experience = learnt
                self._history.add(value)
        for logger, log in zip(self.loggers, self._logger_calls[event], strict=True):
            if emitted:
                logger.log_metrics(emitted)
            if log is not None:
                log(strategy, emitted, **kwargs)

    def before_eval(self, strategy: Any, **kwargs: Any) -> None:
        """Check the stream if asked to, then call what acts here.

        Raises:
            ValueError: ``strict_checks=True`` and the stream is not evaluated whole.
        """
        if not self._active:
            return
        if self.strict_checks:
            _check_whole_stream(strategy.current_eval_stream)
        self._fire("before_eval", strategy, kwargs)

    before_training = _at("before_training")
    before_train_dataset_adaptation = _at("before_train_dataset_adaptation")
    after_train_dataset_adaptation = _at("after_train_dataset_adaptation")
    before_training_exp = _at("before_training_exp")
    before_training_epoch = _at("before_training_epoch")
    before_training_iteration = _at("before_training_iteration")
    before_forward = _at("before_forward")
    after_forward = _at("after_forward")
    before_backward = _at("before_backward")
    after_backward = _at("after_backward")
    before_update = _at("before_update")
    after_update = _at("after_update")
    before_inner_updates = _at("before_inner_updates")
    after_inner_updates = _at("after_inner_updates")
    before_outer_update = _at("before_outer_update")
    after_outer_update = _at("after_outer_update")
    after_training_iteration = _at("after_training_iteration")
    after_training_epoch = _at("after_training_epoch")
    after_training_exp = _at("after_training_exp")
    after_training = _at("after_training")
    before_eval_dataset_adaptation = _at("before_eval_dataset_adaptation")
    after_eval_dataset_adaptation = _at("after_eval_dataset_adaptation")
    before_eval_exp = _at("before_eval_exp")
    before_eval_iteration = _at("before_eval_iteration")
    before_eval_forward = _at("before_eval_forward")
    after_eval_forward = _at("after_eval_forward")
    after_eval_iteration = _at("after_eval_iteration")
    after_eval_exp = _at("after_eval_exp")
    after_eval = _at("after_eval")


def _values_of(result: Any, call: Callable[..., Any]) -> list[MetricValue]:
    """What a callback of a metric emits, as a list.

    Raises:
        TypeError: anything but values with a name.
    """
    if isinstance(result, MetricValue):
        return [result]
    many = isinstance(result, Iterable) and not isinstance(result, (str, Mapping, Tensor))
    values = list(result) if many else [result]
    odd = [value for value in values if not isinstance(value, MetricValue)]
    if odd:
        raise TypeError(
            f"{getattr(call, '__self__', call)}.{call.__name__} returned {odd[0]!r}: expected a "
            "MetricValue, a list of them, or None; return [MetricValue(self, name, value, "
            "strategy.clock.train_iterations)]"
        )
    return values


def _flatten_metrics(metrics: Iterable[Any]) -> list[PluginMetric[Any]]:
    flat: list[PluginMetric[Any]] = []
    for metric in _leaves(metrics):
        if not isinstance(metric, PluginMetric):
            raise TypeError(
                f"metrics={metric!r}: {type(metric).__name__} does not follow a strategy; "
                "expected a PluginMetric, or a list of them as accuracy_metrics(epoch=True) "
                "returns (wrap a standalone metric with GenericPluginMetric)"
            )
        check_event_names(metric)
        if not any(implements(metric, event.name) for event in EVENTS):
            raise ValueError(
                f"metrics={metric!r}: {type(metric).__name__} overrides no callback, so it can "
                "never emit a value; override one, for example after_eval_exp"
            )
        if any(metric is other for other in flat):
            raise ValueError(
                f"metrics: {metric} was given twice; one object would count everything twice"
            )
        flat.append(metric)
    return flat


def _leaves(nested: Iterable[Any]) -> Iterator[Any]:
    """What is in lists of lists."""
    for item in nested:
        if isinstance(item, (list, tuple)):
            yield from _leaves(item)
        else:
            yield item


def _flatten_loggers(loggers: Any) -> list[BaseLogger]:
    if loggers is None:
        return []
    if callable(loggers) and not isinstance(loggers, (BaseLogger, type)):
        loggers = loggers()
    flat = list(loggers) if isinstance(loggers, (list, tuple)) else [loggers]
    for logger in flat:
        if not isinstance(logger, BaseLogger):
            given = logger.__name__ if isinstance(logger, type) else type(logger).__name__
            raise TypeError(
                f"loggers={logger!r}: {given} is not a logger; expected an instance of BaseLogger, "
                "such as TextLogger(), or a list of them"
            )
        check_event_names(logger)
    return flat


def _check_whole_stream(stream: Iterable[Any]) -> None:
    experiences = list(stream)
    if not experiences:
        raise ValueError("evaluation of an empty stream: strict_checks=True expects a whole stream")
    names = [*dict.fromkeys(experience.origin_stream.name for experience in experiences)]
    if len(names) > 1:
        raise ValueError(
            f"evaluation of experiences of the streams {', '.join(names)} at once: "
            "strict_checks=True expects one; evaluate each by itself, or use strict_checks=False"
        )
    origin = experiences[0].origin_stream
    whole = origin.whole() if isinstance(origin, SequenceCLStream) else origin
    given = sorted(experience.current_experience for experience in experiences)
    if given != list(range(len(whole))):
        raise ValueError(
            f"evaluation of experiences {given} of the {whole.name} stream: strict_checks=True "
            f"expects all {len(whole)}; evaluate the whole stream, or use strict_checks=False"
        )


def default_loggers() -> list[BaseLogger]:
    """A new list with the logger that strategies use by default."""
    return [InteractiveLogger()]


def default_evaluator() -> EvaluationPlugin:
    """A new evaluator: accuracy and loss per epoch, experience and stream, on the terminal."""
    return EvaluationPlugin(
        accuracy_metrics(epoch=True, experience=True, stream=True),
        loss_metrics(epoch=True, experience=True, stream=True),
        loggers=default_loggers,
    )
