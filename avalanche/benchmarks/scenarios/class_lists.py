"""Which classes came, come and will come at a position of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any


class Classes(list[int]):
    """Class labels in their order, which can be used as a set as well.

    Example:
        >>> Classes([3, 1, 2]) - [1], Classes([3, 1]) & {3, 4}
        ({2, 3}, {3})
    """

    def __sub__(self, other: Iterable[int]) -> set[int]:
        return set(self).difference(other)

    def __rsub__(self, other: Iterable[int]) -> set[int]:
        return set(other).difference(self)

    def __and__(self, other: Iterable[int]) -> set[int]:
        return set(self).intersection(other)

    def __or__(self, other: Iterable[int]) -> set[int]:
        return set(self).union(other)

    def __xor__(self, other: Iterable[int]) -> set[int]:
        return set(self).symmetric_difference(other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


ClassLists = tuple[list[int], list[int], list[int], list[int]]


class ClassTimeline:
    """The classes before, at and after every position of a stream.

    Every experience is looked at once, when it is first needed: the past needs only what is past,
    the future needs the whole stream. A reading then costs the number of classes, not the number
    of experiences. An error at an experience is raised at every reading that needs it.

    Args:
        classes_of: yields the classes of every experience in order, each time from the start.

    Example:
        >>> timeline = ClassTimeline(lambda: iter([[3, 1], [1], [0]]))
        >>> timeline.at(1)
        ([1], [3, 1], [3, 1], [0])
    """

    def __init__(self, classes_of: Callable[[], Iterable[Iterable[int]]]) -> None:
        self._classes_of = classes_of
        self._coming: Iterator[Iterable[int]] | None = None
        self._classes: list[list[int]] = []
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._complete = False

    def current(self, position: int) -> list[int]:
        """Classes of one experience."""
        self._read(position)
        return list(self._classes[position])

    def previous(self, position: int) -> list[int]:
        """Classes of all earlier experiences, in order of appearance."""
        self._read(position - 1)
        return [label for label, first in self._first.items() if first < position]

    def seen(self, position: int) -> list[int]:
        """Classes of this and all earlier experiences, in order of appearance."""
        return self.previous(position + 1)

    def future(self, position: int) -> list[int]:
        """Classes of all later experiences, in order of appearance in the stream.

        A class that comes back counts, whether it was seen before or not.
        """
        self._read(None)
        return [label for label in self._first if self._last[label] > position]

    def every(self) -> list[int]:
        """All classes of the stream, in order of appearance."""
        self._read(None)
        return list(self._first)

    def at(self, position: int) -> ClassLists:
        """``(current, previous, seen so far, future)``."""
        return (
            self.current(position),
            self.previous(position),
            self.seen(position),
            self.future(position),
        )

    def _read(self, position: int | None) -> None:
        """Look at the stream up to a position; None for all of it."""
        if self._complete or (position is not None and position < len(self._classes)):
            return
        if self._coming is None:
            self._coming = islice(iter(self._classes_of()), len(self._classes), None)
        try:
            for labels in self._coming:
                self._append(list(labels))
                if len(self._classes) - 1 == position:
                    return
        except Exception:
            self._coming = None  # a generator has ended with this: start again from here
            raise
        self._complete = True

    def _append(self, labels: list[int]) -> None:
        now = len(self._classes)
        self._classes.append(labels)
        for label in labels:
            self._first.setdefault(label, now)
            self._last[label] = now

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_coming": None}
