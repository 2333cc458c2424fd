"""Benchmarks whose streams are described by their datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, cast

from ..utils import Part
from .class_lists import ClassLists, ClassTimeline
from .dataset_experience import DatasetExperience
from .generic_scenario import CLScenario
from .stream_definitions import ExperienceData, StreamDef, define_stream, plain_dataset
from .streams import SequenceCLStream

StreamFactory = Callable[[str, Any], Any]
ExperienceFactory = Callable[[Any, int], Any]


class FactoryBasedStream(SequenceCLStream[Any]):
    """A stream of a :class:`DatasetScenario`, one fresh experience at a time.

    Args:
        name: the stream's name in the benchmark's definitions.
        benchmark: the benchmark.
        slice_ids: numbers of the experiences, of those of the whole stream; all by default.
        set_stream_info: whether to tie the experiences to this stream.
    """

    def __init__(
        self, name: str, benchmark: Any, *, slice_ids: Any = None, set_stream_info: bool = True
    ) -> None:
        super().__init__(name, benchmark, set_stream_info, slice_ids)

    def _full_length(self) -> int:
        return len(cast(DatasetScenario, self.benchmark).experience_data(self.name))

    def _make_experience(self, exp_id: int) -> Any:
        return self.benchmark.experience_factory(self, exp_id)

    def drop_previous_experiences(self, to_exp: int) -> None:
        """Let go of the generated datasets up to ``to_exp``, included; no effect on others."""
        data = self.benchmark.experience_data(self.name)
        if hasattr(data, "drop_previous"):
            data.drop_previous(range(self._full_length())[to_exp])


class DefinedExperience(DatasetExperience):
    """An experience of a :class:`DatasetScenario`; its dataset is made when it is read.

    Args:
        origin_stream: the stream.
        current_experience: the number in the stream.
    """

    _own_task_labels: list[int] | None = None

    def __init__(self, origin_stream: Any, current_experience: int) -> None:
        super().__init__(dataset=None, current_experience=current_experience)
        self.origin_stream = origin_stream
        self._benchmark: Any = origin_stream.benchmark
        self._stream_name: str = origin_stream.name
        self._id = current_experience
        self._make_dataset = partial(self._data.dataset, current_experience)

    @property
    def dataset(self) -> Any:
        """The samples; may be replaced on this object, which changes nothing else."""
        return super().dataset

    @dataset.setter
    def dataset(self, dataset: Any) -> None:
        self._dataset, self._make_dataset = dataset, None

    @property
    def benchmark(self) -> Any:
        """The benchmark that the experience belongs to."""
        return getattr(self.origin_stream, "benchmark", None) or self._benchmark

    @property
    def task_labels(self) -> list[int]:
        """The task labels of the samples, each once."""
        if self._own_task_labels is not None:
            return list(self._own_task_labels)
        return self._data.task_labels(self._id)

    @property
    def task_label(self) -> int:
        """The task label, where there is a single one.

        Raises:
            ValueError: if the samples have several task labels.
        """
        labels = self.task_labels
        if len(labels) != 1:
            raise ValueError(
                f"task_label: the experience has the task labels {labels}, not one; "
                "read task_labels"
            )
        return labels[0]

    @property
    def _data(self) -> ExperienceData:
        return cast(ExperienceData, self._benchmark.experience_data(self._stream_name))


class DatasetScenario(CLScenario):
    """A benchmark described by the datasets of its streams.

    Args:
        stream_definitions: streams by name, ``train`` and ``test`` at least; see
            :class:`StreamUserDef`.
        stream_factory: makes a stream of ``(name, benchmark)``.
        experience_factory: makes an experience of ``(stream, number)``.
        complete_test_set_only: whether the test stream must be one experience.

    Raises:
        ValueError: if a stream is missing or badly described.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = [TensorDataset(torch.arange(n)) for n in (3, 4)]
        >>> benchmark = DatasetScenario(stream_definitions={"train": (data,), "test": (data,)})
        >>> [len(e.dataset) for e in benchmark.train_stream], benchmark.n_experiences
        ([3, 4], 2)
    """

    _stream_type: ClassVar[StreamFactory] = FactoryBasedStream
    _experience_type: ClassVar[ExperienceFactory] = DefinedExperience

    def __init__(
        self,
        *,
        stream_definitions: Mapping[str, Any],
        stream_factory: StreamFactory | None = None,
        experience_factory: ExperienceFactory | None = None,
        complete_test_set_only: bool = False,
    ) -> None:
        missing = [name for name in ("train", "test") if name not in stream_definitions]
        if missing:
            raise ValueError(
                f"stream_definitions={list(stream_definitions)}: stream {missing[0]!r} is missing;"
                " expected 'train' and 'test', others as you like"
            )
        self._definitions = {
            name: define_stream(name, given, self._prepare(name), self._dataset_classes)
            for name, given in stream_definitions.items()
        }
        self.complete_test_set_only = complete_test_set_only
        self.experience_factory = experience_factory or type(self)._experience_type
        n_test = len(self._definitions["test"].exps_data)
        if complete_test_set_only and n_test != 1:
            raise ValueError(
                f"complete_test_set_only=True: the test stream has {n_test} experiences, expected "
                "one; pass a single test dataset or complete_test_set_only=False"
            )
        factory = stream_factory or type(self)._stream_type
        super().__init__([factory(name, self) for name in self._definitions])

    def _prepare(self, stream: str) -> Callable[[Any, list[int] | None], Any]:
        """Says how a given dataset becomes the one that experiences of ``stream`` show."""
        return plain_dataset

    @staticmethod
    def _dataset_classes(dataset: Any) -> Any:
        """The classes of a dataset."""
        return dataset.targets.uniques

    @property
    def stream_definitions(self) -> dict[str, StreamDef]:
        """The streams' descriptions by name."""
        return dict(self._definitions)

    def experience_data(self, stream: str) -> ExperienceData:
        """What the experiences of a stream are made of."""
        return self._definitions[stream].exps_data

    def stream_length(self, stream: str) -> int:
        """Number of experiences of a stream."""
        return len(self.experience_data(stream))

    @property
    def n_experiences(self) -> int:
        """Number of experiences of the train stream."""
        return self.stream_length("train")

    @property
    def task_labels(self) -> list[list[int]]:
        """Task labels of every experience of the train stream."""
        data = self.experience_data("train")
        return [data.task_labels(i) for i in range(len(data))]

    @property
    def original_train_dataset(self) -> Any:
        """The dataset that the train stream was made from; None if there is no such one."""
        return self._definitions["train"].origin_dataset

    @property
    def original_test_dataset(self) -> Any:
        """The dataset that the test stream was made from; None if there is no such one."""
        return self._definitions["test"].origin_dataset

    def get_reproducibility_data(self) -> dict[str, Any]:
        """What repeats a split that was drawn; nothing was drawn here."""
        return {}

    def dataset_parts(self) -> Iterator[Part]:
        """Every distinct part that the streams' datasets are made of.

        Checkpoints refer to data by the fingerprints of these parts.
        """
        seen: set[Part] = set()
        for definition in self._definitions.values():
            for dataset in definition.exps_data:
                for part in dataset.parts:
                    if part not in seen:
                        seen.add(part)
                        yield part


class ClassesTimelineCLScenario(DatasetScenario):
    """A :class:`DatasetScenario` that knows the classes of its experiences.

    Args:
        stream_definitions: see :class:`DatasetScenario`, as for the rest.
        stream_factory: as there.
        experience_factory: as there.
        complete_test_set_only: as there.
    """

    def __init__(
        self,
        *,
        stream_definitions: Mapping[str, Any],
        stream_factory: StreamFactory | None = None,
        experience_factory: ExperienceFactory | None = None,
        complete_test_set_only: bool = False,
    ) -> None:
        self._timelines: dict[str, ClassTimeline] = {}
        super().__init__(
            stream_definitions=stream_definitions,
            stream_factory=stream_factory,
            experience_factory=experience_factory,
            complete_test_set_only=complete_test_set_only,
        )

    @property
    def classes_in_experience(self) -> dict[str, list[set[int]]]:
        """Classes of every experience, by stream."""
        return {
            name: [set(data.classes(i)) for i in range(len(data))]
            for name, data in ((n, self.experience_data(n)) for n in self._definitions)
        }

    def timeline(self, stream: str) -> ClassTimeline:
        """The classes before, at and after every experience of a stream."""
        if stream not in self._timelines:
            data = self.experience_data(stream)
            self._timelines[stream] = ClassTimeline(partial(_all_classes, data))
        return self._timelines[stream]

    def get_classes_timeline(self, current_experience: int, stream: str = "train") -> ClassLists:
        """Classes of an experience, and those of its past and future.

        Returns:
            ``(current, previous, seen so far, future)``, each without repetition.
        """
        return self.timeline(stream).at(range(self.stream_length(stream))[current_experience])


def _all_classes(data: ExperienceData) -> Iterator[list[int]]:
    return (data.classes(i) for i in range(len(data)))
