"""Where in a run a value was made: phase, stream, task; and the name that follows from it."""

from typing import Any, Literal

from avalanche.evaluation.cm_image import default_cm_image_creator
from avalanche.evaluation.history_images import (
    default_history_repartition_image_creator,
    repartition_bar_chart_image_creator,
    repartition_pie_chart_image_creator,
)
from avalanche.evaluation.metric_names import MetricKey, metric_key

__all__ = [
    "EVAL",
    "TRAIN",
    "MetricKey",
    "bytes2human",
    "default_cm_image_creator",
    "default_history_repartition_image_creator",
    "get_metric_key",
    "get_metric_name",
    "phase_and_task",
    "repartition_bar_chart_image_creator",
    "repartition_pie_chart_image_creator",
    "stream_type",
]

TRAIN: Literal["train"] = "train"
EVAL: Literal["eval"] = "eval"


def phase_and_task(strategy: Any) -> tuple[Literal["train", "eval"], int | None]:
    """Phase of the strategy, and the task of its current experience.

    Args:
        strategy: anything with ``is_training`` and ``experience``.

    Returns:
        ``"train"`` or ``"eval"``, and the task label, which is None if the experience has no task
        labels or more than one.
    """
    labels = getattr(strategy.experience, "task_labels", None)
    task = labels[0] if labels is not None and len(labels) == 1 else None
    return (TRAIN if strategy.is_training else EVAL), task


def stream_type(experience: Any) -> str:
    """Name of the stream that an experience comes from, as ``"train"``."""
    return str(experience.origin_stream.name)


def get_metric_key(
    metric: object,
    strategy: Any,
    add_experience: bool = False,
    add_task: bool | int = True,
    detail: str | None = None,
) -> MetricKey:
    """The parts of the name that a value of ``metric`` has at this moment of the run.

    Args:
        metric: a metric, whose ``str()`` is its name, or the name itself.
        strategy: gives phase, stream, task and experience.
        add_experience: whether the value belongs to the current experience.
        add_task: True for the current experience's task, False for none, or a task label.
            Told apart by type: ``True`` is not the label 1.
        detail: what else to append.
    """
    phase, task = phase_and_task(strategy)
    if not isinstance(add_task, bool):
        task = int(add_task)
    elif not add_task:
        task = None
    experience = strategy.experience
    number = experience.current_experience if add_experience else None
    return metric_key(str(metric), phase, stream_type(experience), task, number, detail)


def get_metric_name(
    metric: object, strategy: Any, add_experience: bool = False, add_task: bool | int = True
) -> str:
    """Full name of a value of ``metric`` at this moment; see :func:`get_metric_key`.

    Example:
        >>> from types import SimpleNamespace as Namespace
        >>> experience = Namespace(
        ...     task_labels=[0], current_experience=2, origin_stream=Namespace(name="test"))
        >>> strategy = Namespace(is_training=False, experience=experience)
        >>> get_metric_name("Loss_Exp", strategy, add_experience=True)
        'Loss_Exp/eval_phase/test_stream/Task000/Exp002'
    """
    return get_metric_key(metric, strategy, add_experience, add_task).name


def bytes2human(n: float) -> str:
    """A number of bytes for people.

    Example:
        >>> bytes2human(10_000)
        '9.8K'
    """
    value, units = float(n), "BKMGTPEZY"
    for unit in units[:-1]:
        if abs(value) < 1024:
            return f"{value:.1f}{unit}"
        value /= 1024
    return f"{value:.1f}{units[-1]}"
