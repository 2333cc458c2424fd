"""Disk space in use."""

import os
from collections.abc import Sequence
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
    "DiskPluginMetric",
    "DiskUsage",
    "EpochDiskUsage",
    "ExperienceDiskUsage",
    "MinibatchDiskUsage",
    "StreamDiskUsage",
    "disk_usage_metrics",
]

_KIBIBYTE = 1024
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None


class DiskUsage(Metric[float]):
    """Size of folders, in KB of 1024 bytes.

    The sizes of all files below them are added up. Links are not followed, a file with several
    names counts once, and what the folders themselves take up does not count.

    Args:
        paths_to_monitor: a folder or file, or a list of them; by default the working directory.

    Raises:
        FileNotFoundError: a path does not exist.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "buffer.bin").write_bytes(bytes(512))
        ...     usage = DiskUsage(folder)
        ...     usage.update()
        >>> usage.result()
        0.5
    """

    def __init__(self, paths_to_monitor: Paths = None) -> None:
        if paths_to_monitor is None:
            paths_to_monitor = [os.getcwd()]
        elif isinstance(paths_to_monitor, (str, os.PathLike)):
            paths_to_monitor = [paths_to_monitor]
        self.paths_to_monitor = [os.path.abspath(path) for path in paths_to_monitor]
        for path in self.paths_to_monitor:
            if not os.path.exists(path):
                raise FileNotFoundError(
                    f"paths_to_monitor={path!r}: no such folder or file; create it first"
                )
        self.total_usage = 0.0

    def update(self) -> None:
        """Measure."""
        self.total_usage = sum(map(self.get_dir_size, self.paths_to_monitor)) / _KIBIBYTE

    def result(self) -> float:
        """KB at the last update."""
        return self.total_usage

    def reset(self) -> None:
        """Back to zero."""
        self.total_usage = 0.0

    def get_dir_size(self, path: str | os.PathLike[str]) -> int:
        """Bytes of all files below ``path``, or of the file ``path``."""
        total, seen, folders = 0, set[tuple[int, int]](), [os.fspath(path)]
        if not os.path.isdir(path):
            return os.stat(path).st_size
        while folders:
            try:
                entries = list(os.scandir(folders.pop()))
            except FileNotFoundError:  # removed while we look, as temporary folders are
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.st_nlink > 1:
                    if (stat.st_dev, stat.st_ino) in seen:
                        continue
                    seen.add((stat.st_dev, stat.st_ino))
                total += stat.st_size
        return total


class DiskPluginMetric(GenericPluginMetric[float]):
    """Disk space at the moment of emission; the base of the classes below.

    Args:
        paths: as for :class:`DiskUsage`.
        reset_at: has no effect on a value that is measured when it is emitted.
        emit_at: when to measure and emit.
        mode: ``"train"`` or ``"eval"``.
    """

    updates_each_iteration: ClassVar[bool] = False

    def __init__(self, paths: Paths, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        super().__init__(DiskUsage(paths), reset_at, emit_at, mode)

    def reset(self) -> None:
        """Back to zero, without a look at the files."""
        self._metric.reset()

    def __str__(self) -> str:
        return at.named("DiskUsage", self._reset_at, self._emit_at)


class MinibatchDiskUsage(DiskPluginMetric):
    """Disk space after every training iteration: ``DiskUsage_MB``.

    Looks at every file each time; choose a small folder.

    Args:
        paths_to_monitor: as for :class:`DiskUsage`.
    """

    def __init__(self, paths_to_monitor: Paths = None) -> None:
        super().__init__(paths_to_monitor, *at.MINIBATCH)


class EpochDiskUsage(DiskPluginMetric):
    """Disk space after every training epoch: ``DiskUsage_Epoch``.

    Args:
        paths_to_monitor: as for :class:`DiskUsage`.
    """

    def __init__(self, paths_to_monitor: Paths = None) -> None:
        super().__init__(paths_to_monitor, *at.EPOCH)


class ExperienceDiskUsage(DiskPluginMetric):
    """Disk space after the evaluation of every experience: ``DiskUsage_Exp``.

    Args:
        paths_to_monitor: as for :class:`DiskUsage`.
    """

    def __init__(self, paths_to_monitor: Paths = None) -> None:
        super().__init__(paths_to_monitor, *at.EXPERIENCE)


class StreamDiskUsage(DiskPluginMetric):
    """Disk space after the evaluation of the stream: ``DiskUsage_Stream``.

    Args:
        paths_to_monitor: as for :class:`DiskUsage`.
    """

    def __init__(self, paths_to_monitor: Paths = None) -> None:
        super().__init__(paths_to_monitor, *at.STREAM)


def disk_usage_metrics(
    *,
    paths_to_monitor: Paths = None,
    minibatch: bool = False,
    epoch: bool = False,
    experience: bool = False,
    stream: bool = False,
) -> list[PluginMetric[Any]]:
    """Disk space, in KB, at the granularities that are switched on.

    Args:
        paths_to_monitor: as for :class:`DiskUsage`; by default the working directory.
        minibatch: after every training iteration.
        epoch: after every training epoch.
        experience: after the evaluation of every experience.
        stream: after the evaluation of every stream.

    Example:
        >>> [str(metric) for metric in disk_usage_metrics(epoch=True, stream=True)]
        ['DiskUsage_Epoch', 'DiskUsage_Stream']
    """
    return at.switched_on(
        [
            (minibatch, MinibatchDiskUsage),
            (epoch, EpochDiskUsage),
            (experience, ExperienceDiskUsage),
            (stream, StreamDiskUsage),
        ],
        paths_to_monitor,
    )
