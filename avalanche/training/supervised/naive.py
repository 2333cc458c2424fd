"""Naive: fine-tune on whatever comes, the lower bound of continual learning."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from avalanche.training.plugins.evaluation import EvaluationPlugin, default_evaluator
from avalanche.training.templates.supervised import SupervisedTemplate
from avalanche.training.templates.updates import Precision

__all__ = ["Naive"]


class Naive(SupervisedTemplate):
    """Fine-tunes the model on each experience in turn, without any defence against forgetting.

    Use it as the lower bound, or as the base that plugins turn into a method.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        train_mb_size: samples of a training batch.
        train_epochs: passes over each experience.
        eval_mb_size: samples of an evaluation batch; ``train_mb_size`` by default.
        device: where to train.
        plugins: called at every event in this order.
        evaluator: metrics and loggers, or a function that makes them, or None.
        eval_every: evaluate every so many epochs during training; -1 never.
        peval_mode: the unit of ``eval_every``.
        clip_grad_norm: largest norm of all gradients together; None for no limit.
        accumulate: batches whose gradients are averaged into one update.
        precision: ``"fp32"``, or ``"bf16"`` / ``"fp16"`` for mixed precision.
        **unknown: nothing; refused with the nearest names.

    Raises:
        TypeError: an argument that there is not.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        train_mb_size: int = 1,
        train_epochs: int = 1,
        eval_mb_size: int | None = None,
        device: str | torch.device = "cpu",
        plugins: Sequence[Any] | None = None,
        evaluator: EvaluationPlugin | Callable[[], EvaluationPlugin] | None = default_evaluator,
        eval_every: int = -1,
        peval_mode: str = "epoch",
        *,
        clip_grad_norm: float | None = None,
        accumulate: int = 1,
        precision: Precision = "fp32",
        **unknown: Any,
    ) -> None:
        super().__init__(
            model,
            optimizer,
            criterion,
            train_mb_size,
            train_epochs,
            eval_mb_size,
            device,
            plugins,
            evaluator,
            eval_every,
            peval_mode,
            clip_grad_norm=clip_grad_norm,
            accumulate=accumulate,
            precision=precision,
            **unknown,
        )
