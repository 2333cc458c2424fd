"""The older path of strategies for online streams."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from avalanche.training.supervised.naive import Naive

__all__ = ["OnlineNaive"]


class OnlineNaive(Naive):
    """Fine-tuning on an online stream; :class:`Naive` with ``train_passes`` for ``train_epochs``.

    Args:
        model: as of :class:`Naive`, like all others.
        optimizer: as there.
        criterion: as there.
        train_passes: passes over each experience.
        train_mb_size: samples of a training batch.
        eval_mb_size: samples of an evaluation batch; ``train_mb_size`` by default.
        *args: as there, from ``device`` on.
        **base: as there.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        train_passes: int = 1,
        train_mb_size: int = 1,
        eval_mb_size: int | None = None,
        *args: Any,
        **base: Any,
    ) -> None:
        passes = base.pop("train_epochs", train_passes)
        sizes = (train_mb_size, passes, eval_mb_size)
        super().__init__(model, optimizer, criterion, *sizes, *args, **base)
