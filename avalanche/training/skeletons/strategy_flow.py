"""A flow: an ordered tree of named steps that gets its values by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from avalanche.training.skeletons.checks import check_argument_names, check_part
from avalanche.training.skeletons.flow_dispatcher import FlowDispatcher
from avalanche.training.skeletons.flow_group import FlowGroup, Item, check_unique
from avalanche.training.skeletons.strategy_parts import given_arguments, raw_method

__all__ = ["StrategyFlow"]

Listener = Callable[["StrategyFlow"], Any]


class StrategyFlow:
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
        self.owner = self_ref
        self.flow_name = flow_name
        self.root = FlowGroup(root_group_name)
        self._extra_plugins: list[Any] = []
        self._listeners: list[Listener] = []
        self._running_on: list[Any] = []
        self.dispatcher = FlowDispatcher(self_ref, flow_name, (StrategyFlow, FlowGroup))

    def __str__(self) -> str:
        return str(self.root)

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

    # ---------------------------------------------------------------- tree

    def append_part_list(
        self,
        parts: Sequence[Any],
        to_group: FlowGroup | str | None = None,
        after_part: Any = None,
        at_beginning: bool = False,
    ) -> None:
        """Add steps, in order.

        Args:
            parts: names of methods, or decorated methods, or groups.
            to_group: where; by default the group of ``after_part``, else the outermost one.
            after_part: the step or group after which they come; by default the last.
            at_beginning: put them first instead.
        """
        items = [self._item(part) for part in parts]
        if to_group is None and after_part is not None:
            group = self.root.holder(_name(after_part))[0]
        else:
            group = self.root if to_group is None else self.root.group(_name(to_group))
        position = 0 if at_beginning else len(group)
        if after_part is not None:
            holder, found = group.holder(_name(after_part))
            if holder is not group:
                raise ValueError(
                    f"after_part={_name(after_part)!r}: is in group {holder.name}, not directly in "
                    f"to_group={group.name!r}; give that group, or leave to_group out"
                )
            position = found + 1
        added = [n for i in items for n in ([i] if isinstance(i, str) else [i.name, *i.names()])]
        check_unique(self.root, added)
        group.parts[position:position] = items
        self._changed()

    def append_new_group(
        self,
        group_name: str,
        parts: Sequence[Any] = (),
        is_loop: bool = False,
        to_group: FlowGroup | str | None = None,
        after_part: Any = None,
        at_beginning: bool = False,
    ) -> FlowGroup:
        """Add a group of steps; places as in :meth:`append_part_list`.

        Args:
            group_name: name of the new group.
            parts: its members.
            is_loop: run it again and again while its last part returns something true.
            to_group: see :meth:`append_part_list`.
            after_part: see :meth:`append_part_list`.
            at_beginning: see :meth:`append_part_list`.

        Returns:
            The new group.
        """
        group = FlowGroup(group_name, [self._item(part) for part in parts], is_loop)
        self.append_part_list([group], to_group, after_part, at_beginning)
        return group

    def remove_part(self, name: Any) -> None:
        """Take a step, or a group with all its members, out of the flow."""
        group, position = self.root.holder(_name(name))
        del group.parts[position]
        self._changed()

    def replace_part(self, name: Any, replacement: Any) -> None:
        """Put another step or group in the place of one."""
        group, position = self.root.holder(_name(name))
        old, group.parts[position] = group.parts[position], self._item(replacement)
        try:
            check_unique(self.root)
        except ValueError:
            group.parts[position] = old
            raise
        self._changed()

    def add_part_change_listener(self, listener: Listener) -> None:
        """Have ``listener(flow)`` called after each change of the tree."""
        self._listeners.append(listener)

    def remove_part_change_listener(self, listener: Listener) -> None:
        """Undo :meth:`add_part_change_listener`."""
        self._listeners.remove(listener)

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener(self)

    def _item(self, part: Any) -> Item:
        items = part.steps() if isinstance(part, FlowGroup) else [_name(part)]
        for name in items:
            check_part(self, name, None if isinstance(part, (str, FlowGroup)) else part)
        return part if isinstance(part, FlowGroup) else items[0]


def _name(part: Any) -> str:
    name = part if isinstance(part, str) else getattr(part, "name", None)
    return str(name or getattr(part, "__name__", part))
