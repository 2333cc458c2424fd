"""The values that a step can ask for by name, and which comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Namespace"]

_absent = object()


class Namespace(Mapping[str, Any]):
    """Arguments, then published results, then fields; the innermost arguments first.

    Args:
        frames: arguments of the calls on the stack, the outermost first.
        results: what was published since the flow started.
        holders: gives the objects whose fields count: the strategy, then its plugins.
        hidden: types of values that are never fields.

    Example:
        >>> from types import SimpleNamespace
        >>> strategy = SimpleNamespace(a=1, b=1, c=1, _d=1)
        >>> space = Namespace([{"a": 3}], {"a": 2, "b": 2}, lambda: [strategy])
        >>> dict(space)
        {'a': 3, 'b': 2, 'c': 1}
    """

    def __init__(
        self,
        frames: Sequence[Mapping[str, Any]],
        results: Mapping[str, Any],
        holders: Callable[[], Sequence[object]],
        hidden: tuple[type, ...] = (),
    ) -> None:
        self._frames = frames
        self._results = results
        self._holders = holders
        self._hidden = hidden

    def __getitem__(self, name: str) -> Any:
        for frame in reversed(self._frames):
            if name in frame:
                return frame[name]
        if name in self._results:
            return self._results[name]
        if not name.startswith("_"):
            for holder in self._holders():
                value = field_of(holder, name)
                if value is not _absent and not isinstance(value, self._hidden):
                    return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        names: dict[str, None] = {}
        for frame in self._frames:
            names.update(dict.fromkeys(frame))
        names.update(dict.fromkeys(self._results))
        for holder in self._holders():
            names.update(dict.fromkeys(n for n in field_names(holder) if n in self))
        return iter(sorted(names))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def field_of(holder: object, name: str) -> Any:
    """An instance's attribute, or data of its class; methods and properties are no fields."""
    own = vars(holder)
    if name in own:
        return own[name]
    value = getattr(type(holder), name, _absent)
    return _absent if hasattr(value, "__get__") or isinstance(value, type) else value


def field_names(holder: object) -> list[str]:
    """Names that :func:`field_of` may know, without those that start with an underscore."""
    return [name for name in {*vars(holder), *dir(type(holder))} if not name.startswith("_")]
