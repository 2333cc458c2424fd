"""Experiences that hold a dataset, and copies of experiences with another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from avalanche.core.experiences import CLExperience, ExperienceAttribute

from .streams import CLStream, LazyCLStream, SequenceCLStream, drop_previous

E = TypeVar("E", bound=CLExperience)


class DatasetExperience(CLExperience):
    """An experience with a dataset; class lists and task labels may be added to it.

    Args:
        dataset: the samples.
        current_experience: number in the stream; streams set it.

    Example:
        >>> DatasetExperience(dataset=[1, 2, 3]).dataset
        [1, 2, 3]
    """

    def __init__(self, *, dataset: Any, current_experience: int | None = None) -> None:
        super().__init__(current_experience, None)
        self._dataset: Any
        self._make_dataset: Callable[[], Any] | None
        self.__dict__.update(_dataset=dataset, _make_dataset=None)

    @classmethod
    def deferred(cls, make: Callable[[], Any]) -> DatasetExperience:
        """An experience whose dataset is made when it is first read."""
        made = cls(dataset=None)
        made._make_dataset = make
        return made

    @property
    def dataset(self) -> Any:
        """The samples."""
        if self._make_dataset is not None:
            self._dataset, self._make_dataset = self._make_dataset(), None
        return self._dataset


def with_dataset(experience: E, make: Callable[[], Any]) -> E:
    """A copy of an experience with another dataset, made when it is first read."""
    other = experience._copy()
    if isinstance(other, DatasetExperience):
        other._make_dataset = make
    else:
        other.dataset = make()
    return other


def with_labels(experience: E, labels: list[int]) -> E:
    """A copy of an experience with the given task labels."""
    other = experience._copy()
    if hasattr(type(other), "_own_task_labels"):
        other._own_task_labels = labels
        return other
    other.task_labels = ExperienceAttribute(labels, use_in_train=True, use_in_eval=True)
    if len(labels) == 1:
        other.task_label = ExperienceAttribute(labels[0], use_in_train=True, use_in_eval=True)
    return other


def map_stream(
    stream: Any,
    change: Callable[[Any, int], Any],
    name: str | None = None,
    drop: Callable[[int], None] | None = None,
) -> CLStream[Any]:
    """A stream of changed experiences, as lazy as ``stream`` and of no benchmark yet.

    It can be pickled if ``stream`` and ``change`` can.

    Args:
        stream: the stream, or any iterable of experiences.
        change: gives the new experience of ``(experience, number)``; must leave the given one as
            it is, and not give it back.
        name: the new stream's name; by default the same.
        drop: what :meth:`LazyCLStream.drop_previous_experiences` does; by default it has
            ``stream`` do it.
    """
    name = name or stream.name
    if isinstance(stream, SequenceCLStream):
        whole = stream.whole()
        made: LazyCLStream[Any] = LazyCLStream(
            name,
            partial(_changed, whole, change),
            whole._full_length,
            drop=drop or partial(drop_previous, whole),
        )
        made.slice_ids = stream.slice_ids
        return made
    return CLStream(name, Changed(stream, change))


def _changed(stream: Any, change: Callable[[Any, int], Any], number: int) -> Any:
    return change(stream[number], number)


def copied(experience: E, number: int) -> E:
    """A change for :func:`map_stream`: none, for another stream with the same experiences."""
    return experience._copy()


class Changed:
    """Changed experiences, to iterate as often as the given ones.

    Args:
        experiences: the experiences.
        change: gives the new experience of ``(experience, number)``.
    """

    def __init__(self, experiences: Any, change: Callable[[Any, int], Any]) -> None:
        self._experiences = experiences
        self._change = change

    def __iter__(self) -> Iterator[Any]:
        for position, experience in enumerate(self._experiences):
            yield self._change(experience, position)
