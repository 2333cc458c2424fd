"""CoPE: continual prototype evolution."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.cope import CoPEPlugin
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["CoPE"]


class CoPE(SupervisedTemplate):
    """Nearest-prototype classification in an embedding learnt online; see :class:`CoPEPlugin`.

    Args:
        model: the model; its last linear layer has ``p_size`` units.
        optimizer: built on the parameters to train.
        criterion: taken for the sake of older scripts; :class:`PPPloss` replaces it.
        mem_size: capacity of the memory in samples, 0 or more.
        n_classes: classes that there will be.
        p_size: width of prototypes, that of the model's answer.
        alpha: momentum of prototypes, in [0, 1].
        T: temperature of the softmax over similarities, above 0.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        max_it_cnt: iterations on each incoming batch, at least 1.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: as :class:`CoPEPlugin`.
        ValueError: as :class:`CoPEPlugin`.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        mem_size: int = 200,
        n_classes: int = 10,
        p_size: int = 100,
        alpha: float = 0.99,
        T: float = 0.1,  # noqa: N803 - the paper's symbol
        *args: Any,
        max_it_cnt: int = 1,
        **base: Unpack[LoopOptions],
    ) -> None:
        plugin = CoPEPlugin(mem_size, n_classes, p_size, alpha, T, max_it_cnt)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
