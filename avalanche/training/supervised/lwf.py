"""LwF: learning without forgetting."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.lwf import LwFPlugin
from avalanche.training.regularization.lwf import Units
from avalanche.training.templates.checks import REQUIRED, check_given
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["LwF"]


class LwF(SupervisedTemplate):
    """Learning without forgetting; see :class:`LearningWithoutForgetting` for the formula.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        alpha: weight of the distillation term; a list gives one weight per experience.
        temperature: softmax temperature, above 0.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        scale_by_temperature: multiply by the square of the temperature (Hinton et al.).
        softmax_over: ``"old"`` units as in the paper, or ``"all"``.
        task_weight: weight of the criterion, or one per experience; 1 in the paper.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: an argument without a default is missing.
        ValueError: as :class:`LwFPlugin`.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        alpha: float | Sequence[float] = REQUIRED,
        temperature: float = REQUIRED,
        *args: Any,
        scale_by_temperature: bool = False,
        softmax_over: Units = "old",
        task_weight: float | Sequence[float] = 1,
        **base: Unpack[LoopOptions],
    ) -> None:
        check_given(type(self).__name__, alpha=alpha, temperature=temperature)
        plugin = LwFPlugin(alpha, temperature, scale_by_temperature, softmax_over, task_weight)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
