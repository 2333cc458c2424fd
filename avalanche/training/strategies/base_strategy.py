"""The loop under its name in releases 0.0.2 to 0.1."""

from collections.abc import Callable, Sequence
from typing import Any

from avalanche.core.events import EVENT_NAMES, noop
from avalanche.training.templates import SupervisedTemplate

__all__ = ["BaseStrategy"]


class BaseStrategy(SupervisedTemplate):
    """The older name of :class:`SupervisedTemplate`, ready to use.

    Code of the time fired an event by a method of its name, ``self.before_forward(**kwargs)``, in a
    loop of its own or as ``super().before_forward(**kwargs)`` in a method that overrides it. Both
    work. An override is called after all plugins, whether or not it calls ``super()``.

    An override of :meth:`train_exp` is called in place of everything that concerns the experience.

    Example:
        >>> import torch
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> class Counting(BaseStrategy):
        ...     batches = 0
        ...     def after_training_iteration(self, **kwargs):
        ...         super().after_training_iteration(**kwargs)
        ...         self.batches += 1
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
        >>> strategy = Counting(model, torch.optim.SGD(model.parameters(), lr=0.1),
        ...                     train_mb_size=100, evaluator=None)
        >>> _ = strategy.train(SplitDigits().train_stream[0])
        >>> strategy.batches
        3
    """

    _epoch: int | None = None  # as a loop of one's own counts
    _mb_it: int | None = None
    _eval_mb_it: int | None = None

    @property
    def training_exp_counter(self) -> int:
        """Experiences learnt; now ``clock.train_exp_counter``."""
        return self.clock.train_exp_counter

    @property
    def epoch(self) -> int:
        """The present epoch of the experience, from 0; now ``clock.train_exp_epochs``."""
        if self._epoch is not None:
            return self._epoch
        # The clock is called before a strategy's own method, in which the epoch still goes on.
        counted = self.clock.train_exp_epochs - (self.events.own == "after_training_epoch")
        return min(counted, self.train_epochs - 1)

    @epoch.setter
    def epoch(self, value: int) -> None:
        self._epoch = value

    @property
    def mb_it(self) -> int:
        """The present batch of the epoch, from 0; now ``clock.train_epoch_iterations``."""
        counted = self._mb_it if self.is_training else self._eval_mb_it
        if counted is not None:
            return counted
        return self.clock.train_epoch_iterations - (self.events.own == "after_training_iteration")

    @mb_it.setter
    def mb_it(self, value: int) -> None:
        if self.is_training:
            self._mb_it = value
        else:
            self._eval_mb_it = value

    @property
    def logits(self) -> Any:
        """What the model answered; now ``mb_output``."""
        return self.mb_output

    @logits.setter
    def logits(self, value: Any) -> None:
        self.mb_output = value

    def train_exp(
        self, experience: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> None:
        """All that concerns one experience, with its events; now several methods."""
        super()._before_training_exp(**kwargs)
        super()._train_exp(experience, eval_streams, **kwargs)
        super()._after_training_exp(**kwargs)

    @property
    def _has_own_train_exp(self) -> bool:
        return type(self).train_exp is not BaseStrategy.train_exp

    def _before_training_exp(self, **kwargs: Any) -> None:
        self._epoch = self._mb_it = self._eval_mb_it = None
        if self._has_own_train_exp:
            self._stop_training = False
        else:
            super()._before_training_exp(**kwargs)

    def _train_exp(
        self, experience: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> None:
        if self._has_own_train_exp:
            self.train_exp(experience, eval_streams, **kwargs)
        else:
            super()._train_exp(experience, eval_streams, **kwargs)

    def _after_training_exp(self, **kwargs: Any) -> None:
        if not self._has_own_train_exp:
            super()._after_training_exp(**kwargs)


def _firing(event: str) -> Callable[..., None]:
    """The method ``<event>(self, **kwargs)``."""

    def fire(self: BaseStrategy, **kwargs: Any) -> None:
        if self.events.own != event:  # else plugins were called, and then what calls this
            self.events.fire_modules(event, kwargs)

    fire.__name__ = event
    fire.__doc__ = f"Fire ``{event}``; now ``_{event}``."
    return noop(fire)  # of itself it does nothing when its event is fired


for _event in EVENT_NAMES:
    setattr(BaseStrategy, _event, _firing(_event))
