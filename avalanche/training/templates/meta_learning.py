"""Supervised meta-learning: inner updates and one outer update per batch."""

from typing import Any, ClassVar

from avalanche.core.events import META_EVENTS
from avalanche.core.plugins import SupervisedMetaLearningPlugin
from avalanche.training.templates.supervised import SupervisedTemplate

__all__ = ["SupervisedMetaLearningTemplate"]


class SupervisedMetaLearningTemplate(SupervisedTemplate):
    """The supervised loop with inner and outer updates in place of forward, backward and update.

    Derive from it and define :meth:`_inner_updates` and :meth:`_outer_update`. Takes the arguments
    of :class:`SupervisedTemplate`.
    """

    PLUGIN_CLASS = SupervisedMetaLearningPlugin
    EVENT_TABLE: ClassVar[tuple[str, ...]] = (
        *SupervisedTemplate.EVENT_TABLE,
        *(event.name for event in META_EVENTS),
    )

    def training_epoch(self, **kwargs: Any) -> None:
        """One pass over ``dataloader``."""
        on = self.events.calls
        for batch in self.dataloader:
            if self._stop_training:
                break
            self.mbatch = batch
            self._unpack_minibatch()
            on.before_training_iteration(kwargs)
            self.optimizer.zero_grad()
            self.loss = self._make_empty_loss()

            on.before_inner_updates(kwargs)
            self._inner_updates(**kwargs)
            on.after_inner_updates(kwargs)

            on.before_outer_update(kwargs)
            self._outer_update(**kwargs)
            on.after_outer_update(kwargs)

            self.mb_output = self.forward()
            on.after_training_iteration(kwargs)

    def _inner_updates(self, **kwargs: Any) -> None:
        """Fast adaptation on the current batch."""
        raise NotImplementedError(f"{type(self).__name__} must define _inner_updates")

    def _outer_update(self, **kwargs: Any) -> None:
        """The update of the model, with ``loss`` set for the metrics."""
        raise NotImplementedError(f"{type(self).__name__} must define _outer_update")
