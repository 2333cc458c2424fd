"""The loop under its name in releases 0.0.2 to 0.1."""

from typing import Any

from avalanche.core.events import EVENT_NAMES, noop
from avalanche.training.templates import SupervisedTemplate

__all__ = ["BaseStrategy", "OlderHooks"]


class OlderHooks:
    """For ``super().before_forward(**kwargs)`` in a strategy's own method, one for each event.

    That call fired the event up to 0.1. Now it has been fired by then: a strategy's own method
    comes after all plugins.
    """


@noop
def _was_fired(self: OlderHooks, **kwargs: Any) -> None:
    """Nothing: the plugins have been called."""


for _event in EVENT_NAMES:
    setattr(OlderHooks, _event, _was_fired)


class BaseStrategy(SupervisedTemplate, OlderHooks):
    """The older name of :class:`SupervisedTemplate`, ready to use."""

    @property
    def training_exp_counter(self) -> int:
        """Experiences learnt; now ``clock.train_exp_counter``."""
        return self.clock.train_exp_counter

    @property
    def epoch(self) -> int:
        """Epochs of the present experience that are finished; now ``clock.train_exp_epochs``."""
        return self.clock.train_exp_epochs
