"""Models that expose their features."""

from abc import ABC, abstractmethod

from torch import Tensor

__all__ = ["BaseModel"]


class BaseModel(ABC):
    """What a model has whose features methods can use: ``class Net(nn.Module, BaseModel)``."""

    @abstractmethod
    def get_features(self, x: Tensor) -> Tensor:
        """Features of a batch: ``(batch, ...)`` to ``(batch, features)``."""
