"""The moments at which metrics are reset and emitted, and the names that follow from them."""

from collections.abc import Callable, Sequence
from typing import Any

from avalanche.evaluation.metric_definitions import EmitAt, Mode, PluginMetric, ResetAt

__all__ = [
    "EPOCH",
    "EXPERIENCE",
    "MINIBATCH",
    "RUNNING_EPOCH",
    "STREAM",
    "named",
    "switched_on",
]

When = tuple[ResetAt, EmitAt, Mode]

MINIBATCH: When = ("iteration", "iteration", "train")
EPOCH: When = ("epoch", "epoch", "train")
#: Since the epoch began, at every iteration.
RUNNING_EPOCH: When = ("epoch", "iteration", "train")
EXPERIENCE: When = ("experience", "experience", "eval")
STREAM: When = ("stream", "stream", "eval")

_SUFFIX = {"iteration": "MB", "epoch": "Epoch", "experience": "Exp", "stream": "Stream"}


def named(name: str, reset_at: ResetAt, emit_at: EmitAt) -> str:
    """``name`` with the suffix of its granularity, and ``Running`` where it runs on.

    Example:
        >>> named("Loss", "epoch", "epoch"), named("Loss", "epoch", "iteration")
        ('Loss_Epoch', 'RunningLoss_Epoch')
    """
    if emit_at == "iteration" and reset_at == "epoch":
        return f"Running{name}_Epoch"
    return f"{name}_{_SUFFIX[emit_at]}"


def switched_on(
    kinds: Sequence[tuple[bool, Callable[..., PluginMetric[Any]]]], *arguments: Any
) -> list[PluginMetric[Any]]:
    """New metrics of the kinds that are wanted.

    Args:
        kinds: whether it is wanted, and what makes it.
        *arguments: what every one of them is made with.
    """
    return [make(*arguments) for wanted, make in kinds if wanted]
