"""The overridable methods that fire events."""

from collections.abc import Callable
from typing import Any

from avalanche.core.events import Dispatcher

__all__ = ["EventHooks", "hook"]


def hook(event: str) -> Callable[..., None]:
    """The overridable method ``_<event>(self, **kwargs)`` that fires one event."""

    def fire(self: "EventHooks", **kwargs: Any) -> None:
        self.events.fire(event, kwargs)

    fire.__name__ = f"_{event}"
    fire.__is_hook__ = True  # type: ignore[attr-defined]
    fire.__doc__ = f"Fire ``{event}``."
    return fire


class EventHooks:
    """One method per event, ``_<event>(self, **kwargs)``.

    Override one to change how an event is fired; the loop then calls the override. Call
    ``super()._<event>(**kwargs)`` in it to fire the event.
    """

    events: Dispatcher

    _before_training = hook("before_training")
    _before_train_dataset_adaptation = hook("before_train_dataset_adaptation")
    _after_train_dataset_adaptation = hook("after_train_dataset_adaptation")
    _before_training_exp = hook("before_training_exp")
    _before_training_epoch = hook("before_training_epoch")
    _before_training_iteration = hook("before_training_iteration")
    _before_forward = hook("before_forward")
    _after_forward = hook("after_forward")
    _before_backward = hook("before_backward")
    _after_backward = hook("after_backward")
    _before_update = hook("before_update")
    _after_update = hook("after_update")
    _after_training_iteration = hook("after_training_iteration")
    _after_training_epoch = hook("after_training_epoch")
    _after_training_exp = hook("after_training_exp")
    _after_training = hook("after_training")
    _before_eval = hook("before_eval")
    _before_eval_dataset_adaptation = hook("before_eval_dataset_adaptation")
    _after_eval_dataset_adaptation = hook("after_eval_dataset_adaptation")
    _before_eval_exp = hook("before_eval_exp")
    _before_eval_iteration = hook("before_eval_iteration")
    _before_eval_forward = hook("before_eval_forward")
    _after_eval_forward = hook("after_eval_forward")
    _after_eval_iteration = hook("after_eval_iteration")
    _after_eval_exp = hook("after_eval_exp")
    _after_eval = hook("after_eval")
    _before_inner_updates = hook("before_inner_updates")
    _after_inner_updates = hook("after_inner_updates")
    _before_outer_update = hook("before_outer_update")
    _after_outer_update = hook("after_outer_update")
