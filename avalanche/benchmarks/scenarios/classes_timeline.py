"""Adding class lists to the experiences of any stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from avalanche.core.experiences import DeferredAttribute

from .class_lists import ClassTimeline
from .dataset_experience import map_stream
from .derived_scenario import TimelineScenario
from .generic_scenario import CLScenario

_FIELDS: dict[str, Callable[[ClassTimeline, int], list[int]]] = {
    "classes_in_this_experience": ClassTimeline.current,
    "previous_classes": ClassTimeline.previous,
    "classes_seen_so_far": ClassTimeline.seen,
    "future_classes": ClassTimeline.future,
}


def with_classes_timeline(obj: Any) -> Any:
    """The same stream or benchmark, whose experiences know the classes around them.

    Every experience gets ``classes_in_this_experience``, ``previous_classes``,
    ``classes_seen_so_far`` and ``future_classes`` (sets), worked out when they are read: the past
    needs what is past, only ``future_classes`` needs the whole stream. Experiences that have
    class lists already keep theirs. Nothing given is changed.

    Args:
        obj: a benchmark or a stream of experiences with a dataset with targets.

    Returns:
        A new benchmark or stream.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> from avalanche.benchmarks import benchmark_from_datasets
        >>> from avalanche.benchmarks.utils import as_classification_dataset
        >>> days = [as_classification_dataset(TensorDataset(torch.randn(2, 3), torch.tensor(y)))
        ...         for y in ([0, 1], [1, 2])]
        >>> benchmark = with_classes_timeline(benchmark_from_datasets(train=days, test=days[:1]))
        >>> [e.future_classes for e in benchmark.train_stream]
        [{1, 2}, set()]
    """
    if isinstance(obj, CLScenario):
        made = {name: _decorated(stream) for name, stream in obj.streams.items()}
        timelines = {name: timeline for name, (_, timeline) in made.items()}
        return TimelineScenario([stream for stream, _ in made.values()], obj, timelines)
    return _decorated(obj)[0]


def _decorated(stream: Any) -> tuple[Any, ClassTimeline]:
    timeline = ClassTimeline(partial(_all_classes, stream))
    return map_stream(stream, partial(_add, timeline)), timeline


def _all_classes(stream: Any) -> Iterator[list[int]]:
    whole = stream.whole() if hasattr(stream, "whole") else stream
    return (_classes(experience) for experience in whole)


def _add(timeline: ClassTimeline, experience: Any, number: int) -> Any:
    other = experience._copy()
    if not experience._knows("classes_in_this_experience"):
        for field, read in _FIELDS.items():
            deferred = _Read(timeline, read, number)
            attribute = DeferredAttribute(deferred, use_in_train=True, use_in_eval=True)
            setattr(other, field, attribute)
    return other


class _Read:
    """One reading of a timeline, as a set; an object so that experiences can be pickled."""

    def __init__(
        self, timeline: ClassTimeline, read: Callable[[ClassTimeline, int], list[int]], number: int
    ) -> None:
        self._arguments = timeline, number
        self._read = read

    def __call__(self) -> set[int]:
        return set(self._read(*self._arguments))


def _classes(experience: Any) -> list[int]:
    if experience._knows("classes_in_this_experience"):
        return list(experience.logging().classes_in_this_experience)
    targets = getattr(experience.dataset, "targets", None)
    if targets is None:
        raise ValueError(
            "with_classes_timeline: a dataset of the stream has no targets; wrap it with "
            "as_classification_dataset(dataset) first"
        )
    return sorted(targets.uniques)
