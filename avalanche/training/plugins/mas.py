"""MAS as a plugin."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.regularization.mas import MASMode, MemoryAwareSynapses
from avalanche.training.regularization.quadratic import QuadraticPenalty

__all__ = ["MASPlugin"]


class MASPlugin(SupervisedPlugin):
    """Adds the MAS penalty to the loss; see :class:`MemoryAwareSynapses`.

    Args:
        lambda_reg: strength of the penalty, 0 or more.
        alpha: share of the earlier importances where they are averaged, in [0, 1].
        verbose: log the mean importance after each experience.
        mode: ``"accumulate"`` adds importances up, as in the paper; ``"average"`` averages them,
            as avalanche-lib 0.6. By default the first, unless ``alpha`` is not its default.
    """

    def __init__(
        self,
        lambda_reg: float = 1.0,
        alpha: float = 0.5,
        verbose: bool = False,
        mode: MASMode | None = None,
    ) -> None:
        self.mas = MemoryAwareSynapses(lambda_reg, alpha, mode, verbose)

    @property
    def quadratic(self) -> QuadraticPenalty:
        """The quadratic form that is added to the loss, times the strength."""
        return self.mas.quadratic

    @property
    def importance(self) -> dict[str, Tensor] | None:
        """Importances by parameter name; None before any experience."""
        return self.quadratic.weights if self.mas.experiences else None

    @property
    def params(self) -> dict[str, Tensor] | None:
        """Weights after the last experience by parameter name; None before any."""
        return self.quadratic.centers if self.mas.experiences else None

    def before_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Add the penalty."""
        if self.mas.experiences and self.mas.lambda_reg:
            strategy.loss = strategy.loss + self.mas(strategy.model)

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Measure importances and anchor the weights."""
        self.mas.post_adapt(strategy, strategy.experience)

    def state_dict(self) -> dict[str, Any]:
        """State of the component."""
        return self.mas.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        self.mas.load_state_dict(state)
