"""Calling models that may or may not want task labels."""

from typing import Any

from torch import Tensor, nn

from avalanche.models.dynamic_modules import MultiTaskModule

__all__ = ["avalanche_forward", "is_multi_task_module"]


def is_multi_task_module(model: nn.Module) -> bool:
    """Whether ``model``, or what a parallel wrapper holds as ``.module``, wants task labels."""
    if isinstance(model, MultiTaskModule):
        return True
    inner = model._modules.get("module")
    return isinstance(inner, MultiTaskModule)


def avalanche_forward(model: nn.Module, x: Any, task_labels: Tensor | int | None) -> Any:
    """``model(x)``, or ``model(x, task_labels)`` where the model depends on the task.

    Args:
        model: any module.
        x: a batch of inputs.
        task_labels: labels of shape ``(batch,)``, one label, or None.
    """
    if is_multi_task_module(model):
        return model(x, task_labels)
    return model(x)
