"""What the experiences of a stream are made of: the seam between data and streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, overload

import numpy as np
from torch import Tensor

from ..utils import AvalancheDataset, as_avalanche_dataset
from .lazy_dataset_sequence import LazyDatasetSequence


class ExperienceData(Sequence[Any], ABC):
    """The contents of the experiences of one stream, by number; worked out on request.

    It reads as a sequence of datasets.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Number of experiences."""

    @abstractmethod
    def dataset(self, exp_id: int) -> Any:
        """The samples of one experience."""

    @abstractmethod
    def task_labels(self, exp_id: int) -> list[int]:
        """The task labels of one experience, each once."""

    @abstractmethod
    def classes(self, exp_id: int) -> list[int]:
        """The class labels of one experience, in order."""

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self.dataset(i) for i in range(len(self))[index]]
        return self.dataset(range(len(self))[index])


class StreamUserDef(NamedTuple):
    """A stream as a user describes it; a plain tuple of the same order serves as well.

    Args:
        exps_data: the datasets of the experiences; a single dataset; or ``(generator, length)``
            of a stream whose datasets are made when they are needed.
        exps_task_labels: task label, or several, of every experience; by default those that the
            datasets have, else 0. Needed for a generator.
        origin_dataset: the dataset that the experiences come from, if there is one.
        is_lazy: whether ``exps_data`` is a generator; found out by default.
    """

    exps_data: Any
    exps_task_labels: Any = None
    origin_dataset: Any = None
    is_lazy: bool | None = None


@dataclass(frozen=True)
class StreamDef:
    """A stream as a benchmark keeps it.

    Args:
        exps_data: the contents of the experiences.
        exps_task_labels: the task labels of every experience, read on request.
        origin_dataset: the dataset that the experiences come from, or None.
        is_lazy: whether datasets are made by a generator.
    """

    exps_data: ExperienceData
    exps_task_labels: Sequence[Sequence[int]]
    origin_dataset: Any
    is_lazy: bool


TStreamsUserDict: TypeAlias = Mapping[str, Any]
"""Streams by name, each a :class:`StreamUserDef` or a tuple like it."""

Classes: TypeAlias = Callable[[Any], Iterable[int]]


class DatasetSequence(ExperienceData):
    """Experiences made of given datasets, or of those of a generator.

    Args:
        datasets: the datasets; a :class:`LazyDatasetSequence` for a generator.
        labels: task labels of every experience; None to ask the datasets.
        prepare: turns a dataset into what experiences show.
        classes: the classes of a dataset.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        labels: Sequence[Sequence[int]] | None,
        prepare: Callable[[Any, list[int] | None], Any],
        classes: Classes,
    ) -> None:
        self._datasets = datasets
        self._labels = labels
        self._prepare = prepare
        self._find_classes = classes
        self._prepared: dict[int, Any] = {}
        self._classes: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._datasets)

    def dataset(self, exp_id: int) -> Any:
        given = self._datasets[exp_id]
        if exp_id not in self._prepared:
            labels = None if self._labels is None else list(self._labels[exp_id])
            self._prepared[exp_id] = self._prepare(given, labels)
        return self._prepared[exp_id]

    def task_labels(self, exp_id: int) -> list[int]:
        if self._labels is not None:
            return list(self._labels[exp_id])
        found = self.dataset(exp_id).data_attributes.get("targets_task_labels")
        return [0] if found is None else sorted(found.uniques)

    def classes(self, exp_id: int) -> list[int]:
        if exp_id not in self._classes:
            self._classes[exp_id] = sorted(self._find_classes(self.dataset(exp_id)))
        return list(self._classes[exp_id])

    def drop_previous(self, to_exp: int) -> None:
        """Let go of the generated datasets up to ``to_exp``, which is included."""
        if isinstance(self._datasets, LazyDatasetSequence):
            self._datasets.drop_previous_experiences(to_exp)
            for exp_id in [i for i in self._prepared if i <= to_exp]:
                del self._prepared[exp_id]


class LabelsOf(Sequence[Sequence[int]]):
    """The task labels of the experiences of a stream, read on request."""

    def __init__(self, data: ExperienceData) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._data.task_labels(i) for i in range(len(self))[index]]
        return self._data.task_labels(range(len(self))[index])


def define_stream(
    name: str,
    given: Any,
    prepare: Callable[[Any, list[int] | None], Any],
    classes: Classes,
) -> StreamDef:
    """Check a user's description of a stream.

    Args:
        name: the stream's name, for messages.
        given: a :class:`StreamDef`, a :class:`StreamUserDef`, a tuple like it, or
            :class:`ExperienceData`.
        prepare: turns ``(dataset, task labels or None)`` into what experiences show.
        classes: the classes of a dataset.

    Raises:
        ValueError: if it is no such description, or the number of task labels is wrong.
        TypeError: if something given as a dataset is none.
    """
    if isinstance(given, StreamDef):
        return given
    if isinstance(given, ExperienceData):
        return StreamDef(given, LabelsOf(given), None, False)
    if not isinstance(given, tuple) or not 1 <= len(given) <= 4:
        raise ValueError(
            f"stream_definitions[{name!r}]={type(given).__name__}: expected a StreamUserDef or a "
            "tuple of 1 to 4 elements, such as ([dataset_0, dataset_1], task_labels); put the "
            "datasets into a tuple: ([...],)"
        )
    user = StreamUserDef(*given)
    if isinstance(user.exps_data, ExperienceData):
        data = user.exps_data
        return StreamDef(data, LabelsOf(data), user.origin_dataset, bool(user.is_lazy))
    datasets, is_lazy = _datasets(name, user)
    labels = _labels(name, user.exps_task_labels, len(datasets))
    if is_lazy and labels is None:
        raise ValueError(
            f"stream_definitions[{name!r}]: exps_task_labels=None with a generator; pass the task "
            f"labels of its {len(datasets)} experiences, for instance [0] * {len(datasets)}"
        )
    sequence = DatasetSequence(datasets, labels, prepare, classes)
    return StreamDef(sequence, LabelsOf(sequence), user.origin_dataset, is_lazy)


def _datasets(name: str, user: StreamUserDef) -> tuple[Sequence[Any], bool]:
    data = user.exps_data
    if isinstance(data, LazyDatasetSequence):
        return data, True
    if isinstance(data, tuple) and len(data) == 2 and isinstance(data[1], int):
        return LazyDatasetSequence(*data), True
    if user.is_lazy:
        raise ValueError(
            f"stream_definitions[{name!r}]: is_lazy=True with {type(data).__name__}; pass "
            "(generator, number of experiences)"
        )
    if not isinstance(data, (list, tuple)):
        if not hasattr(data, "__getitem__"):
            raise ValueError(
                f"stream_definitions[{name!r}]: {type(data).__name__} is neither a list of "
                "datasets nor a dataset; for a generator pass (generator, number of experiences)"
            )
        data = [data]
    return list(data), False


def _labels(name: str, given: Any, length: int) -> list[list[int]] | None:
    if given is None:
        return None
    labels = [_label_list(value) for value in given]
    if len(labels) != length:
        raise ValueError(
            f"stream_definitions[{name!r}]: {len(labels)} task labels for {length} experiences; "
            "expected one entry per experience"
        )
    return labels


def _label_list(given: Any) -> list[int]:
    """The task labels of an experience: one number, or several, of any kind."""
    if isinstance(given, (Tensor, np.ndarray)):
        given = given.tolist()
    several = given if isinstance(given, Iterable) else [given]
    return sorted(int(label) for label in several)


def plain_dataset(dataset: Any, labels: list[int] | None) -> AvalancheDataset:
    """What experiences of any dataset show."""
    return as_avalanche_dataset(dataset)
