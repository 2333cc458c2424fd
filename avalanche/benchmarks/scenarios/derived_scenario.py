"""Benchmarks made from other benchmarks: other streams, what else is known stays known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .class_lists import ClassTimeline
from .generic_scenario import CLScenario

CARRIED = (
    "class_ids_from_zero_from_first_exp",
    "class_ids_from_zero_in_each_exp",
    "class_mapping",
    "classes_order",
    "classes_order_original_ids",
    "dataset_parts",
    "n_classes",
    "n_classes_per_exp",
    "n_experiences",
    "original_classes_in_exp",
    "original_test_dataset",
    "original_train_dataset",
    "task_labels",
)
"""What a derived benchmark knows from its original."""


class DerivedScenario(CLScenario):
    """A benchmark with changed streams of another one.

    Facts about classes and tasks (``n_classes``, ``classes_order``, ...) are the original's.

    Args:
        streams: the streams.
        original: the benchmark that they come from.
    """

    def __init__(self, streams: Iterable[Any], original: Any) -> None:
        self.original_benchmark = original
        super().__init__(streams)

    def __getattr__(self, name: str) -> Any:
        if name in CARRIED and "original_benchmark" in self.__dict__:
            found = getattr(self.original_benchmark, name, None)
            if found is not None:
                return found
        return super().__getattr__(name)


class TimelineScenario(DerivedScenario):
    """A benchmark whose experiences know the classes before, at and after them.

    Args:
        streams: the streams.
        original: the benchmark that they come from, or None.
        timelines: the class lists of every stream.
    """

    def __init__(
        self, streams: Iterable[Any], original: Any, timelines: dict[str, ClassTimeline]
    ) -> None:
        self._timelines = timelines
        super().__init__(streams, original)

    @property
    def n_experiences(self) -> int:
        """Number of experiences of the train stream."""
        return len(self.train_stream)

    @property
    def n_classes(self) -> int:
        """Number of classes: one more than the largest label, so that it sizes an output."""
        return max((c for t in self._timelines.values() for c in t.every()), default=-1) + 1

    @property
    def classes_order(self) -> list[int]:
        """Classes in order of appearance in the train stream."""
        return self._timelines["train"].every()

    @property
    def n_classes_per_exp(self) -> list[int]:
        """Number of classes of every experience of the train stream."""
        return [len(self._timelines["train"].current(i)) for i in range(self.n_experiences)]
