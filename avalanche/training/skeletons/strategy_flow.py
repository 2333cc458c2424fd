"""A flow: an ordered tree of named steps that gets its values by name."""

from __future__ import annotations

from typing import Any

from avalanche.training.skeletons.checks import check_argument_names, check_part
from avalanche.training.skeletons.flow_dispatcher import FlowDispatcher
from avalanche.training.skeletons.flow_group import FlowGroup
from avalanche.training.skeletons.flow_tree import FlowTree
from avalanche.training.skeletons.strategy_parts import given_arguments, raw_method

__all__ = ["StrategyFlow"]


class StrategyFlow(FlowTree):
    """Runs a tree of named steps of a strategy.

    To run a step means to call the methods of its name: first those of the plugins, in the order
    in which they were attached, then the strategy's own. Each gets what its signature asks for:

    1. arguments given to the flow, or to the calls on the stack, the innermost first;
    2. results published with ``update_namespace``; publishing a name discards arguments of it;
    3. fields of the strategy, then of its plugins; those with a leading underscore are hidden, and
       so are flows and groups.

    A parameter with a default keeps it where nothing provides the name, ``**kwargs`` collects all
    there is. Arguments and results are forgotten when the run ends, also by an error.

    Args:
        self_ref: the strategy.
        flow_name: name of the field that holds the flow; decorators go by it.
        root_group_name: name of the outermost group.

    Raises:
        ValueError: on changing the tree: names that are not there, or are there twice, or methods
            that no decorator made a step of this flow.

    Example:
        >>> from avalanche.training.skeletons import StrategySkeleton, TrainingFlow
        >>> class Counter(StrategySkeleton):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.until = 3
        ...         self.training_flow.append_part_list(["start"])
        ...         self.training_flow.append_new_group("Loop", ["step"], is_loop=True)
        ...     @TrainingFlow
        ...     def start(self):
        ...         self.update_namespace(count=0)
        ...     @TrainingFlow
        ...     def step(self, count, until, word="count"):
        ...         print(word, count)
        ...         self.update_namespace(count=count + 1)
        ...         return count + 1 < until
        >>> Counter().training_flow(until=2)
        count 0
        count 1
    """

    def __init__(self, self_ref: Any, flow_name: str, root_group_name: str) -> None:
        super().__init__(root_group_name)
        self.owner = self_ref
        self.flow_name = flow_name
        self._extra_plugins: list[Any] = []
        self._running_on: list[Any] = []
        self.dispatcher = FlowDispatcher(self_ref, flow_name, (StrategyFlow, FlowGroup))

    def __repr__(self) -> str:
        return f"StrategyFlow({self.flow_name!r}, {self.root!r})"

    # ------------------------------------------------------------ running

    def __call__(self, **kwargs: Any) -> None:
        """Run all steps once, loops until they end.

        Args:
            **kwargs: the arguments, first in the order of lookup.

        Raises:
            RuntimeError: the flow is running already.
            TypeError: a step asks for what nothing provides, or nothing asks for an argument.
            ValueError: a plugin has a step that this flow does not call.
        """
        self.start(**kwargs)
        try:
            self._run(self.root)
        finally:
            self.finish()

    def start(self, **kwargs: Any) -> None:
        """Begin a run whose steps are fired one by one with :meth:`fire`."""
        if self.is_running():
            raise RuntimeError(f"{self.flow_name}: a run is going on; wait for its end")
        self.refresh()
        if self.root.parts:
            check_argument_names(self, kwargs)
        self.dispatcher.begin(kwargs)
        for holder in (self.owner, *self.dispatcher.flow_plugins):
            self.admit(holder)

    def finish(self) -> None:
        """End the run: forget arguments and results."""
        for holder in self._running_on:
            holder._running_flows.remove(self)
        self._running_on = []
        self.dispatcher.end()

    def admit(self, holder: Any) -> None:
        """Let the strategy or a plugin take part in the present run."""
        if hasattr(holder, "_running_flows"):
            holder._running_flows.append(self)
            self._running_on.append(holder)

    def fire(self, name: str) -> Any:
        """Call everything of that name; gives what the last one gave."""
        return self.dispatcher.run(name)

    def _run(self, group: FlowGroup) -> Any:
        while True:
            result = None
            for part in tuple(group):
                result = self.fire(part) if isinstance(part, str) else self._run(part)
            if not (group.is_loop and result):
                return result

    def call_part(
        self, part: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """An explicit call of a decorated method while this flow runs."""
        name = part.__name__
        self.push_kwargs(**given_arguments(part, owner, args, kwargs))
        try:
            # A call through super(), or of a plugin's own method, must not call the plugins again.
            if owner is self.owner and getattr(type(owner), name, None) is part:
                return self.dispatcher.run(name)
            return self.dispatcher.run_one(raw_method(part, owner))
        finally:
            self.pop_kwargs()

    def is_running(self) -> bool:
        """Whether a run is going on."""
        return bool(self._running_on)

    def refresh(self) -> None:
        """Follow changes of the plugins of all flows; done at the start of each run.

        Raises:
            ValueError: a plugin has a step that its flow does not call.
        """
        for flow in self.owner.flows():
            flow.dispatcher.attach(flow.get_strategy_plugins(), flow.root.names())

    def check_step(self, name: str, method: Any) -> None:
        """Refuse a name that no decorated method of the strategy or its plugins answers to.

        Raises:
            ValueError: no such method, or one that no decorator made a step of this flow.
        """
        check_part(self, name, method)

    # ---------------------------------------------------------- namespaces

    def get_results_namespace(self) -> dict[str, Any]:
        """What was published since the run began."""
        return dict(self.dispatcher.results)

    def update_results_namespace(self, **values: Any) -> None:
        """Publish values; arguments of the same names are discarded."""
        self.dispatcher.publish(values)

    def get_flattened_kwargs(self) -> dict[str, Any]:
        """The arguments of all calls on the stack, inner ones before outer ones."""
        return {k: v for frame in self.dispatcher.frames for k, v in frame.items()}

    def push_kwargs(self, **kwargs: Any) -> None:
        """Put the arguments of a call on the stack."""
        self.dispatcher.frames.append(kwargs)

    def pop_kwargs(self) -> dict[str, Any]:
        """Take the arguments of the innermost call off the stack."""
        return self.dispatcher.frames.pop()

    # ------------------------------------------------------------- plugins

    def add_strategy_plugin(self, plugin: Any) -> None:
        """Attach a plugin to this flow alone; :meth:`StrategySkeleton.add_plugin` is for all."""
        self._extra_plugins.append(plugin)

    def get_strategy_plugins(self) -> list[Any]:
        """The plugins in calling order."""
        return [*self.owner.plugins, *self._extra_plugins]
