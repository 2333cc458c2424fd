"""Benchmarks of classification: experiences with data, task labels and class lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, cast

from ..utils import (
    ConstantSequence,
    TaskAwareSupervisedClassificationDataset,
    TaskLabels,
)
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .class_lists import Classes, ClassTimeline
from .defined_streams import (
    ClassesTimelineCLScenario,
    DefinedExperience,
    ExperienceFactory,
    FactoryBasedStream,
    StreamFactory,
)

__all__ = ["ClassificationExperience", "ClassificationScenario", "ClassificationStream"]


class ClassificationExperience(DefinedExperience):
    """An experience with samples of known classes. All of it is worked out when it is read.

    Args:
        origin_stream: the stream.
        current_experience: the number in the stream.
    """

    @property
    def classes_in_this_experience(self) -> list[int]:
        """Class labels of this experience, in the benchmark's order."""
        return Classes(self._data.classes(self._id))

    @property
    def previous_classes(self) -> list[int]:
        """Class labels of all earlier experiences."""
        return Classes(self._timeline.previous(self._id))

    @property
    def classes_seen_so_far(self) -> list[int]:
        """Class labels of this and all earlier experiences."""
        return Classes(self._timeline.seen(self._id))

    @property
    def future_classes(self) -> list[int]:
        """Class labels of all later experiences."""
        return Classes(self._timeline.future(self._id))

    @property
    def _timeline(self) -> ClassTimeline:
        benchmark = cast(ClassesTimelineCLScenario, self._benchmark)
        return benchmark.timeline(self._stream_name)


class ClassificationStream(FactoryBasedStream):
    """A stream of a :class:`ClassificationScenario`, one fresh experience at a time."""


class ClassificationScenario(ClassesTimelineCLScenario):
    """A classification benchmark described by the datasets of its streams.

    Samples are ``(x, y, t)``. The datasets of the train stream start in transform group
    ``train``, those of other streams in ``eval``.

    Args:
        stream_definitions: streams by name, ``train`` and ``test`` at least; each
            ``(datasets, task labels, origin dataset, is it lazy)``, see
            :class:`StreamUserDef`. Task labels that are given replace those of the datasets
            where there is one per experience.
        stream_factory: makes a stream of ``(name, benchmark)``.
        experience_factory: makes an experience of ``(stream, number)``.
        complete_test_set_only: whether the test stream must be one experience.

    Raises:
        ValueError: if a stream is missing or badly described.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = [TensorDataset(torch.randn(4, 2), torch.tensor([i, i, 5, 5])) for i in (0, 1)]
        >>> benchmark = ClassificationScenario(
        ...     stream_definitions={"train": (data, [0, 7]), "test": (data[:1],)})
        >>> [e.classes_in_this_experience for e in benchmark.train_stream], benchmark.task_labels
        ([[0, 5], [1, 5]], [[0], [7]])
    """

    _stream_type: ClassVar[StreamFactory] = ClassificationStream
    _experience_type: ClassVar[ExperienceFactory] = ClassificationExperience
    train_stream: ClassificationStream
    test_stream: ClassificationStream

    def _prepare(self, stream: str) -> Callable[[Any, list[int] | None], Any]:
        return partial(labelled_dataset, train=stream == "train")

    @property
    def n_classes(self) -> int:
        """Number of classes: one more than the largest label, so that it sizes an output."""
        labels = [c for sets in self.classes_in_experience.values() for s in sets for c in s]
        return max(labels, default=-1) + 1


def labelled_dataset(
    dataset: Any, labels: Sequence[int] | None, *, train: bool
) -> TaskAwareSupervisedClassificationDataset:
    """A dataset of ``(x, y, t)`` samples, in the transform group of its stream.

    Args:
        dataset: any dataset of ``(x, y)`` samples.
        labels: its task labels. A single one is given to all samples; of several, the dataset
            must know which sample has which. None keeps what the dataset has, else 0.
        train: whether it belongs to a train stream.
    """
    made = dataset
    if not isinstance(dataset, TaskAwareSupervisedClassificationDataset):
        made = _make_taskaware_classification_dataset(dataset)
    if labels is not None and len(labels) == 1 and made.targets_task_labels.uniques != {*labels}:
        column = TaskLabels(ConstantSequence(labels[0], len(made)))
        made = made.update_data_attribute("targets_task_labels", column)
    if made.current_group in {"train", "eval"}:
        made = made.train() if train else made.eval()
    return cast(TaskAwareSupervisedClassificationDataset, made)
