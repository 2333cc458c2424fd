"""Main memory in use."""

from typing import Any

from avalanche.evaluation.metric_definitions import EmitAt, Mode, PluginMetric, ResetAt
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.peak import Peak, PeakPluginMetric, peak_name

__all__ = [
    "EpochMaxRAM",
    "ExperienceMaxRAM",
    "MaxRAM",
    "MinibatchMaxRAM",
    "RAMPluginMetric",
    "StreamMaxRAM",
    "ram_usage_metrics",
]

_MEBIBYTE = 1024**2


class MaxRAM(Peak):
    """Highest resident memory of this process, in MB of 1024² bytes.

    Loader workers are processes of their own and do not count.

    Args:
        every: seconds between two readings of the thread, above 0.

    Example:
        >>> memory = MaxRAM()
        >>> memory.result()
        0.0
        >>> memory.update()
        >>> memory.result() > 10
        True
    """

    def __init__(self, every: float = 1) -> None:
        super().__init__(every)

    def read(self) -> float:
        """MB now."""
        import psutil

        return float(psutil.Process().memory_info().rss) / _MEBIBYTE


class RAMPluginMetric(PeakPluginMetric):
    """Highest memory from the moment of reset to the moment of emission; the base of the classes
    below.

    Args:
        every: seconds between two readings, above 0.
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, every: float, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        super().__init__(MaxRAM(every), reset_at, emit_at, mode)

    def __str__(self) -> str:
        return peak_name("MaxRAMUsage", self._reset_at, self._emit_at)


class MinibatchMaxRAM(RAMPluginMetric):
    """Highest memory in every training iteration: ``MaxRAMUsage_MB``.

    Args:
        every: seconds between two readings, above 0.
    """

    def __init__(self, every: float = 1) -> None:
        super().__init__(every, *at.MINIBATCH)


class EpochMaxRAM(RAMPluginMetric):
    """Highest memory in every training epoch: ``MaxRAMUsage_Epoch``.

    Args:
        every: seconds between two readings, above 0.
    """

    def __init__(self, every: float = 1) -> None:
        super().__init__(every, *at.EPOCH)


class ExperienceMaxRAM(RAMPluginMetric):
    """Highest memory in the evaluation of every experience: ``MaxRAMUsage_Experience``.

    Args:
        every: seconds between two readings, above 0.
    """

    def __init__(self, every: float = 1) -> None:
        super().__init__(every, *at.EXPERIENCE)


class StreamMaxRAM(RAMPluginMetric):
    """Highest memory in the evaluation of the stream: ``MaxRAMUsage_Stream``.

    Args:
        every: seconds between two readings, above 0.
    """

    def __init__(self, every: float = 1) -> None:
        super().__init__(every, *at.STREAM)


def ram_usage_metrics(
    *,
    every: float = 1,
    minibatch: bool = False,
    epoch: bool = False,
    experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """Highest memory of this process, in MB, at the granularities that are switched on.

    Args:
        every: seconds between two readings, above 0.
        minibatch: in every training iteration.
        epoch: in every training epoch.
        experience: in the evaluation of every experience.
        stream: in the evaluation of every stream.

    Example:
        >>> [str(metric) for metric in ram_usage_metrics(every=0.5, experience=True)]
        ['MaxRAMUsage_Experience']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchMaxRAM),
            (epoch, EpochMaxRAM),
            (experience, ExperienceMaxRAM),
            (stream, StreamMaxRAM),
        ],
        every,
    )
