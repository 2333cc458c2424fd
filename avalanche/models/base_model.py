"""Models that expose their features."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

__all__ = ["BaseModel"]


class BaseModel(nn.Module, ABC):
    """A model whose features methods can use."""

    @abstractmethod
    def get_features(self, x: Tensor) -> Tensor:
        """Features of a batch: ``(batch, ...)`` to ``(batch, features)``."""
