"""Training from scratch on each experience."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.from_scratch_training import FromScratchTrainingPlugin
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["FromScratchTraining"]


class FromScratchTraining(SupervisedTemplate):
    """Forgets everything before each experience; see :class:`FromScratchTrainingPlugin`.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        reset_optimizer: begin with a fresh optimizer too.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: ``reset_optimizer`` is neither True nor False.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        reset_optimizer: bool = True,
        *args: Any,
        **base: Unpack[LoopOptions],
    ) -> None:
        plugin = FromScratchTrainingPlugin(reset_optimizer)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
