"""What strategies of the flow family and their plugins have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from avalanche.training.skeletons.checks import check_attachable, check_steps
from avalanche.training.skeletons.strategy_flow import StrategyFlow
from avalanche.training.skeletons.strategy_parts import TestingFlow, TrainingFlow

__all__ = ["StrategySkeleton"]


class StrategySkeleton:
    """Base of flow strategies and of their plugins: two flows, plugins, a shared namespace.

    A plugin derives from it, decorates the methods that it implements, and is attached to a
    strategy; it need not train or test by itself. Plugins of the callback family
    (:class:`~avalanche.core.SupervisedPlugin`) may be attached as well.

    Attributes:
        training_flow: what ``train`` runs.
        testing_flow: what ``test`` runs.

    Raises:
        ValueError: a method overrides a step without its decorator.

    Example:
        >>> class Loop(StrategySkeleton):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.training_flow.append_part_list(["learn"])
        ...     @TrainingFlow
        ...     def learn(self, data):
        ...         print("learning", data)
        >>> class Shorten(StrategySkeleton):
        ...     @TrainingFlow
        ...     def learn(self, data):
        ...         self.update_namespace(data=data[:2])
        >>> loop = Loop()
        >>> loop.add_module(Shorten())
        >>> loop.training_flow(data=[1, 2, 3])
        learning [1, 2]
    """

    Training = staticmethod(TrainingFlow)
    Testing = staticmethod(TestingFlow)

    def __init__(self) -> None:
        check_steps(type(self))
        self._plugins: list[Any] = []
        self._running_flows: list[StrategyFlow] = []
        self.training_flow = StrategyFlow(self, "training_flow", "TrainingFlow")
        self.testing_flow = StrategyFlow(self, "testing_flow", "TestingFlow")

    @property
    def plugins(self) -> list[Any]:
        """The attached plugins in calling order, a copy of the list."""
        return list(self._plugins)

    def flows(self) -> list[StrategyFlow]:
        """All flows: the two, and those that were added as fields."""
        return [value for value in vars(self).values() if isinstance(value, StrategyFlow)]

    def namespace_holders(self) -> Sequence[object]:
        """Objects whose fields steps can ask for, before those of plugins."""
        return [self]

    def extra_steps(self, flow_name: str) -> set[str]:
        """Names that are fired in a flow without being methods of this class."""
        return set()

    def add_plugin(self, plugin: Any) -> None:
        """Attach a plugin of either style, after the others.

        Raises:
            TypeError: a class, or an object without steps and callbacks.
            ValueError: it was attached before, or a callback looks like an event and is none.
        """
        check_attachable(plugin)
        if any(plugin is other for other in self._plugins):
            raise ValueError(f"plugins: {plugin!r} was given twice; it would be called twice")
        self._plugins.insert(self._place_of_new_plugins(), plugin)
        for flow in self._running_flows:  # attached by a step: takes part from the next one on
            flow.refresh()
            flow.admit(plugin)

    def add_module(self, plugin: Any) -> None:
        """Attach a plugin; the same as :meth:`add_plugin`."""
        self.add_plugin(plugin)

    def _place_of_new_plugins(self) -> int:
        return len(self._plugins)

    def update_namespace(self, **values: Any) -> None:
        """Publish values to the running flow, the innermost one if one runs inside another.

        Does nothing where no flow is running, so that steps can be called by hand.
        """
        if self._running_flows:
            self._running_flows[-1].update_results_namespace(**values)

    def is_training(self) -> bool:
        """Whether the training flow, of this strategy or of the one it is attached to, runs."""
        return any(flow.flow_name == "training_flow" for flow in self._running_flows)

    def is_testing(self) -> bool:
        """Whether the testing flow runs; see :meth:`is_training`."""
        return any(flow.flow_name == "testing_flow" for flow in self._running_flows)
