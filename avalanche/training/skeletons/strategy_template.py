"""What a strategy of the flow family offers: ``train`` and ``test``, run as flows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.training.skeletons.strategy_skeleton import StrategySkeleton

__all__ = ["IStrategy", "StrategyTemplate"]


class IStrategy(ABC):
    """Anything that learns step by step: two methods.

    Example:
        >>> class Nothing(IStrategy):
        ...     def train(self, step_info, **kwargs):
        ...         return "trained"
        ...     def test(self, step_info, dataset_part=DatasetPart.COMPLETE, **kwargs):
        ...         return "tested"
        >>> Nothing().test(None)
        'tested'
    """

    @abstractmethod
    def train(self, step_info: Any, **kwargs: Any) -> Any:
        """Learn one step."""

    @abstractmethod
    def test(
        self, step_info: Any, dataset_part: DatasetPart = DatasetPart.COMPLETE, **kwargs: Any
    ) -> Any:
        """Test on the steps of a part of the stream, seen from one step."""


class StrategyTemplate(StrategySkeleton, IStrategy):
    """A strategy whose ``train`` and ``test`` are flows; put steps into them.

    Example:
        >>> from avalanche.training.skeletons import TrainingFlow
        >>> class Reader(StrategyTemplate):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.training_flow.append_part_list(["read"])
        ...     @TrainingFlow
        ...     def read(self, step_info, speed=1):
        ...         print(step_info, "at speed", speed)
        >>> Reader().train("a step", speed=2)
        a step at speed 2
    """

    def train(self, step_info: Any, **kwargs: Any) -> Any:
        """Run the training flow.

        Args:
            step_info: the step, the argument ``step_info`` of the flow.
            **kwargs: further arguments, for steps that name them.

        Raises:
            TypeError: an argument that no step asks for.
        """
        self.training_flow(step_info=step_info, **kwargs)

    def test(
        self, step_info: Any, dataset_part: DatasetPart = DatasetPart.COMPLETE, **kwargs: Any
    ) -> Any:
        """Run the testing flow.

        Args:
            step_info: the step from which the part is seen.
            dataset_part: which steps to test.
            **kwargs: further arguments, for steps that name them.

        Raises:
            TypeError: an argument that no step asks for.
        """
        self.testing_flow(step_info=step_info, dataset_part=dataset_part, **kwargs)

    def eval(
        self, step_info: Any, dataset_part: DatasetPart = DatasetPart.COMPLETE, **kwargs: Any
    ) -> Any:
        """The same as :meth:`test`."""
        return self.test(step_info, dataset_part, **kwargs)
