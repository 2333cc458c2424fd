"""Task labels: asking for them, adding them, one task per experience."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol, runtime_checkable

from avalanche.core.experiences import CLExperience, DeferredAttribute

from ..utils import AvalancheDataset, ConstantSequence, TaskLabels
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .dataset_experience import map_stream, with_dataset, with_labels
from .derived_scenario import DerivedScenario
from .generic_scenario import CLScenario
from .streams import SequenceCLStream


@runtime_checkable
class TaskAware(Protocol):
    """What an experience with task labels offers."""

    @property
    def task_label(self) -> int:
        """The task label, where there is a single one."""

    @property
    def task_labels(self) -> list[int]:
        """All task labels of the experience."""


def has_task_labels(dataset: Any) -> bool:
    """Whether every sample of a dataset has a task label (``targets_task_labels``).

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> has_task_labels(AvalancheDataset(TensorDataset(torch.arange(3))))
        False
    """
    if isinstance(dataset, AvalancheDataset):
        return "targets_task_labels" in dataset.data_attributes
    return hasattr(dataset, "targets_task_labels")


def with_task_labels(obj: Any) -> Any:
    """The same benchmark, stream or experience, with the task labels of the data as fields.

    Every experience gets ``task_labels`` (a list) and, where there is a single one,
    ``task_label``. Experiences that have them already keep theirs. Nothing given is changed.

    Args:
        obj: a benchmark, a stream or an experience, whose datasets have task labels.

    Raises:
        ValueError: if the datasets have no task labels.

    Example:
        >>> import torch
        >>> from avalanche.benchmarks import benchmark_from_datasets
        >>> from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
        >>> data = _make_taskaware_tensor_classification_dataset(
        ...     torch.randn(2, 3), torch.tensor([0, 1]), task_labels=[4, 4])
        >>> with_task_labels(benchmark_from_datasets(train=[data])).train_stream[0].task_label
        4
    """
    if isinstance(obj, CLScenario):
        streams = [with_task_labels(stream) for stream in obj.streams.values()]
        return DerivedScenario(streams, obj)
    if isinstance(obj, CLExperience):
        return _labelled(obj, 0)
    _look_at_first(obj, _check_labels)
    return map_stream(obj, _labelled)


def task_incremental_benchmark(bm: CLScenario, reset_task_labels: bool = False) -> CLScenario:
    """The same benchmark with task label i for experience i, in every stream.

    Args:
        bm: the benchmark; it is not changed.
        reset_task_labels: whether task labels that the data has already are replaced.

    Raises:
        ValueError: if the data has task labels and ``reset_task_labels`` is False.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> from avalanche.benchmarks import class_incremental_benchmark
        >>> data = TensorDataset(torch.randn(4, 2), torch.arange(4))
        >>> bm = class_incremental_benchmark({"train": data, "test": data}, num_experiences=2)
        >>> [e.task_label for e in task_incremental_benchmark(bm).train_stream]
        [0, 1]
    """

    streams = []
    for stream in bm.streams.values():
        _look_at_first(stream, partial(_check_none, reset_task_labels))
        streams.append(map_stream(stream, partial(_relabelled, reset_task_labels)))
    return TaskIncrementalScenario(streams, bm)


def _check_none(reset: bool, experience: Any) -> None:
    if has_task_labels(experience.dataset) and not reset:
        raise ValueError(
            "task_incremental_benchmark: the data has task labels already; pass "
            "reset_task_labels=True to replace them"
        )


def _relabelled(reset: bool, experience: Any, number: int) -> Any:
    make = partial(_relabelled_data, reset, experience, number)
    return with_labels(with_dataset(experience, make), [number])


def _relabelled_data(reset: bool, experience: Any, number: int) -> Any:
    _check_none(reset, experience)
    return _with_label(experience.dataset, number)


class TaskIncrementalScenario(DerivedScenario):
    """A benchmark with one task per experience.

    Args:
        streams: the streams.
        original: the benchmark that they come from.
    """

    @property
    def task_labels(self) -> list[list[int]]:
        """Task labels of every experience of the train stream."""
        return [[i] for i in range(len(self.train_stream))]


def _with_label(dataset: Any, label: int) -> Any:
    if "targets" in getattr(dataset, "data_attributes", {}):
        return _make_taskaware_classification_dataset(dataset, task_labels=label)
    column = TaskLabels(ConstantSequence(label, len(dataset)))
    return dataset.update_data_attribute("targets_task_labels", column)


def _labelled(experience: Any, number: int) -> Any:
    other = experience._copy()
    if not experience._knows("task_labels"):
        other.task_labels = DeferredAttribute(_LabelsOf(experience), True, True)
        other.task_label = DeferredAttribute(_SingleLabelOf(experience), True, True)
    return other


class _LabelsOf:
    """Reads the task labels of an experience's data."""

    def __init__(self, experience: Any) -> None:
        self._experience = experience

    def __call__(self) -> Any:
        _check_labels(self._experience)
        return sorted(self._experience.dataset.targets_task_labels.uniques)


class _SingleLabelOf(_LabelsOf):
    """Reads the only task label of an experience's data."""

    def __call__(self) -> Any:
        labels = super().__call__()
        if len(labels) != 1:
            raise AttributeError(
                f"task_label: the experience has the task labels {labels}, not one; "
                "read task_labels"
            )
        return labels[0]


def _check_labels(experience: Any) -> None:
    if not has_task_labels(experience.dataset):
        raise ValueError(
            "with_task_labels: the dataset of an experience has no task labels; make it with "
            "as_taskaware_classification_dataset, or use task_incremental_benchmark"
        )


def _look_at_first(stream: Any, check: Any) -> None:
    """Fail early: look at the first experience of a stream that can be read by position."""
    if isinstance(stream, SequenceCLStream) and len(stream):
        check(stream[0])
