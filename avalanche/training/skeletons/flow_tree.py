"""Changing the tree of a flow: steps and groups are added, moved, replaced and removed by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from avalanche.training.skeletons.flow_group import FlowGroup, Item, check_unique

__all__ = ["FlowTree"]

Listener = Callable[[Any], Any]


class FlowTree(ABC):
    """A tree of steps that can be changed.

    Args:
        root_group_name: name of the outermost group.

    Attributes:
        root: the outermost group.
    """

    def __init__(self, root_group_name: str) -> None:
        self.root = FlowGroup(root_group_name)
        self._listeners: list[Listener] = []

    def __str__(self) -> str:
        return str(self.root)

    @abstractmethod
    def check_step(self, name: str, method: Any) -> None:
        """Refuse what is no step; ``method`` is the object that was given, if it was no name."""

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
            self.check_step(name, None if isinstance(part, (str, FlowGroup)) else part)
        return part if isinstance(part, FlowGroup) else items[0]


def _name(part: Any) -> str:
    name = part if isinstance(part, str) else getattr(part, "name", None)
    return str(name or getattr(part, "__name__", part))
