"""Use of the processor."""

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
from avalanche.evaluation.metrics import granularity as at

__all__ = [
    "CPUPluginMetric",
    "CPUUsage",
    "EpochCPUUsage",
    "ExperienceCPUUsage",
    "MinibatchCPUUsage",
    "RunningEpochCPUUsage",
    "StreamCPUUsage",
    "cpu_usage_metrics",
]


class CPUUsage(Metric[float]):
    """Processor time per elapsed time between the first and the last ``update``, in percent.

    All threads of this process count, so four busy cores are 400; loader workers are processes of
    their own and do not count. 0 with fewer than two updates.

    Example:
        >>> usage = CPUUsage()
        >>> usage.update()
        >>> total = sum(range(10_000))
        >>> usage.update()
        >>> usage.result() > 0
        True
    """

    def __init__(self) -> None:
        self._start: tuple[float, float] | None = None
        self._end: tuple[float, float] | None = None

    def update(self) -> None:
        """Take both times."""
        # The process clock is exact to nanoseconds; psutil's counts in hundredths of a second,
        # which is longer than an iteration.
        now = time.process_time(), time.perf_counter()
        if self._start is None:
            self._start = now
        else:
            self._end = now

    def result(self) -> float:
        """Percent of one core."""
        if self._start is None or self._end is None:
            return 0.0
        elapsed = self._end[1] - self._start[1]
        return 100 * (self._end[0] - self._start[0]) / elapsed if elapsed > 0 else 0.0

    def reset(self) -> None:
        """Forget all times."""
        self._start = self._end = None


class CPUPluginMetric(GenericPluginMetric[float]):
    """Use of the processor from the moment of reset to the moment of emission; the base of the
    classes below.

    Args:
        reset_at: when to start.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    updates_each_iteration: ClassVar[bool] = False

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        super().__init__(CPUUsage(), reset_at, emit_at, mode)

    def __str__(self) -> str:
        return at.named("CPUUsage", self._reset_at, self._emit_at)


class MinibatchCPUUsage(CPUPluginMetric):
    """Processor use of every training iteration: ``CPUUsage_MB``."""

    def __init__(self) -> None:
        super().__init__(*at.MINIBATCH)


class EpochCPUUsage(CPUPluginMetric):
    """Processor use of every training epoch: ``CPUUsage_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.EPOCH)


class RunningEpochCPUUsage(CPUPluginMetric):
    """Processor use since the epoch began, at every iteration: ``RunningCPUUsage_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.RUNNING_EPOCH)


class ExperienceCPUUsage(CPUPluginMetric):
    """Processor use of the evaluation of every experience: ``CPUUsage_Exp``."""

    def __init__(self) -> None:
        super().__init__(*at.EXPERIENCE)


class StreamCPUUsage(CPUPluginMetric):
    """Processor use of the evaluation of the stream: ``CPUUsage_Stream``."""

    def __init__(self) -> None:
        super().__init__(*at.STREAM)


def cpu_usage_metrics(
    *,
    minibatch: bool = False,
    epoch: bool = False,
    epoch_running: bool = False,
    experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """Use of the processor, in percent of one core, at the granularities that are switched on.

    Args:
        minibatch: of every training iteration.
        epoch: of every training epoch.
        epoch_running: since the training epoch began, at every iteration.
        experience: of the evaluation of every experience.
        stream: of the evaluation of every stream.

    Example:
        >>> [str(metric) for metric in cpu_usage_metrics(epoch=True, experience=True)]
        ['CPUUsage_Epoch', 'CPUUsage_Exp']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchCPUUsage),
            (epoch, EpochCPUUsage),
            (epoch_running, RunningEpochCPUUsage),
            (experience, ExperienceCPUUsage),
            (stream, StreamCPUUsage),
        ]
    )
