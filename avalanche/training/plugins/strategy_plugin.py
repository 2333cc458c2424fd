"""The older names of the plugin base class."""

from __future__ import annotations

from typing import Generic, TypeVar

from avalanche.core.plugins import SupervisedPlugin

__all__ = ["StrategyCallbacks", "StrategyPlugin"]

T = TypeVar("T")

StrategyPlugin = SupervisedPlugin


class StrategyCallbacks(SupervisedPlugin, Generic[T]):
    """All callbacks of the loop, for classes that say what theirs give.

    Example:
        >>> class Count(StrategyCallbacks[int]):
        ...     def after_training_exp(self, strategy, **kwargs):
        ...         return 1
        >>> issubclass(Count, StrategyPlugin)
        True
    """
