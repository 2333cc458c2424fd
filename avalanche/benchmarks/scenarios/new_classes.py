"""New classes in every experience: class-incremental and task-incremental benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar

import torch

from ..utils import (
    ConstantSequence,
    DefaultTransformGroups,
    TaskAwareSupervisedClassificationDataset,
    TaskLabels,
    TransformGroups,
)
from ..utils.classification_dataset import _make_taskaware_classification_dataset, map_classes
from ..utils.transforms import MapClasses
from .class_labels import check_known, with_whole_labels
from .class_order import class_order, classes_per_experience
from .classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
)
from .defined_streams import ExperienceFactory, StreamFactory
from .stream_definitions import ExperienceData

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py


class NCExperience(ClassificationExperience):
    """An experience of :class:`NCScenario`."""


class NCStream(ClassificationStream):
    """A stream of :class:`NCScenario`."""


class NCScenario(ClassificationScenario):
    """Classes are dealt out over the experiences; each class occurs in one of them only.

    Nothing but the class order is worked out before it is asked for. The same seed gives the
    same classes, and the same samples in the same order, as avalanche-lib 0.6.

    Args:
        train_dataset: training data with targets.
        test_dataset: test data with targets.
        n_experiences: number of experiences; must divide the number of classes, but for those
            that ``per_experience_classes`` assigns.
        task_labels: whether experience i has task label i; otherwise all have 0.
        shuffle: whether the order of classes is random; otherwise ascending.
        seed: of the class order. Without one it is drawn from torch's global generator.
        fixed_class_order: the order itself; may leave out classes, whose samples are not used.
        per_experience_classes: number of classes of some experiences, by experience.
        class_ids_from_zero_from_first_exp: whether classes get new labels 0, 1, ... in the order
            in which they come.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        reproducibility_data: what :meth:`get_reproducibility_data` gave, to repeat a split.

    Raises:
        ValueError: if the numbers do not fit together, classes repeat or do not exist.

    Attributes:
        n_classes: number of classes that are used.
        classes_order: labels (new ones, if changed) in order of appearance.
        classes_order_original_ids: the same with the data's own labels.
        n_classes_per_exp: number of classes of every experience.
        original_classes_in_exp: the data's own labels in every experience.
        class_mapping: new label of every original label, -1 if unused.
    """

    _stream_type: ClassVar[StreamFactory] = NCStream
    _experience_type: ClassVar[ExperienceFactory] = NCExperience

    def __init__(
        self,
        train_dataset: Any,
        test_dataset: Any,
        n_experiences: int,
        task_labels: bool,
        shuffle: bool = True,
        seed: int | None = None,
        fixed_class_order: Sequence[int] | None = None,
        per_experience_classes: Mapping[int, int] | None = None,
        class_ids_from_zero_from_first_exp: bool = False,
        class_ids_from_zero_in_each_exp: bool = False,
        reproducibility_data: Mapping[str, Any] | None = None,
    ) -> None:
        if class_ids_from_zero_from_first_exp and class_ids_from_zero_in_each_exp:
            raise ValueError(
                "class_ids_from_zero_from_first_exp=True and class_ids_from_zero_in_each_exp=True"
                ": expected at most one of them; labels start at 0 once or in every experience"
            )
        train = _taskaware(train_dataset).train()
        test = _taskaware(test_dataset).eval()
        self.class_ids_from_zero_from_first_exp = class_ids_from_zero_from_first_exp
        self.class_ids_from_zero_in_each_exp = class_ids_from_zero_in_each_exp
        self._has_task_labels = task_labels
        known = sorted(train.targets.uniques)
        if reproducibility_data is not None:
            order, counts = self._repeat(reproducibility_data)
        else:
            order = class_order(known, shuffle, seed, fixed_class_order)
            if fixed_class_order is None:
                check_known("test_dataset", test, known)
            counts = classes_per_experience(len(order), n_experiences, per_experience_classes)
        self.classes_order_original_ids: list[int] = order
        self.n_classes_per_exp: list[int] = counts
        self._starts = [0, *accumulate(counts)]
        self._label_of = self._new_labels(known)
        renamed = self.class_ids_from_zero_from_first_exp or self.class_ids_from_zero_in_each_exp
        mapping = DefaultTransformGroups((None, MapClasses(self.class_mapping)))
        data = {
            name: NCData(self, whole, mapping if renamed else None)
            for name, whole in (("train", train), ("test", test))
        }
        super().__init__(
            stream_definitions={
                "train": (data["train"], None, train),
                "test": (data["test"], None, test),
            }
        )

    def _repeat(self, recorded: Mapping[str, Any]) -> tuple[list[int], list[int]]:
        """Class order and counts of an earlier split; takes over its other choices too."""
        missing = {"classes_order_original_ids", "n_classes_per_exp"} - set(recorded)
        if missing:
            raise ValueError(
                f"reproducibility_data={sorted(recorded)}: lacks {sorted(missing)}; pass what "
                "get_reproducibility_data() of such a benchmark gave"
            )
        for name in ("class_ids_from_zero_from_first_exp", "class_ids_from_zero_in_each_exp"):
            setattr(self, name, bool(recorded.get(name, getattr(self, name))))
        self._has_task_labels = bool(recorded.get("has_task_labels", self._has_task_labels))
        return list(recorded["classes_order_original_ids"]), list(recorded["n_classes_per_exp"])

    def _new_labels(self, known: list[int]) -> dict[int, int]:
        order = self.classes_order_original_ids
        if self.class_ids_from_zero_from_first_exp:
            return {label: position for position, label in enumerate(order)}
        if self.class_ids_from_zero_in_each_exp:
            return {
                order[start + k]: k
                for start, count in zip(self._starts, self.n_classes_per_exp, strict=False)
                for k in range(count)
            }
        return {label: label for label in known}

    @property
    def n_classes(self) -> int:
        """Number of classes that are used."""
        return len(self.classes_order_original_ids)

    @property
    def classes_order(self) -> list[int]:
        """Labels in order of appearance."""
        return [self._label_of[label] for label in self.classes_order_original_ids]

    @property
    def class_mapping(self) -> list[int]:
        """New label of every original label from 0 to the largest, -1 if it is not used."""
        largest = max([*self._label_of, *self.classes_order_original_ids])
        return [self._label_of.get(label, -1) for label in range(largest + 1)]

    @property
    def original_classes_in_exp(self) -> list[set[int]]:
        """The data's own labels in every experience."""
        return [set(self.original_classes(i)) for i in range(self.n_experiences)]

    def original_classes(self, exp_id: int) -> list[int]:
        """The data's own labels in one experience, in order of appearance."""
        return self.classes_order_original_ids[self._starts[exp_id] : self._starts[exp_id + 1]]

    def classes_in_exp_range(self, exp_start: int, exp_end: int | None = None) -> list[int]:
        """Labels of the experiences from ``exp_start`` up to, not including, ``exp_end``.

        Without an end, labels of all experiences from ``exp_start`` on.
        """
        end = self.n_experiences if exp_end is None else exp_end
        ids = range(self.n_experiences)[exp_start:end]
        data = self.experience_data("train")
        return [label for i in ids for label in data.classes(i)]

    def get_reproducibility_data(self) -> dict[str, Any]:
        """What repeats the split: pass it as ``reproducibility_data``. Plain values only."""
        return {
            "classes_order_original_ids": list(self.classes_order_original_ids),
            "n_classes_per_exp": list(self.n_classes_per_exp),
            "class_ids_from_zero_from_first_exp": self.class_ids_from_zero_from_first_exp,
            "class_ids_from_zero_in_each_exp": self.class_ids_from_zero_in_each_exp,
            "class_mapping": self.class_mapping,
            "classes_order": self.classes_order,
            "n_experiences": self.n_experiences,
            "has_task_labels": self._has_task_labels,
        }

    @property
    def train_exps_patterns_assignment(self) -> list[list[int]]:
        """Positions in the training data of every experience's samples."""
        return [self._positions("train", i).tolist() for i in range(self.n_experiences)]

    @property
    def test_exps_patterns_assignment(self) -> list[list[int]]:
        """Positions in the test data of every experience's samples."""
        return [self._positions("test", i).tolist() for i in range(self.n_experiences)]

    def _positions(self, stream: str, exp_id: int) -> torch.Tensor:
        data = self.experience_data(stream)
        assert isinstance(data, NCData)
        return data.positions(exp_id)


class NCData(ExperienceData):
    """The samples of every experience of a stream of :class:`NCScenario`.

    Args:
        benchmark: says which classes come when, and with which labels.
        whole: all samples of the stream.
        mapping: gives classes their new labels; None where they keep theirs. One object for the
            whole benchmark, so that all experiences share their parts.
    """

    def __init__(
        self,
        benchmark: NCScenario,
        whole: TaskAwareSupervisedClassificationDataset,
        mapping: TransformGroups | None,
    ) -> None:
        self._benchmark = benchmark
        self._whole = whole
        self._mapping = mapping

    def __len__(self) -> int:
        return len(self._benchmark.n_classes_per_exp)

    def task_labels(self, exp_id: int) -> list[int]:
        return [exp_id if self._benchmark._has_task_labels else 0]

    def classes(self, exp_id: int) -> list[int]:
        label_of = self._benchmark._label_of
        return [label_of[label] for label in self._benchmark.original_classes(exp_id)]

    def dataset(self, exp_id: int) -> TaskAwareSupervisedClassificationDataset:
        found = self._whole.subset(self.positions(exp_id))
        if self._mapping is not None:
            found = map_classes(found, self._mapping)
        labels = TaskLabels(ConstantSequence(self.task_labels(exp_id)[0], len(found)))
        return found.update_data_attribute("targets_task_labels", labels)

    def positions(self, exp_id: int) -> torch.Tensor:
        """Samples of an experience, class by class.

        The classes of one experience follow each other in the order of a Python set of them, as
        in avalanche-lib 0.6: with the same seed, sample k of an experience is the same sample.
        """
        groups = self._whole.targets.groups
        classes = set(self._benchmark.original_classes(exp_id))
        pieces = [groups[label] for label in classes if label in groups]
        return torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.int64)


def _taskaware(dataset: Any) -> TaskAwareSupervisedClassificationDataset:
    made: Any = dataset
    if not isinstance(dataset, TaskAwareSupervisedClassificationDataset):
        made = _make_taskaware_classification_dataset(dataset)
    whole: TaskAwareSupervisedClassificationDataset = with_whole_labels(made)
    return whole
