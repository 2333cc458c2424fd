"""The one place that builds and reads the full names of metric values.

Grammar: ``Name/phase/stream_name[/TaskTTT][/ExpEEE][/detail]``, with ``phase`` one of
``train_phase`` and ``eval_phase``, ``stream_name`` the stream's name followed by ``_stream``, and
task and experience in three digits. Parts that do not apply are left out.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

__all__ = ["MetricKey"]


@dataclass(frozen=True)
class MetricKey:
    """The parts of a metric value's name; ``str(key)`` is the full name.

    Attributes:
        metric: name of the metric with its granularity, as ``Top1_Acc_Exp``.
        phase: ``"train"`` or ``"eval"``.
        stream: name of the stream, as ``test``.
        task: task label.
        experience: position of the experience in its stream.
        detail: what is left to tell apart: a class, a statistic.

    Example:
        >>> key = MetricKey("Top1_Acc_Exp", "eval", "test", task=0, experience=3)
        >>> str(key)
        'Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp003'
        >>> MetricKey.parse(str(key)) == key
        True
    """

    metric: str
    phase: str | None = None
    stream: str | None = None
    task: int | None = None
    experience: int | None = None
    detail: str | None = None

    @cached_property
    def name(self) -> str:
        """The full name."""
        parts = [self.metric]
        if self.phase is not None:
            parts.append(f"{self.phase}_phase")
        if self.stream is not None:
            parts.append(f"{self.stream}_stream")
        if self.task is not None:
            parts.append(f"Task{self.task:03}")
        if self.experience is not None:
            parts.append(f"Exp{self.experience:03}")
        if self.detail is not None:
            parts.append(self.detail)
        return "/".join(parts)

    def __str__(self) -> str:
        return self.name

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, name: str) -> "MetricKey":
        """Read a full name back; anything that does not fit the grammar is part of ``detail``."""
        metric, *parts = name.split("/")
        phase = stream = task = experience = None
        rest: list[str] = []
        for part in parts:
            if rest:
                rest.append(part)
            elif part in ("train_phase", "eval_phase") and phase is None:
                phase = part.removesuffix("_phase")
            elif part.endswith("_stream") and stream is None and task is None:
                stream = part.removesuffix("_stream")
            elif part.startswith("Task") and part[4:].isdigit() and task is None:
                task = int(part[4:])
            elif part.startswith("Exp") and part[3:].isdigit() and experience is None:
                experience = int(part[3:])
            else:
                rest.append(part)
        return cls(metric, phase, stream, task, experience, "/".join(rest) or None)


@lru_cache(maxsize=4096)
def metric_key(
    metric: str,
    phase: str | None,
    stream: str | None,
    task: int | None,
    experience: int | None,
    detail: str | None,
) -> MetricKey:
    """The key of these parts; cached, since a metric per iteration asks for one key for ever."""
    return MetricKey(metric, phase, stream, task, experience, detail)
