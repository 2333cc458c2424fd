"""The highest of many readings, taken by a thread while a run goes on."""

import logging
import threading
import weakref
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Metric,
    Mode,
    ResetAt,
)
from avalanche.evaluation.metric_results import MetricResult
from avalanche.evaluation.metrics import granularity as at

__all__ = ["Peak", "PeakPluginMetric", "peak_name"]

_log = logging.getLogger("avalanche")


class Peak(Metric[float], ABC):
    """The highest reading since the last reset; 0 before any.

    A daemon thread reads every ``every`` seconds between :meth:`start_thread` and
    :meth:`stop_thread`; what rises and falls in between goes unseen. :meth:`update` reads at once.
    The thread also ends when nobody holds the metric any more.

    Args:
        every: seconds between two readings, above 0.

    Raises:
        ValueError: ``every`` is not above 0.
    """

    def __init__(self, every: float) -> None:
        if not every > 0:
            raise ValueError(f"every={every!r}: expected seconds between readings, above 0")
        self.every = every
        self._peak = 0.0
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None

    @abstractmethod
    def read(self) -> float:
        """The current reading."""

    def update(self) -> None:
        """Take a reading now."""
        value = self.read()
        with self._lock:
            self._peak = max(self._peak, value)

    def result(self) -> float:
        """The highest reading."""
        return self._peak

    def reset(self) -> None:
        """Forget all readings; a running thread goes on."""
        with self._lock:
            self._peak = 0.0

    @property
    def running(self) -> bool:
        """Whether the thread reads."""
        return self._stop is not None

    def start_thread(self) -> None:
        """Start reading; nothing happens if it runs already."""
        if self._stop is None:
            self._stop = threading.Event()
            arguments = (weakref.ref(self), self._stop, self.every)
            name = f"avalanche {type(self).__name__}"
            threading.Thread(target=_keep_reading, args=arguments, name=name, daemon=True).start()

    def stop_thread(self) -> None:
        """Stop reading; nothing happens if it does not run."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy does not read until it is started."""
        return {**vars(self), "_lock": None, "_stop": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.Lock()


def _keep_reading(of: "weakref.ref[Peak]", stop: threading.Event, every: float) -> None:
    while not stop.wait(every):
        metric = of()
        if metric is None:
            return
        try:
            metric.update()
        except Exception:
            _log.exception("%s stopped: its reading failed", type(metric).__name__)
            return
        del metric  # while waiting, this thread keeps nothing alive


class PeakPluginMetric(GenericPluginMetric[float]):
    """Highest reading from the moment of reset to the moment of emission.

    Readings are taken at both moments, so short ones have a value too, and by the thread in
    between. The thread runs from the beginning to the end of ``train`` or ``eval``, and
    ``EvaluationPlugin.close()``, which an exception in the loop calls, stops it.

    Args:
        peak: what is read.
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    updates_each_iteration: ClassVar[bool] = False

    def __init__(self, peak: Peak, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        self._peak = peak
        super().__init__(peak, reset_at, emit_at, mode)

    def before_training(self, strategy: Any) -> MetricResult:
        """Start the thread if training is measured."""
        if self._mode == "train":
            self._peak.start_thread()
        return super().before_training(strategy)

    def after_training(self, strategy: Any) -> MetricResult:
        """Stop the thread if training is measured."""
        emitted = super().after_training(strategy)
        if self._mode == "train":
            self._peak.stop_thread()
        return emitted

    def before_eval(self, strategy: Any) -> MetricResult:
        """Start the thread if evaluation is measured."""
        if self._mode == "eval":
            self._peak.start_thread()
        return super().before_eval(strategy)

    def after_eval(self, strategy: Any) -> MetricResult:
        """Stop the thread if evaluation is measured."""
        emitted = super().after_eval(strategy)
        if self._mode == "eval":
            self._peak.stop_thread()
        return emitted

    def close(self) -> None:
        """Stop the thread of a run that was interrupted."""
        self._peak.stop_thread()


def peak_name(name: str, reset_at: ResetAt, emit_at: EmitAt) -> str:
    """``name`` with its granularity, of which the field writes this one out for peaks."""
    return at.named(name, reset_at, emit_at).replace("_Exp", "_Experience")
