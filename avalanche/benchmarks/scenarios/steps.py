"""The older face of a stream: steps that hand out training and test sets of past and future.

A step is an experience of a stream with the methods of :class:`IStepInfo` on top; nothing is
stored twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, TypeVar

import torch

from ..utils import DataAttribute, Part
from .classification_scenario import ClassificationExperience
from .derived_scenario import DerivedScenario

S = TypeVar("S", bound="IStepInfo")
LabelledSet = tuple[Any, int]


class DatasetPart(Enum):
    """Which steps' data is meant, seen from the current step."""

    CURRENT = 1
    CUMULATIVE = 2
    OLD = 3
    FUTURE = 4
    COMPLETE = 5


class DatasetType(Enum):
    """What data is for."""

    TRAIN = 1
    VALID = 2
    TEST = 3


class IStepInfo(ClassificationExperience):
    """What a learner may ask for at one step: data of this, of earlier and of later steps.

    Singular methods give ``(dataset, task label)``, plural ones a list of those, one per step.
    Samples are plain ``(x, y)`` pairs, so that ``torch.utils.data.DataLoader(dataset)`` works,
    with or without workers. All of them take ``bucket_classes`` (samples class by class, in the
    step's class order), ``sort_classes`` (class by class, ascending) and ``sort_indexes`` (in the
    order of the original data, within a class where classes are kept together).

    Args:
        origin_stream: the train stream.
        current_experience: the number of the step.
    """

    _group: str | None = None
    _disabled: bool = False

    @property
    def current_step(self) -> int:
        """Number of this step, from 0."""
        return self._id

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return int(self._benchmark.stream_length("train"))

    @property
    def scenario(self) -> Any:
        """The benchmark."""
        return self.benchmark

    # Training sets

    def current_training_set(self, **order: bool) -> LabelledSet:
        """The training set of this step."""
        return self._set("train", self._id, order)

    def cumulative_training_sets(
        self, include_current_step: bool = True, **order: bool
    ) -> list[LabelledSet]:
        """The training sets of all steps so far."""
        return self._sets("train", range(self._id + include_current_step), order)

    def complete_training_sets(self, **order: bool) -> list[LabelledSet]:
        """The training sets of all steps."""
        return self._sets("train", range(self.n_steps), order)

    def future_training_sets(self, **order: bool) -> list[LabelledSet]:
        """The training sets of all later steps."""
        return self._sets("train", range(self._id + 1, self.n_steps), order)

    def step_specific_training_set(self, step_id: int, **order: bool) -> LabelledSet:
        """The training set of one step."""
        return self._set("train", self._step(step_id), order)

    def training_set_part(self, dataset_part: DatasetPart, **order: bool) -> list[LabelledSet]:
        """The training sets of a part of the steps."""
        return self._sets("train", self._steps(dataset_part), order)

    # Test sets

    def current_test_set(self, **order: bool) -> LabelledSet:
        """The test set of this step."""
        return self._set("test", self._id, order)

    def cumulative_test_sets(
        self, include_current_step: bool = True, **order: bool
    ) -> list[LabelledSet]:
        """The test sets of all steps so far."""
        return self._sets("test", range(self._id + include_current_step), order)

    def complete_test_sets(self, **order: bool) -> list[LabelledSet]:
        """The test sets of all steps."""
        return self._sets("test", range(self.n_steps), order)

    def future_test_sets(self, **order: bool) -> list[LabelledSet]:
        """The test sets of all later steps."""
        return self._sets("test", range(self._id + 1, self.n_steps), order)

    def step_specific_test_set(self, step_id: int, **order: bool) -> LabelledSet:
        """The test set of one step."""
        return self._set("test", self._step(step_id), order)

    def test_set_part(self, dataset_part: DatasetPart, **order: bool) -> list[LabelledSet]:
        """The test sets of a part of the steps."""
        return self._sets("test", self._steps(dataset_part), order)

    # Transforms

    def disable_transformations(self: S) -> S:
        """This step with samples as they are stored."""
        return self._changed(self._group, True)

    def enable_transformations(self: S) -> S:
        """This step with transforms again."""
        return self._changed(self._group, False)

    def with_train_transformations(self: S) -> S:
        """This step with the training transforms, on test sets too."""
        return self._changed("train", False)

    def with_test_transformations(self: S) -> S:
        """This step with the test transforms, on training sets too."""
        return self._changed("eval", False)

    def _changed(self: S, group: str | None, disabled: bool) -> S:
        other = self._copy()
        other._group, other._disabled = group, disabled
        return other

    def _step(self, step_id: int) -> int:
        if not 0 <= step_id < self.n_steps:
            raise IndexError(f"step_id={step_id}: expected 0 to {self.n_steps - 1}")
        return step_id

    def _steps(self, part: DatasetPart) -> range:
        now, end = self._id, self.n_steps
        known = {
            DatasetPart.CURRENT: range(now, now + 1),
            DatasetPart.CUMULATIVE: range(now + 1),
            DatasetPart.OLD: range(now),
            DatasetPart.FUTURE: range(now + 1, end),
            DatasetPart.COMPLETE: range(end),
        }
        if part not in known:
            raise ValueError(f"dataset_part={part!r}: expected one of {list(DatasetPart)}")
        return known[part]

    def _sets(self, stream: str, steps: Iterable[int], order: dict[str, bool]) -> list[LabelledSet]:
        if self._benchmark.stream_length(stream) == 1:  # one test set for all steps
            steps = list(steps)[:1]
        return [self._set(stream, step, order) for step in steps]

    def _set(self, stream: str, step: int, order: dict[str, bool]) -> LabelledSet:
        data = self._benchmark.experience_data(stream)
        step = 0 if len(data) == 1 else step
        dataset = ordered(data.dataset(step), data.classes(step), **order)
        labels = data.task_labels(step)
        if self._group is not None:
            dataset = dataset.with_transforms(self._group)
        if self._disabled:
            view = dataset._view.map_parts(_only_target_transforms)
            dataset = dataset._derive(view, dataset.data_attributes)
        plain = DataAttribute(dataset.targets_task_labels, "targets_task_labels")
        return dataset.update_data_attribute("targets_task_labels", plain), labels[0]


class NCBatchInfo(IStepInfo):
    """A step of a stream of new classes, without task labels."""


class NCTaskInfo(IStepInfo):
    """A step of a stream of new classes, with a task label of its own."""


class NIBatchInfo(IStepInfo):
    """A step of a stream of new instances."""


class StepScenario(DerivedScenario):
    """A benchmark that is read as a sequence of steps: ``for step_info in scenario``.

    Its streams are those of the benchmark, their experiences are steps.

    Args:
        benchmark: a new benchmark that nobody else uses.
        info: the kind of step.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> from avalanche.benchmarks.generators import NCScenario
        >>> data = TensorDataset(torch.randn(8, 3), torch.arange(8) % 4)
        >>> scenario = NCScenario(data, data, 2, shuffle=False)
        >>> [len(step_info.current_training_set()[0]) for step_info in scenario]
        [4, 4]
    """

    def __init__(self, benchmark: Any, info: type[IStepInfo]) -> None:
        benchmark.experience_factory = info
        super().__init__(benchmark.streams.values(), benchmark)

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return len(self)

    def __len__(self) -> int:
        return len(self.train_stream)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.train_stream)

    def __getitem__(self, item: Any) -> Any:
        return self.train_stream[item]


def ordered(
    dataset: Any,
    classes: Iterable[int],
    bucket_classes: bool = False,
    sort_classes: bool = False,
    sort_indexes: bool = False,
) -> Any:
    """A dataset in another order.

    Args:
        dataset: the samples.
        classes: its classes in the order of buckets.
        bucket_classes: whether samples of a class follow each other.
        sort_classes: whether they do and classes are ascending.
        sort_indexes: whether samples (of a class, with either of the above) are in the order of
            the original data.
    """
    if not (bucket_classes or sort_classes or sort_indexes):
        return dataset
    position = torch.arange(len(dataset))
    if sort_indexes:
        position = dataset.rows.argsort(stable=True)
        if dataset.part_ids is not None:
            position = position[dataset.part_ids[position].argsort(stable=True)]
    if bucket_classes or sort_classes:
        groups = list(classes)
        rank = {label: i for i, label in enumerate(sorted(groups) if sort_classes else groups)}
        of_sample = torch.tensor([rank[label] for label in dataset.targets])
        position = position[of_sample[position].argsort(stable=True)]
    return dataset.subset(position)


def _only_target_transforms(part: Part) -> Part:
    def changes_input(group: Any) -> bool:
        pair = group["train"]
        return not (isinstance(pair, tuple) and pair[0] is None)

    stages = tuple(s for s in part.stages if not changes_input(s))
    return Part(part.source, stages, len(stages))
