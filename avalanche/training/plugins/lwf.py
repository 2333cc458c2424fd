"""LwF as a plugin."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from torch import Tensor, nn

from avalanche.core.plugins import SupervisedPlugin
from avalanche.models.utils import is_multi_task_module
from avalanche.training.regularization.lwf import (
    LearningWithoutForgetting,
    Units,
    check_weights,
    weight_at,
)

__all__ = ["LwFPlugin"]


class LwFPlugin(SupervisedPlugin):
    """Adds the distillation term to the loss; see :class:`LearningWithoutForgetting`.

    Args:
        alpha: weight of the term, or one per experience.
        temperature: softmax temperature, above 0.
        scale_by_temperature: multiply by the square of the temperature (Hinton et al.).
        softmax_over: ``"old"`` units as in the paper, or ``"all"``.
        task_weight: weight of the loss that the term is added to, or one per experience, the last
            of which holds for all later ones; 1 in the paper. ``[1, 1/2, 1/3, ...]`` weighs the
            classes of today by their share of all.

    Raises:
        TypeError: as :class:`LearningWithoutForgetting`.
        ValueError: as :class:`LearningWithoutForgetting`, or a weight of the loss below 0.
    """

    looks_back = True

    def __init__(
        self,
        alpha: float | Sequence[float] = 1,
        temperature: float = 2,
        scale_by_temperature: bool = False,
        softmax_over: Units = "old",
        task_weight: float | Sequence[float] = 1,
    ) -> None:
        self.lwf = LearningWithoutForgetting(alpha, temperature, scale_by_temperature, softmax_over)
        self.task_weight = check_weights("task_weight", task_weight)
        self._model: nn.Module | None = None

    @property
    def alpha(self) -> float | Sequence[float]:
        """Weight of the term, or one per experience."""
        return self.lwf.alpha

    @property
    def temperature(self) -> float:
        """Softmax temperature."""
        return self.lwf.temperature

    @property
    def prev_classes(self) -> dict[int, set[int]]:
        """Task label to the classes trained so far."""
        return self.lwf.prev_classes_by_task

    @property
    def prev_model(self) -> Any:
        """The frozen previous model."""
        return self.lwf.prev_model

    def penalty(self, out: Tensor, x: Any, alpha: float) -> Tensor:
        """The distillation term of a batch: what is added to the loss.

        Args:
            out: the model's answer, ``(batch, units)``; a model with several heads is asked again.
            x: inputs, ``(batch, ...)``.
            alpha: weight of the term.

        Returns:
            A scalar; 0 before the first experience is learnt.

        Raises:
            RuntimeError: a model with several heads, outside of training: its other heads cannot
                be asked.
        """
        model = self._model
        if model is None:
            if self.prev_model is not None and is_multi_task_module(self.prev_model):
                raise RuntimeError(
                    "penalty needs the answers of all heads, and no model is being trained; call "
                    "plugin.lwf.penalty(out, x, alpha, model)"
                )
            model = self.prev_model
        return self.lwf.penalty(out, x, alpha, model)

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note the classes of the experience."""
        self.lwf.pre_adapt(strategy, strategy.experience)

    def before_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Weigh the loss and add the term."""
        own = weight_at(self.task_weight, self.lwf.expcount)
        if own != 1:
            strategy.loss = strategy.loss * own
        if self.lwf.expcount and self.lwf.weight:
            self._model = strategy.model
            updates = getattr(strategy, "updates", None)
            with nullcontext() if updates is None else updates.autocast():
                term = self.penalty(strategy.mb_output, strategy.mb_x, self.lwf.weight)
            strategy.loss = strategy.loss + term

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Freeze the model as the teacher of later experiences."""
        self._model = None
        self.lwf.post_adapt(strategy, strategy.experience)

    def state_dict(self) -> dict[str, Any]:
        """State of the component."""
        return self.lwf.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; needs ``model`` in the context."""
        self.lwf.load_state_dict(state, context["model"])
