"""GDumb: learn from scratch on a greedily balanced memory."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.gdumb import GDumbPlugin
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["GDumb"]


class GDumb(SupervisedTemplate):
    """Trains the initial model anew on a class-balanced memory; see :class:`GDumbPlugin`.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        mem_size: capacity of the memory in samples, at least 1; with task labels, the capacity
            for each task.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        ValueError: a ``mem_size`` below 1.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        mem_size: int = 200,
        *args: Any,
        **base: Unpack[LoopOptions],
    ) -> None:
        plugin = GDumbPlugin(mem_size)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
