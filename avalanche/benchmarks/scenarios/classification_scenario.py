"""Benchmarks of classification: experiences with data, task labels and class lists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast

from ..utils import Part, TaskAwareSupervisedClassificationDataset
from .experiences import CLExperience
from .generic_scenario import CLScenario
from .streams import SequenceCLStream

ClassLists = tuple[list[int], list[int], list[int], list[int]]


class ClassificationExperience(CLExperience):
    """An experience with samples of known classes. All of it is worked out when it is read.

    Args:
        origin_stream: the stream.
        current_experience: the id in the stream.
    """

    def __init__(self, origin_stream: Any, current_experience: int) -> None:
        super().__init__(current_experience, origin_stream)
        self._benchmark: ClassificationScenario = origin_stream.benchmark
        self._stream_name: str = origin_stream.name
        self._id = current_experience
        self._dataset: Any = None

    @property
    def dataset(self) -> TaskAwareSupervisedClassificationDataset:
        """The samples; may be replaced on this object, which changes nothing else."""
        if self._dataset is None:
            self._dataset = self._benchmark.experience_dataset(self._stream_name, self._id)
        return cast(TaskAwareSupervisedClassificationDataset, self._dataset)

    @dataset.setter
    def dataset(self, dataset: Any) -> None:
        self._dataset = dataset

    @property
    def benchmark(self) -> ClassificationScenario:
        """The benchmark that the experience belongs to."""
        return self._benchmark

    @property
    def task_labels(self) -> list[int]:
        """The task labels of the samples, each once."""
        return self._benchmark.experience_task_labels(self._stream_name, self._id)

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
    def classes_in_this_experience(self) -> list[int]:
        """Class labels of this experience, in the benchmark's order."""
        return self._benchmark.experience_classes(self._stream_name, self._id)

    @property
    def previous_classes(self) -> list[int]:
        """Class labels of all earlier experiences."""
        return self._timeline[1]

    @property
    def classes_seen_so_far(self) -> list[int]:
        """Class labels of this and all earlier experiences."""
        return self._timeline[2]

    @property
    def future_classes(self) -> list[int]:
        """Class labels of all later experiences."""
        return self._timeline[3]

    @property
    def _timeline(self) -> ClassLists:
        return self._benchmark.get_classes_timeline(self._id, self._stream_name)


class ClassificationStream(SequenceCLStream[ClassificationExperience]):
    """A stream of a :class:`ClassificationScenario`, one fresh experience at a time."""

    def _full_length(self) -> int:
        return cast(ClassificationScenario, self.benchmark).stream_length(self.name)

    def _make_experience(self, exp_id: int) -> ClassificationExperience:
        return self._experience_type(self, exp_id)

    _experience_type: type[ClassificationExperience] = ClassificationExperience


class ClassificationScenario(CLScenario, ABC):
    """A benchmark whose streams are worked out from the data when they are read.

    Subclasses say what an experience of a stream holds; streams and experiences only ask.

    Args:
        streams: the streams, tied to this benchmark.
        n_experiences: experiences of the train stream.
    """

    def __init__(self, streams: list[ClassificationStream], n_experiences: int) -> None:
        self.n_experiences = n_experiences
        for stream in streams:
            stream.benchmark = self
        super().__init__(streams)
        self.train_stream: ClassificationStream
        self.test_stream: ClassificationStream

    @abstractmethod
    def experience_dataset(
        self, stream: str, exp_id: int
    ) -> TaskAwareSupervisedClassificationDataset:
        """The samples of one experience."""

    @abstractmethod
    def experience_task_labels(self, stream: str, exp_id: int) -> list[int]:
        """The task labels of one experience."""

    @abstractmethod
    def experience_classes(self, stream: str, exp_id: int) -> list[int]:
        """The class labels of one experience, in order."""

    def stream_length(self, stream: str) -> int:
        """Number of experiences of a stream."""
        return self.n_experiences

    @property
    def task_labels(self) -> list[list[int]]:
        """Task labels of every experience of the train stream."""
        return [self.experience_task_labels("train", i) for i in range(self.n_experiences)]

    @property
    def classes_in_experience(self) -> dict[str, list[set[int]]]:
        """Classes of every experience, by stream."""
        return {
            name: [set(self.experience_classes(name, i)) for i in range(self.stream_length(name))]
            for name in self.streams
        }

    def get_classes_timeline(self, current_experience: int, stream: str = "train") -> ClassLists:
        """Classes of an experience, and those of its past and future.

        Returns:
            ``(current, previous, seen so far, future)``, each without repetition.
        """
        length = self.stream_length(stream)
        current = self.experience_classes(stream, current_experience)
        previous = self._classes_of(stream, range(current_experience))
        future = self._classes_of(stream, range(current_experience + 1, length))
        return current, previous, list(dict.fromkeys([*previous, *current])), future

    def _classes_of(self, stream: str, exp_ids: range) -> list[int]:
        found: dict[int, None] = {}
        for exp_id in exp_ids:
            found.update(dict.fromkeys(self.experience_classes(stream, exp_id)))
        return list(found)

    def dataset_parts(self) -> Iterator[Part]:
        """Every distinct part that the streams' datasets are made of.

        Checkpoints refer to data by the fingerprints of these parts.
        """
        seen: set[Part] = set()
        for name in self.streams:
            for exp_id in range(self.stream_length(name)):
                for part in self.experience_dataset(name, exp_id).parts:
                    if part not in seen:
                        seen.add(part)
                        yield part
