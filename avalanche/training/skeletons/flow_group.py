"""The tree of a flow: groups of named steps, run from the top down."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Union

__all__ = ["FlowGroup"]

Item = Union[str, "FlowGroup"]


class FlowGroup:
    """A named, ordered group of steps and of further groups.

    Args:
        name: name of the group, unique in its flow.
        parts: names of steps, and groups, in order.
        is_loop: run again and again while the last part returns something true.

    Attributes:
        parts: the direct members, in order.

    Raises:
        ValueError: a name that occurs twice anywhere in the group.

    Example:
        >>> epoch = FlowGroup("Epoch", ["one_epoch", "next_epoch"], is_loop=True)
        >>> print(FlowGroup("Training", ["before", epoch]))
        - before
        - Epoch (loop)
        --- one_epoch
        --- next_epoch
    """

    def __init__(self, name: str, parts: Sequence[Item] = (), is_loop: bool = False) -> None:
        self.name = name
        self.parts: list[Item] = list(parts)
        self.is_loop = is_loop
        check_unique(self)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        members = [p if isinstance(p, str) else p.name for p in self.parts]
        return f"FlowGroup({self.name!r}, {members}{', is_loop=True' if self.is_loop else ''})"

    def __str__(self) -> str:
        return "\n".join(self._lines(1))

    def _lines(self, dashes: int) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield f"{'-' * dashes} {part}"
            else:
                yield f"{'-' * dashes} {part.name} ({'loop' if part.is_loop else 'group'})"
                yield from part._lines(dashes + 2)

    def names(self) -> list[str]:
        """Names of all members at any depth, groups included, from the top down."""
        found: list[str] = []
        for part in self.parts:
            found.append(part if isinstance(part, str) else part.name)
            if not isinstance(part, str):
                found += part.names()
        return found

    def steps(self) -> list[str]:
        """Names of the steps at any depth, in the order in which they run."""
        found: list[str] = []
        for part in self.parts:
            found += [part] if isinstance(part, str) else part.steps()
        return found

    def group(self, name: str) -> FlowGroup:
        """The group of that name, which may be this one.

        Raises:
            ValueError: there is none; names the nearest.
        """
        found = self._find_group(name)
        if found is None:
            raise unknown(name, "group", [self.name, *self.names()])
        return found

    def _find_group(self, name: str) -> FlowGroup | None:
        if self.name == name:
            return self
        for part in self.parts:
            found = None if isinstance(part, str) else part._find_group(name)
            if found is not None:
                return found
        return None

    def holder(self, name: str) -> tuple[FlowGroup, int]:
        """The group that directly holds a member, and the member's position in it.

        Raises:
            ValueError: there is no such member; names the nearest.
        """
        found = self._find_holder(name)
        if found is None:
            raise unknown(name, "part", self.names())
        return found

    def _find_holder(self, name: str) -> tuple[FlowGroup, int] | None:
        for position, part in enumerate(self.parts):
            if (part if isinstance(part, str) else part.name) == name:
                return self, position
            found = None if isinstance(part, str) else part._find_holder(name)
            if found is not None:
                return found
        return None


def unknown(name: str, kind: str, known: Sequence[str]) -> ValueError:
    """The error for a part or group that is not there."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or list(known)
    return ValueError(f"{kind}={name!r}: the flow has none of this name; known: {', '.join(near)}")


def check_unique(group: FlowGroup, added: Sequence[str] = ()) -> None:
    """Refuse a name that occurs twice.

    Raises:
        ValueError: naming it.
    """
    names = [group.name, *group.names(), *added]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"parts: {', '.join(twice)} would occur twice in {group.name}; each name may stand at "
            "one place of a flow only, remove it there first or choose another"
        )
