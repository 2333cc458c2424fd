"""Use of the graphics processor."""

from typing import Any

from avalanche.evaluation.metric_definitions import EmitAt, Mode, PluginMetric, ResetAt
from avalanche.evaluation.metric_results import MetricValue
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.gpu_reading import gpu_reader
from avalanche.evaluation.metrics.peak import Peak, PeakPluginMetric, peak_name

__all__ = [
    "EpochMaxGPU",
    "ExperienceMaxGPU",
    "GPUPluginMetric",
    "MaxGPU",
    "MinibatchMaxGPU",
    "StreamMaxGPU",
    "gpu_usage_metrics",
]


class MaxGPU(Peak):
    """Highest use of a GPU, in percent of the time that any kernel ran on it.

    Needs the extra ``gpu``. Without it, without such a GPU, or with a negative number, nothing is
    measured: the result stays 0, ``available`` is False, and the reason is logged once.

    Args:
        gpu_id: number of the GPU as in ``cuda:0``, so counted among the visible ones.
        every: seconds between two readings of the thread, above 0.

    Attributes:
        available: whether there is a GPU to read.

    Raises:
        TypeError: ``gpu_id`` is no whole number.

    Example:
        >>> usage = MaxGPU(-1)
        >>> usage.update()
        >>> usage.available, usage.result()
        (False, 0.0)
    """

    def __init__(self, gpu_id: int, every: float = 0.5) -> None:
        super().__init__(every)
        if isinstance(gpu_id, bool) or not isinstance(gpu_id, int):
            raise TypeError(
                f"gpu_id={gpu_id!r}: expected the number of a GPU, or -1 to measure none"
            )
        self.gpu_id = gpu_id
        self.available = gpu_reader(gpu_id) is not None

    def read(self) -> float:
        """Percent now."""
        reader = gpu_reader(self.gpu_id) if self.available else None
        return reader() if reader is not None else 0.0

    def start_thread(self) -> None:
        """Start reading, if there is a GPU."""
        if self.available:
            super().start_thread()


class GPUPluginMetric(PeakPluginMetric):
    """Highest use of a GPU from the moment of reset to the moment of emission; the base of the
    classes below. Without a GPU it emits nothing.

    Args:
        gpu_id: as for :class:`MaxGPU`; it is part of the values' names.
        every: seconds between two readings, above 0.
        reset_at: when to forget.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(
        self, gpu_id: int, every: float, reset_at: ResetAt, emit_at: EmitAt, mode: Mode
    ) -> None:
        self.gpu_id = gpu_id
        self._gpu = MaxGPU(gpu_id, every)
        super().__init__(self._gpu, reset_at, emit_at, mode)

    def __str__(self) -> str:
        return peak_name(f"MaxGPU{self.gpu_id}Usage", self._reset_at, self._emit_at)

    def _package_result(self, strategy: Any) -> list[MetricValue]:
        return super()._package_result(strategy) if self._gpu.available else []


class MinibatchMaxGPU(GPUPluginMetric):
    """Highest use in every training iteration: ``MaxGPU0Usage_MB``.

    Args:
        gpu_id: as for :class:`MaxGPU`.
        every: seconds between two readings, above 0.
    """

    def __init__(self, gpu_id: int, every: float = 0.5) -> None:
        super().__init__(gpu_id, every, *at.MINIBATCH)


class EpochMaxGPU(GPUPluginMetric):
    """Highest use in every training epoch: ``MaxGPU0Usage_Epoch``.

    Args:
        gpu_id: as for :class:`MaxGPU`.
        every: seconds between two readings, above 0.
    """

    def __init__(self, gpu_id: int, every: float = 0.5) -> None:
        super().__init__(gpu_id, every, *at.EPOCH)


class ExperienceMaxGPU(GPUPluginMetric):
    """Highest use in the evaluation of every experience: ``MaxGPU0Usage_Experience``.

    Args:
        gpu_id: as for :class:`MaxGPU`.
        every: seconds between two readings, above 0.
    """

    def __init__(self, gpu_id: int, every: float = 0.5) -> None:
        super().__init__(gpu_id, every, *at.EXPERIENCE)


class StreamMaxGPU(GPUPluginMetric):
    """Highest use in the evaluation of the stream: ``MaxGPU0Usage_Stream``.

    Args:
        gpu_id: as for :class:`MaxGPU`.
        every: seconds between two readings, above 0.
    """

    def __init__(self, gpu_id: int, every: float = 0.5) -> None:
        super().__init__(gpu_id, every, *at.STREAM)


def gpu_usage_metrics(
    gpu_id: int,
    every: float = 0.5,
    minibatch: bool = False,
    epoch: bool = False,
    experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """Highest use of a GPU, in percent, at the granularities that are switched on.

    Without a GPU they emit nothing, so the same code runs anywhere.

    Args:
        gpu_id: number of the GPU as in ``cuda:0``; -1 for none.
        every: seconds between two readings, above 0.
        minibatch: in every training iteration.
        epoch: in every training epoch.
        experience: in the evaluation of every experience.
        stream: in the evaluation of every stream.

    Example:
        >>> [str(metric) for metric in gpu_usage_metrics(-1, every=0.5, epoch=True)]
        ['MaxGPU-1Usage_Epoch']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchMaxGPU),
            (epoch, EpochMaxGPU),
            (experience, ExperienceMaxGPU),
            (stream, StreamMaxGPU),
        ],
        *(gpu_id, every),
    )
