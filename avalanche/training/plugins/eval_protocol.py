"""What evaluated a strategy in the first releases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avalanche.evaluation.metrics import (
    MAC,
    CPUUsage,
    DiskUsage,
    MAC_metrics,
    cpu_usage_metrics,
    disk_usage_metrics,
)
from avalanche.evaluation.metrics.protocol_metrics import ACC
from avalanche.logging import TensorboardLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin, default_loggers

__all__ = ["EvalProtocol"]


class EvalProtocol(EvaluationPlugin):
    """An :class:`EvaluationPlugin` that also writes to TensorBoard; new code takes that.

    Args:
        metrics: such as ``[ACC(), CF(), RAMU(), CM(), CPUUsage(), TimeUsage(), DiskUsage()]`` of
            :mod:`avalanche.evaluation.metrics`, or any of today's; accuracy by default.
        tb_logdir: the folder for TensorBoard.

    Example:
        >>> import tempfile
        >>> from avalanche.evaluation.metrics import ACC, CF
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     protocol = EvalProtocol(metrics=[ACC(num_class=10), CF()], tb_logdir=folder)
        ...     protocol.close()
        >>> len(protocol.metrics)
        4
    """

    def __init__(
        self, metrics: Sequence[Any] | None = None, tb_logdir: str | Path = "../logs/test"
    ) -> None:
        given = [ACC()] if metrics is None else metrics
        loggers = [*default_loggers(), TensorboardLogger(tb_logdir)]
        super().__init__(*map(_of_experiences, given), loggers=loggers)


def _of_experiences(metric: Any) -> Any:
    """Metrics that are told when to emit, for one that is not."""
    if type(metric) is CPUUsage:
        return cpu_usage_metrics(experience=True)
    if type(metric) is DiskUsage:
        return disk_usage_metrics(paths_to_monitor=metric.paths_to_monitor, experience=True)
    if type(metric) is MAC:
        return MAC_metrics(experience=True)
    return metric
