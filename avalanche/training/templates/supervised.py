"""Supervised training: what a batch, an answer and a loss are. The loop is in ``sgd.py``."""

from typing import Any

from torch import Tensor

from avalanche.models.utils import avalanche_forward
from avalanche.training.templates.sgd import BaseSGDTemplate, LoopOptions

__all__ = ["LoopOptions", "SupervisedTemplate"]


class SupervisedTemplate(BaseSGDTemplate):
    """Supervised training over a stream of experiences; ready to use, or to derive from.

    Adds to :class:`BaseSGDTemplate`, whose arguments it takes, what a supervised batch is: inputs,
    targets and, last, task labels.

    Example:
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> from avalanche.models import SimpleMLP
        >>> model = SimpleMLP(num_classes=10, input_size=64, hidden_size=16)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> strategy = SupervisedTemplate(model, optimizer, train_mb_size=64, evaluator=None)
        >>> benchmark = SplitDigits()
        >>> for experience in benchmark.train_stream:
        ...     results = strategy.train(experience)
        >>> strategy.clock.train_exp_counter
        5
    """

    @property
    def mb_x(self) -> Any:
        """Inputs of the current batch, ``(batch, ...)``."""
        return self.mbatch[0]

    @property
    def mb_y(self) -> Any:
        """Targets of the current batch, ``(batch,)``."""
        return self.mbatch[1]

    @property
    def mb_task_id(self) -> Any:
        """Task labels of the current batch, ``(batch,)``; None where samples carry none."""
        return self.mbatch[-1] if len(self.mbatch) >= 3 else None

    def forward(self) -> Any:
        """The model's answer to the current batch."""
        return avalanche_forward(self.model, self.mb_x, self.mb_task_id)

    def criterion(self) -> Tensor:
        """Loss of the current answer, a scalar."""
        return self._criterion(self.mb_output, self.mb_y)
