"""Wall-clock time."""

import time
from typing import Any, ClassVar

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Metric,
    Mode,
    PluginMetric,
    ResetAt,
)
from avalanche.evaluation.metric_results import MetricResult
from avalanche.evaluation.metrics import granularity as at

__all__ = [
    "ElapsedTime",
    "EpochTime",
    "ExperienceTime",
    "MinibatchTime",
    "RunningEpochTime",
    "StreamTime",
    "TimePluginMetric",
    "timing_metrics",
]


class ElapsedTime(Metric[float]):
    """Seconds between the first and the last ``update``, without those between :meth:`pause` and
    :meth:`resume`; 0 with fewer than two updates.

    On an accelerator this is the time in which work was handed over, not the time in which it was
    done: nothing waits for the device.

    Example:
        >>> elapsed = ElapsedTime()
        >>> elapsed.update()
        >>> elapsed.result()
        0.0
        >>> elapsed.update()
        >>> elapsed.result() > 0
        True
    """

    def __init__(self) -> None:
        self._start: float | None = None
        self._end: float | None = None
        self._paused_at: float | None = None

    def update(self) -> None:
        """Take the time."""
        now = time.perf_counter()
        if self._start is None:
            self._start = now
        else:
            self._end = now

    def pause(self) -> None:
        """Stop the clock."""
        self._paused_at = time.perf_counter()

    def resume(self) -> None:
        """Let the clock go on; nothing happens if it was not stopped."""
        if self._paused_at is None:
            return
        away = time.perf_counter() - self._paused_at
        self._start = None if self._start is None else self._start + away
        self._end = None if self._end is None else self._end + away
        self._paused_at = None

    def result(self) -> float:
        """Seconds."""
        if self._start is None or self._end is None:
            return 0.0
        return self._end - self._start

    def reset(self) -> None:
        """Forget all times."""
        self._start = self._end = self._paused_at = None


class TimePluginMetric(GenericPluginMetric[float]):
    """Time from the moment of reset to the moment of emission; the base of the classes below.

    Evaluations during training are not part of the time of training.

    Args:
        reset_at: when the clock starts.
        emit_at: when the time is emitted.
        mode: ``"train"`` or ``"eval"``.
    """

    updates_each_iteration: ClassVar[bool] = False

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        self._time = ElapsedTime()
        super().__init__(self._time, reset_at, emit_at, mode)

    def before_eval(self, strategy: Any) -> MetricResult:
        """Stop the clock of training, or reset, if that is the moment."""
        if self._mode == "train":
            self._time.pause()
        return super().before_eval(strategy)

    def after_eval(self, strategy: Any) -> MetricResult:
        """Let the clock of training go on, or emit, if that is the moment."""
        if self._mode == "train":
            self._time.resume()
        return super().after_eval(strategy)

    def __str__(self) -> str:
        return at.named("Time", self._reset_at, self._emit_at)


class MinibatchTime(TimePluginMetric):
    """Seconds of every training iteration: ``Time_MB``."""

    def __init__(self) -> None:
        super().__init__(*at.MINIBATCH)


class EpochTime(TimePluginMetric):
    """Seconds of every training epoch: ``Time_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.EPOCH)


class RunningEpochTime(TimePluginMetric):
    """Mean seconds per iteration since the epoch began: ``RunningTime_Epoch``.

    The time between iterations, in which data are loaded, is part of it.
    """

    def __init__(self) -> None:
        self._iterations = 0
        super().__init__(*at.RUNNING_EPOCH)

    def reset(self) -> None:
        """Start the clock."""
        super().reset()
        self._iterations = 0

    def lazy_result(self) -> float:
        """Seconds per iteration until now."""
        self._iterations += 1
        return float(super().lazy_result())

    def result(self) -> float:
        """Seconds per iteration until the last one."""
        return self._time.result() / self._iterations if self._iterations else 0.0


class ExperienceTime(TimePluginMetric):
    """Seconds of the evaluation of every experience: ``Time_Exp``."""

    def __init__(self) -> None:
        super().__init__(*at.EXPERIENCE)


class StreamTime(TimePluginMetric):
    """Seconds of the evaluation of the stream: ``Time_Stream``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM)


def timing_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """Wall-clock time, in seconds, at the granularities that are switched on.

    Args:
        minibatch: of every training iteration.
        epoch: of every training epoch.
        epoch_running: mean per iteration since the training epoch began.
        experience: of the evaluation of every experience.
        stream: of the evaluation of every stream.

    Example:
        >>> [str(metric) for metric in timing_metrics(epoch=True, epoch_running=True)]
        ['Time_Epoch', 'RunningTime_Epoch']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchTime),
            (epoch, EpochTime),
            (epoch_running, RunningEpochTime),
            (experience, ExperienceTime),
            (stream, StreamTime),
        ]
    )
