"""A-GEM: average gradient episodic memory."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.agem import AGEMPlugin
from avalanche.training.templates.checks import REQUIRED, check_given
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["AGEM"]


class AGEM(SupervisedTemplate):
    """A-GEM; see :class:`AverageGradientEpisodicMemory` for the formula.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        patterns_per_exp: patterns to keep of each experience, at least 1.
        sample_size: patterns to draw from the whole memory for each update, at least 1.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: an argument without a default is missing.
        ValueError: fewer than 1 pattern.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        patterns_per_exp: int = REQUIRED,
        sample_size: int = 64,
        *args: Any,
        **base: Unpack[LoopOptions],
    ) -> None:
        check_given(type(self).__name__, patterns_per_exp=patterns_per_exp)
        plugin = AGEMPlugin(patterns_per_exp, sample_size)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
