"""Progressive neural networks: the plain loop on a model that grows a column per task."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.models.pnn import PNN
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["PNNStrategy"]


class PNNStrategy(SupervisedTemplate):
    """Trains a :class:`PNN`; the model does everything, and :class:`Naive` would do as well.

    Needs a task label for every experience, in training and in evaluation.

    Args:
        model: a :class:`PNN`.
        optimizer: built on the model's parameters; columns join it when they are added.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: the model is no :class:`PNN`.

    Example:
        >>> import torch
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> model = PNN(num_layers=1, in_features=64, hidden_features_per_column=20)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> strategy = PNNStrategy(model, optimizer, train_mb_size=32, evaluator=None)
        >>> for experience in SplitDigits(n_experiences=5, return_task_id=True).train_stream:
        ...     results = strategy.train(experience)
        >>> model.layers[0].num_columns
        5
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        *args: Any,
        **base: Unpack[LoopOptions],
    ) -> None:
        if not isinstance(model, PNN):
            raise TypeError(
                f"model={type(model).__name__}: PNNStrategy trains a PNN; give an "
                "avalanche.models.PNN, or use Naive for other models"
            )
        super().__init__(model, optimizer, criterion, *args, **base)
