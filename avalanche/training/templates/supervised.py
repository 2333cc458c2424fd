"""Supervised training: what a batch, an answer and a loss are. The loop is in ``sgd.py``."""

from typing import Any

from torch import Tensor

from avalanche.models.utils import avalanche_forward, is_multi_task_module
from avalanche.training.templates.sgd import BaseSGDTemplate, LoopOptions

__all__ = ["LoopOptions", "SupervisedTemplate"]


_TARGETS = ("targets", "labels", "label", "y")
_TASKS = "targets_task_labels"
_NO_INPUT = (*_TARGETS, _TASKS)


class SupervisedTemplate(BaseSGDTemplate):
    """Supervised training over a stream of experiences; ready to use, or to derive from.

    Adds to :class:`BaseSGDTemplate`, whose arguments it takes, what a supervised batch is: inputs,
    targets and, last, task labels.

    Example:
        >>> import torch
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
        """Inputs of the current batch, ``(batch, ...)``.

        Of a dictionary: everything but targets and task labels, which the model gets by name.
        """
        batch = self._batch("mb_x")
        if isinstance(batch, dict):
            return {k: v for k, v in batch.items() if k not in _NO_INPUT}
        return batch[0]

    @property
    def mb_y(self) -> Any:
        """Targets of the current batch, ``(batch,)``; by name (``"targets"``) in a dictionary.

        Raises:
            KeyError: a dictionary without any of these keys.
        """
        batch = self._batch("mb_y")
        if not isinstance(batch, dict):
            return batch[1]
        for key in _TARGETS:
            if key in batch:
                return batch[key]
        raise KeyError(
            f"the batch has the keys {sorted(batch)} and none of {', '.join(_TARGETS)}; "
            "rename the targets, or override mb_y in a template of your own"
        )

    @property
    def mb_task_id(self) -> Any:
        """Task labels of the current batch, ``(batch,)``; None where samples carry none."""
        batch = self._batch("mb_task_id")
        if isinstance(batch, dict):
            return batch.get(_TASKS)
        return batch[-1] if len(batch) >= 3 else None

    def _batch(self, asked_for: str) -> Any:
        if self.mbatch is None:
            raise AttributeError(
                f"{asked_for}: no batch is being processed; ask for it in a callback from "
                "before_training_iteration to after_training_iteration, or in evaluation likewise"
            )
        return self.mbatch

    def forward(self) -> Any:
        """The model's answer to the current batch."""
        x = self.mb_x
        if isinstance(x, dict):
            return self.model(**x)
        task = self.mb_task_id
        if task is None and is_multi_task_module(self.model):
            task = 0  # samples without task labels are of one task, as in the model's adaptation
        return avalanche_forward(self.model, x, task)

    def criterion(self) -> Tensor:
        """Loss of the current answer, a scalar."""
        return self._criterion(self.mb_output, self.mb_y)
