"""Learning-rate schedules of torch in a stream of experiences."""

import copy
import functools
import inspect
import math
from typing import Any, Literal, cast, get_args

from torch import Tensor

from avalanche.core.plugins import SupervisedPlugin
from avalanche.evaluation.metrics.mean import add

__all__ = ["LRSchedulerPlugin"]

Watched = Literal["train_loss", "val_loss"]
Granularity = Literal["epoch", "iteration"]
_SCHEDULED = ("lr", "momentum", "betas", "initial_lr")
"""What schedulers of torch change in an optimizer's groups."""


class LRSchedulerPlugin(SupervisedPlugin):
    """Steps a scheduler of torch, and starts it anew with each experience.

    Args:
        scheduler: any scheduler of ``torch.optim.lr_scheduler``, built on the strategy's optimizer.
        reset_scheduler: put the scheduler back to how it was given, after each experience.
        reset_lr: put the learning rates (and momenta) back too.
        metric: what a scheduler such as ``ReduceLROnPlateau`` watches: ``"train_loss"``, the mean
            loss of the epoch or of the batches of an update, or ``"val_loss"``, the mean loss of an
            evaluation during training. None for all other schedulers.
        step_granularity: step after each ``"epoch"`` or ``"iteration"``; with ``accumulate`` an
            iteration is an update. With ``"val_loss"`` a step is taken after each evaluation
            instead.
        first_epoch_only: no steps after the first epoch of an experience, as for a warm-up.
        first_exp_only: no steps after the first experience.

    Raises:
        TypeError: something that is no scheduler.
        ValueError: an unknown option, a metric for a scheduler that takes none or none for one
            that does; in training, another optimizer, no evaluations to watch, or a loss that is
            not finite.

    Example:
        >>> import torch
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> from avalanche.models import SimpleMLP
        >>> from avalanche.training import Naive
        >>> model = SimpleMLP(num_classes=10, input_size=64, hidden_size=16)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
        >>> strategy = Naive(model, optimizer, train_mb_size=64, train_epochs=2, evaluator=None,
        ...                  plugins=[LRSchedulerPlugin(cosine)])
        >>> results = strategy.train(SplitDigits().train_stream[:2])
        >>> optimizer.param_groups[0]["lr"]
        0.1
    """

    def __init__(
        self,
        scheduler: Any,
        reset_scheduler: bool = True,
        reset_lr: bool = True,
        metric: Watched | None = None,
        step_granularity: Granularity = "epoch",
        first_epoch_only: bool = False,
        first_exp_only: bool = False,
    ) -> None:
        if metric is not None and metric not in get_args(Watched):
            raise ValueError(f"metric={metric!r}: expected 'train_loss', 'val_loss' or None")
        if step_granularity not in get_args(Granularity):
            raise ValueError(
                f"step_granularity={step_granularity!r}: expected 'epoch', 'iteration'"
            )
        _check_scheduler(scheduler)
        watches = "metrics" in inspect.signature(scheduler.step).parameters
        if watches != (metric is not None):
            advice = "give 'train_loss' or 'val_loss'" if watches else "leave it out"
            raise ValueError(
                f"metric={metric!r}: {type(scheduler).__name__} "
                f"{'watches a metric' if watches else 'watches nothing'}; {advice}"
            )
        self.scheduler = scheduler
        self.reset_scheduler = reset_scheduler
        self.reset_lr = reset_lr
        self.metric = metric
        self.step_granularity = step_granularity
        self.first_epoch_only = first_epoch_only
        self.first_exp_only = first_exp_only
        self._given = copy.deepcopy(scheduler.state_dict())
        self._given_rates = [
            {key: group[key] for key in _SCHEDULED if key in group}
            for group in scheduler.optimizer.param_groups
        ]
        self._total: float | Tensor | None = None
        self._count = 0
        self._in_experience = False

    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse what could have no effect."""
        if self.scheduler.optimizer is not strategy.optimizer:
            raise ValueError(
                f"scheduler={type(self.scheduler).__name__}: it was built on another optimizer "
                "than the strategy's, so it would change nothing; build it on that one"
            )
        _track_steps(strategy.optimizer)
        if self.metric == "val_loss":
            require_evaluations(strategy, "LRSchedulerPlugin with metric='val_loss'")

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Start anew after an interruption; only evaluations from here on are watched."""
        if self._in_experience:
            self._start_anew()
        self._in_experience = True
        self._total, self._count = None, 0

    def before_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Step by the evaluation after the last epoch; start the mean loss of this one."""
        self._step_by_evaluation(strategy, strategy.clock.train_exp_epochs - 1)
        self._total, self._count = None, 0

    def before_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Step by an evaluation after the last iteration."""
        self._step_by_evaluation(strategy, strategy.clock.train_exp_epochs)

    def after_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note the loss."""
        if self.metric == "train_loss":
            self._note(strategy)

    def after_update(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Step if that is wanted after each iteration."""
        if self.step_granularity == "iteration" and self.metric != "val_loss":
            self._step(strategy, strategy.clock.train_exp_epochs)

    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Step if that is wanted after each epoch."""
        if self.step_granularity == "epoch" and self.metric != "val_loss":
            self._step(strategy, strategy.clock.train_exp_epochs)

    def after_eval_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note the loss of an evaluation during training."""
        if self.metric == "val_loss" and self._in_experience:
            self._note(strategy)

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Start anew for the next experience."""
        self._step_by_evaluation(strategy, strategy.clock.train_exp_epochs - 1)
        self._in_experience = False
        self._start_anew()

    def _start_anew(self) -> None:
        if self.reset_scheduler:
            self.scheduler.load_state_dict(copy.deepcopy(self._given))
        if self.reset_lr:
            for group, given in zip(
                self.scheduler.optimizer.param_groups, self._given_rates, strict=False
            ):
                group.update(given)

    def _note(self, strategy: Any) -> None:
        """Add a batch to the mean; nothing waits for the device."""
        size = len(strategy.mb_y)
        total = 0.0 if self._total is None else self._total
        self._total = add(total, strategy.loss.detach().reshape(()), size)
        self._count += size

    def _step_by_evaluation(self, strategy: Any, epoch: int) -> None:
        if self.metric == "val_loss" and self._count:
            self._step(strategy, epoch)

    def _step(self, strategy: Any, epoch: int) -> None:
        """One step of the scheduler, ``epoch`` being the present one, from 0."""
        if self.first_epoch_only and epoch > 0:
            return
        if self.first_exp_only and strategy.clock.train_exp_counter > 0:
            return
        if self.metric is None:
            self.scheduler.step()
        elif self._total is not None:
            self.scheduler.step(metrics=self._mean())
            if self.metric == "val_loss" or self.step_granularity == "iteration":
                self._total, self._count = None, 0

    def _mean(self) -> float:
        """The value that is watched.

        Raises:
            ValueError: it is not finite.
        """
        value = float(cast("Tensor", self._total)) / self._count
        if math.isfinite(value):
            return value
        if self.metric == "val_loss":
            raise ValueError(
                f"metric='val_loss': the mean loss of the evaluation is {value}; a masked head "
                "gives classes that were never trained probability 0: give eval_streams=[...] of "
                "the classes learnt so far"
            )
        raise ValueError(
            f"metric='train_loss': the mean loss is {value}, so training has diverged; start with "
            "a lower learning rate or give the strategy clip_grad_norm=1.0"
        )

    def state_dict(self) -> dict[str, Any]:
        """State of the scheduler."""
        return {"scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; the rates themselves belong to the optimizer's state."""
        self.scheduler.load_state_dict(copy.deepcopy(state["scheduler"]))
        self._in_experience = False


def require_evaluations(strategy: Any, needed_by: str) -> None:
    """Refuse to wait for evaluations during an experience that never come.

    Raises:
        ValueError: the strategy evaluates between experiences at most.
    """
    peval = strategy.peval
    if peval.eval_every < 1:
        raise ValueError(
            f"eval_every={peval.eval_every}: {needed_by} needs evaluations during training; build "
            "the strategy with eval_every=1"
        )
    if peval.peval_mode == "experience":
        raise ValueError(
            f"peval_mode='experience': {needed_by} needs evaluations during an experience; build "
            "the strategy with peval_mode='epoch', or 'iteration'"
        )


def _check_scheduler(scheduler: Any) -> None:
    """Refuse what is no scheduler.

    Raises:
        TypeError: it is none.
    """
    if isinstance(scheduler, type):
        raise TypeError(
            f"scheduler={scheduler.__name__}: expected a scheduler, got its class; build it on the "
            f"strategy's optimizer: {scheduler.__name__}(optimizer, ...)"
        )
    lacking = [n for n in ("step", "optimizer", "state_dict") if not hasattr(scheduler, n)]
    if lacking:
        raise TypeError(
            f"scheduler={scheduler!r}: expected a scheduler of torch.optim.lr_scheduler, built on "
            f"the strategy's optimizer; it has no {' and no '.join(lacking)}"
        )


def _track_steps(optimizer: Any) -> None:
    """Let the scheduler see that the optimizer steps first, on copies too.

    Schedulers of torch wrap the method at construction and warn where it is not wrapped; a copied
    optimizer has lost that.
    """
    step = optimizer.step
    if hasattr(step, "_wrapped_by_lr_sched"):
        return

    @functools.wraps(step)
    def tracked(*args: Any, **kwargs: Any) -> Any:
        optimizer._opt_called = True
        return step(*args, **kwargs)

    tracked._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = tracked
