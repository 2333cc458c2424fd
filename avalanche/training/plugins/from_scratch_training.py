"""Training from scratch as a plugin."""

from typing import Any

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.fresh_start import FreshStart
from avalanche.training.regularization.base import begins_here

__all__ = ["FromScratchTrainingPlugin"]


class FromScratchTrainingPlugin(SupervisedPlugin):
    """Puts the model back to its initial weights before each experience.

    Shows what an experience teaches by itself, without any transfer from the ones before. Weights
    change in place, so the optimizer goes on with the same parameters; growing models keep their
    size.

    In online streams that let learners know about boundaries an experience is all of its parts;
    where boundaries are hidden every part is an experience, and training begins anew with each.

    Args:
        reset_optimizer: begin with a fresh optimizer too: no moments, the initial learning rates.

    Raises:
        TypeError: ``reset_optimizer`` is neither True nor False.
        ValueError: at training, a layer of the model has been replaced by a smaller one.
    """

    def __init__(self, reset_optimizer: bool = True) -> None:
        if not isinstance(reset_optimizer, bool):
            raise TypeError(f"reset_optimizer={reset_optimizer!r}: expected True or False")
        self.fresh_start = FreshStart(reset_optimizer)

    @property
    def reset_optimizer(self) -> bool:
        """Whether the optimizer begins anew too."""
        return self.fresh_start.reset_optimizer

    def before_train_dataset_adaptation(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Go back to the initial weights, before the model grows."""
        if begins_here(strategy.experience):
            self.fresh_start.restore(strategy.model, strategy.optimizer)

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Remember the initial weights of units that have just joined."""
        if begins_here(strategy.experience):
            self.fresh_start.remember(strategy.model, strategy.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """The initial weights."""
        return self.fresh_start.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        self.fresh_start.load_state_dict(state)
