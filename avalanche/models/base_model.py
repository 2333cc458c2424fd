"""Models that expose their features."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from avalanche.models.dynamic_modules import avalanche_model_adaptation

__all__ = ["BaseModel"]


class BaseModel(nn.Module, ABC):
    """A model whose features methods can use, and which is updated like any component."""

    @abstractmethod
    def get_features(self, x: Tensor) -> Tensor:
        """Features of a batch: ``(batch, ...)`` to ``(batch, features)``."""

    def pre_adapt(self, agent: Any, exp: Any) -> None:
        """Before learning from ``exp``: dynamic modules inside grow; for loops of one's own."""
        avalanche_model_adaptation(self, exp)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """After learning from ``exp``; nothing to do."""

    def pre_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`pre_adapt`."""
        self.pre_adapt(agent, experience)

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`post_adapt`."""
        self.post_adapt(agent, experience)
