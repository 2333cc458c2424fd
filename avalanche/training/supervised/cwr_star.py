"""CWR*: copy weights with reinitialisation."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.cwr_star import CWRStarPlugin
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["CWRStar"]


class CWRStar(SupervisedTemplate):
    """An output layer consolidated class by class on a frozen model; see :class:`CWRStarPlugin`.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        cwr_layer_name: the model's output layer, as in ``model.named_modules()``; found by
            default.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        freeze_remaining_model: train only the output layer after the first experience.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        ValueError: the model has no such layer.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        cwr_layer_name: str | None = None,
        *args: Any,
        freeze_remaining_model: bool = True,
        **base: Unpack[LoopOptions],
    ) -> None:
        plugin = CWRStarPlugin(model, cwr_layer_name, freeze_remaining_model)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
