"""Multiplications of a model's forward pass."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from typing import Any, cast

import torch
from torch import Tensor, nn

from avalanche.evaluation.metric_definitions import (
    EmitAt,
    GenericPluginMetric,
    Metric,
    Mode,
    PluginMetric,
    ResetAt,
)
from avalanche.evaluation.metrics import granularity as at
from avalanche.models.utils import avalanche_forward

__all__ = ["MAC", "EpochMAC", "ExperienceMAC", "MACPluginMetric", "MAC_metrics", "MinibatchMAC"]

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class MAC(Metric[int]):
    """Multiply-accumulate operations of one sample's way through a model.

    Linear layers and convolutions of any dimension are counted: every output number of a linear
    layer takes ``in_features``, of a convolution ``in_channels / groups * kernel``, and every input
    number of a transposed convolution ``out_channels / groups * kernel``. Everything else
    (attention products, recurrent cells, biases) is not, so this is a lower bound.

    Example:
        >>> mac = MAC()
        >>> mac.update(nn.Conv2d(4, 8, kernel_size=3, padding=1, groups=2), torch.zeros(1, 4, 5, 5))
        >>> mac.result() == 8 * 5 * 5 * (4 // 2) * 3 * 3
        True
    """

    def __init__(self) -> None:
        self._compute_cost = 0
        self._samples = 1

    def update(self, model: nn.Module, dummy_input: Any, task_labels: Tensor | None = None) -> None:
        """Count one forward pass; neither modes, gradients nor random state change.

        Args:
            model: the model.
            dummy_input: a batch, ``(batch, ...)``, or a dictionary of such, which the model gets by
                name; the values do not matter.
            task_labels: ``(batch,)``, for a model that needs them.
        """
        self._compute_cost = 0
        parts = dummy_input.values() if isinstance(dummy_input, dict) else [dummy_input]
        tensors = [part for part in parts if isinstance(part, Tensor)]
        self._samples = len(tensors[0]) if tensors else 1
        devices = {tensor.device for tensor in tensors if tensor.is_cuda}
        with ExitStack() as stack:
            for module in model.modules():
                if self.is_recognized_module(module):
                    hook = module.register_forward_hook(self.update_compute_cost)
                    stack.callback(hook.remove)
            stack.enter_context(_resting(model))
            stack.enter_context(torch.random.fork_rng(devices))
            stack.enter_context(torch.no_grad())
            if isinstance(dummy_input, dict):
                model(**dummy_input)
            else:
                avalanche_forward(model, dummy_input, task_labels)

    def result(self) -> int:
        """Operations per sample in the last forward pass."""
        return self._compute_cost

    def reset(self) -> None:
        """Back to zero."""
        self._compute_cost = 0

    def update_compute_cost(self, module: nn.Module, dummy_input: Any, output: Tensor) -> None:
        """Add the operations of one call of a layer."""
        if isinstance(module, nn.Linear):
            cost = output.numel() * module.in_features
        elif isinstance(module, _CONVOLUTIONS):
            per_number = module.in_channels // module.groups * prod(module.kernel_size)
            cost = output.numel() * per_number
        else:
            transposed = cast("nn.ConvTranspose2d", module)
            per_number = transposed.out_channels // transposed.groups
            cost = dummy_input[0].numel() * per_number * prod(transposed.kernel_size)
        self._compute_cost += cost // self._samples

    @staticmethod
    def is_recognized_module(mod: nn.Module) -> bool:
        """Whether the operations of such a layer are counted."""
        return isinstance(mod, (nn.Linear, *_CONVOLUTIONS, *_TRANSPOSED))


@contextmanager
def _resting(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, every module's own mode back afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class MACPluginMetric(GenericPluginMetric[int]):
    """Operations of the strategy's model, counted once per emission; the base of the classes below.

    Args:
        reset_at: when to count anew.
        emit_at: when to emit.
        mode: ``"train"`` or ``"eval"``.
    """

    def __init__(self, reset_at: ResetAt, emit_at: EmitAt, mode: Mode) -> None:
        self._mac = MAC()
        self._counted = False
        super().__init__(self._mac, reset_at, emit_at, mode)

    def reset(self) -> None:
        """Count anew at the next iteration."""
        super().reset()
        self._counted = False

    def update(self, strategy: Any) -> None:
        """Count for the first sample of the batch, unless that was done since the last reset."""
        if self._counted:
            return
        x, tasks = strategy.mb_x, getattr(strategy, "mb_task_id", None)
        if isinstance(x, dict):
            x = {name: part[:1] if isinstance(part, Tensor) else part for name, part in x.items()}
        elif isinstance(x, Tensor):
            x, tasks = x[:1], None if tasks is None else tasks[:1]
        self._mac.update(strategy.model, x, tasks)
        self._counted = True

    def __str__(self) -> str:
        return at.named("MAC", self._reset_at, self._emit_at)


class MinibatchMAC(MACPluginMetric):
    """Operations in every training iteration: ``MAC_MB``."""

    def __init__(self) -> None:
        super().__init__(*at.MINIBATCH)


class EpochMAC(MACPluginMetric):
    """Operations in every training epoch: ``MAC_Epoch``."""

    def __init__(self) -> None:
        super().__init__(*at.EPOCH)


class ExperienceMAC(MACPluginMetric):
    """Operations in the evaluation of every experience: ``MAC_Exp``."""

    def __init__(self) -> None:
        super().__init__(*at.EXPERIENCE)


def MAC_metrics(  # the field's name for it
    *, minibatch: bool = False, epoch: bool = False, experience: bool = False
) -> list[PluginMetric[Any]]:
    """Multiply-accumulate operations per sample, at the granularities that are switched on.

    Args:
        minibatch: in every training iteration.
        epoch: in every training epoch.
        experience: in the evaluation of every experience.

    Example:
        >>> [str(metric) for metric in MAC_metrics(epoch=True, experience=True)]
        ['MAC_Epoch', 'MAC_Exp']
    """
    return at.switched_on(
        [(minibatch, MinibatchMAC), (epoch, EpochMAC), (experience, ExperienceMAC)]
    )
