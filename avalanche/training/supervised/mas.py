"""MAS: memory aware synapses."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.mas import MASPlugin
from avalanche.training.regularization.mas import MASMode
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["MAS"]


class MAS(SupervisedTemplate):
    """Memory aware synapses; see :class:`MemoryAwareSynapses` for the formula.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        lambda_reg: strength of the penalty, 0 or more.
        alpha: share of the earlier importances where they are averaged, in [0, 1].
        verbose: log the mean importance after each experience.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        mode: ``"accumulate"`` adds importances up, as in the paper; ``"average"`` averages them,
            as avalanche-lib 0.6. By default the first, unless ``alpha`` is not its default.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: as :class:`MemoryAwareSynapses`.
        ValueError: as :class:`MemoryAwareSynapses`.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        lambda_reg: float = 1.0,
        alpha: float = 0.5,
        verbose: bool = False,
        *args: Any,
        mode: MASMode | None = None,
        **base: Unpack[LoopOptions],
    ) -> None:
        plugin = MASPlugin(lambda_reg, alpha, verbose, mode)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
