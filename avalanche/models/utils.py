"""Calling models that may or may not want task labels, and reading their layers."""

import difflib
from typing import Any

from torch import Tensor, nn

from avalanche.models.dynamic_modules import MultiTaskModule, avalanche_model_adaptation

__all__ = [
    "FeatureExtractorBackbone",
    "avalanche_forward",
    "avalanche_model_adaptation",
    "is_multi_task_module",
]


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


class FeatureExtractorBackbone(nn.Module):
    """Answers with the output of one layer of a model, detached.

    Args:
        model: the model; it is not copied.
        output_layer_name: the layer, as in ``model.named_modules()``.

    Raises:
        ValueError: the model has no such layer.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> FeatureExtractorBackbone(model, "1")(torch.zeros(5, 4)).shape
        torch.Size([5, 3])
    """

    def __init__(self, model: nn.Module, output_layer_name: str) -> None:
        super().__init__()
        layers = dict(model.named_modules())
        if output_layer_name not in layers:
            near = difflib.get_close_matches(output_layer_name, layers, n=3, cutoff=0.3)
            raise ValueError(
                f"output_layer_name={output_layer_name!r}: the model has no such layer; "
                f"did you mean {' or '.join(near) or 'one of ' + ', '.join(filter(None, layers))}?"
            )
        self.model = model
        self.output_layer_name = output_layer_name
        self.output: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Output of the layer for a batch of inputs."""

        def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
            self.output = output.detach()

        handle = self.model.get_submodule(self.output_layer_name).register_forward_hook(keep)
        try:
            self.model(x)
        finally:
            handle.remove()
        if self.output is None:
            raise RuntimeError(
                f"output_layer_name={self.output_layer_name!r}: the model never called this layer"
            )
        return self.output
