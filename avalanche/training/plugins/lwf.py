"""LwF as a plugin."""

from collections.abc import Sequence
from typing import Any

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.regularization import LearningWithoutForgetting

__all__ = ["LwFPlugin"]


class LwFPlugin(SupervisedPlugin):
    """Adds the distillation term to the loss; see :class:`LearningWithoutForgetting`.

    Args:
        alpha: weight of the term, or one per experience.
        temperature: softmax temperature, above 0.
        scale_by_temperature: multiply by the square of the temperature (Hinton et al.).
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 1,
        temperature: float = 2,
        scale_by_temperature: bool = False,
    ) -> None:
        self.lwf = LearningWithoutForgetting(alpha, temperature, scale_by_temperature)

    @property
    def prev_model(self) -> Any:
        """The frozen previous model."""
        return self.lwf.prev_model

    def before_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Add the term."""
        if self.lwf.expcount:
            strategy.loss = strategy.loss + self.lwf(
                strategy.mb_x, strategy.mb_output, strategy.model
            )

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Freeze the model as the teacher of later experiences."""
        self.lwf.post_adapt(strategy, strategy.experience)

    def state_dict(self) -> dict[str, Any]:
        """State of the component."""
        return self.lwf.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; needs ``model`` in the context."""
        self.lwf.load_state_dict(state, context["model"])
