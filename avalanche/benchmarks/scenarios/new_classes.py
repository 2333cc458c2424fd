"""New classes in every experience: class-incremental and task-incremental benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

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
from .class_order import class_order, classes_per_experience
from .classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
    ClassLists,
)


class NCExperience(ClassificationExperience):
    """An experience of :class:`NCScenario`."""


class NCStream(ClassificationStream):
    """A stream of :class:`NCScenario`."""

    _experience_type = NCExperience


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
        self.original_train_dataset = _taskaware(train_dataset).train()
        self.original_test_dataset = _taskaware(test_dataset).eval()
        self.class_ids_from_zero_from_first_exp = class_ids_from_zero_from_first_exp
        self.class_ids_from_zero_in_each_exp = class_ids_from_zero_in_each_exp
        self._has_task_labels = task_labels
        known = sorted(self.original_train_dataset.targets.uniques)
        if reproducibility_data is not None:
            order = list(reproducibility_data["classes_order_original_ids"])
            counts = list(reproducibility_data["n_classes_per_exp"])
        else:
            order = class_order(known, shuffle, seed, fixed_class_order)
            counts = classes_per_experience(len(order), n_experiences, per_experience_classes)
        self.classes_order_original_ids: list[int] = order
        self.n_classes_per_exp: list[int] = counts
        self._starts = [sum(counts[:i]) for i in range(len(counts) + 1)]
        self._label_of = self._new_labels(known)
        self._mappings: dict[int, TransformGroups] = {}
        super().__init__([NCStream("train", self), NCStream("test", self)], len(counts))

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
        return [set(self._original_classes(i)) for i in range(self.n_experiences)]

    def _original_classes(self, exp_id: int) -> list[int]:
        return self.classes_order_original_ids[self._starts[exp_id] : self._starts[exp_id + 1]]

    def experience_classes(self, stream: str, exp_id: int) -> list[int]:
        return [self._label_of[label] for label in self._original_classes(exp_id)]

    def get_classes_timeline(self, current_experience: int, stream: str = "train") -> ClassLists:
        order = self.classes_order
        start, end = self._starts[current_experience], self._starts[current_experience + 1]
        lists = (order[start:end], order[:start], order[:end], order[end:])
        return cast(ClassLists, tuple(list(dict.fromkeys(labels)) for labels in lists))

    def experience_task_labels(self, stream: str, exp_id: int) -> list[int]:
        return [exp_id if self._has_task_labels else 0]

    def experience_dataset(
        self, stream: str, exp_id: int
    ) -> TaskAwareSupervisedClassificationDataset:
        data = self.original_train_dataset if stream == "train" else self.original_test_dataset
        found = data.subset(self._positions(data, exp_id))
        if self.class_ids_from_zero_from_first_exp or self.class_ids_from_zero_in_each_exp:
            found = map_classes(found, self._mapping())
        label = self.experience_task_labels(stream, exp_id)[0]
        labels = TaskLabels(ConstantSequence(label, len(found)))
        return found.update_data_attribute("targets_task_labels", labels)

    def _positions(
        self, data: TaskAwareSupervisedClassificationDataset, exp_id: int
    ) -> torch.Tensor:
        """Samples of an experience, class by class.

        The classes of one experience follow each other in the order of a Python set of them, as
        in avalanche-lib 0.6: with the same seed, sample k of an experience is the same sample.
        """
        groups = data.targets.groups
        classes = set(self._original_classes(exp_id))
        pieces = [groups[label] for label in classes if label in groups]
        return torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.int64)

    def _mapping(self) -> TransformGroups:
        """One object for the whole benchmark, so that all experiences share their parts."""
        if not self._mappings:
            self._mappings[0] = DefaultTransformGroups((None, MapClasses(self.class_mapping)))
        return self._mappings[0]

    def classes_in_exp_range(self, exp_start: int, exp_end: int | None = None) -> list[int]:
        """Labels of the experiences from ``exp_start`` up to, not including, ``exp_end``.

        Without an end, labels of all experiences from ``exp_start`` on.
        """
        end = self.n_experiences if exp_end is None else exp_end
        ids = range(self.n_experiences)[exp_start:end]
        return [label for i in ids for label in self.experience_classes("train", i)]

    def get_reproducibility_data(self) -> dict[str, Any]:
        """What repeats the split: pass it as ``reproducibility_data``. Plain values only."""
        return {
            "classes_order_original_ids": list(self.classes_order_original_ids),
            "n_classes_per_exp": list(self.n_classes_per_exp),
        }

    @property
    def train_exps_patterns_assignment(self) -> list[list[int]]:
        """Positions in the training data of every experience's samples."""
        data = self.original_train_dataset
        return [self._positions(data, i).tolist() for i in range(self.n_experiences)]

    @property
    def test_exps_patterns_assignment(self) -> list[list[int]]:
        """Positions in the test data of every experience's samples."""
        data = self.original_test_dataset
        return [self._positions(data, i).tolist() for i in range(self.n_experiences)]


def nc_benchmark(
    train_dataset: Any,
    test_dataset: Any,
    n_experiences: int,
    task_labels: bool,
    *,
    shuffle: bool = True,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    per_exp_classes: Mapping[int, int] | None = None,
    class_ids_from_zero_from_first_exp: bool = False,
    class_ids_from_zero_in_each_exp: bool = False,
    one_dataset_per_exp: bool = False,
    train_transform: Any = None,
    eval_transform: Any = None,
    reproducibility_data: Mapping[str, Any] | None = None,
) -> NCScenario:
    """A benchmark with new classes in every experience.

    Args:
        train_dataset: training data: any dataset of ``(x, y)`` samples.
        test_dataset: test data.
        n_experiences: number of experiences.
        task_labels: whether experience i has task label i (task-incremental); otherwise all
            samples have 0 (class-incremental).
        shuffle: whether the order of classes is random.
        seed: of the class order.
        fixed_class_order: the order itself, instead of ``shuffle`` and ``seed``.
        per_exp_classes: number of classes of some experiences, by experience.
        class_ids_from_zero_from_first_exp: relabel classes 0, 1, ... in order of appearance.
        class_ids_from_zero_in_each_exp: relabel classes from 0 in every experience.
        one_dataset_per_exp: for lists of datasets; not available yet.
        train_transform: applied in group ``train``.
        eval_transform: applied in group ``eval``.
        reproducibility_data: repeats a split, see :class:`NCScenario`.

    Raises:
        ValueError: if the arguments do not fit together.
        NotImplementedError: for lists of datasets.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.randn(8, 3), torch.arange(8) % 4)
        >>> benchmark = nc_benchmark(data, data, 2, False, fixed_class_order=[3, 1, 0, 2])
        >>> [e.classes_in_this_experience for e in benchmark.train_stream]
        [[3, 1], [0, 2]]
    """
    if one_dataset_per_exp or isinstance(train_dataset, (list, tuple)):
        raise NotImplementedError(
            "lists of datasets (one_dataset_per_exp) are not supported yet: pass one dataset, "
            "for instance torch.utils.data.ConcatDataset of yours"
        )
    return NCScenario(
        _taskaware(train_dataset, train_transform, eval_transform),
        _taskaware(test_dataset, train_transform, eval_transform),
        n_experiences,
        task_labels,
        shuffle,
        seed,
        fixed_class_order,
        per_exp_classes,
        class_ids_from_zero_from_first_exp,
        class_ids_from_zero_in_each_exp,
        reproducibility_data,
    )


def _taskaware(
    dataset: Any, train_transform: Any = None, eval_transform: Any = None
) -> TaskAwareSupervisedClassificationDataset:
    groups = None
    if train_transform is not None or eval_transform is not None:
        groups = TransformGroups({"train": train_transform, "eval": eval_transform})
    return _make_taskaware_classification_dataset(dataset, transform_groups=groups)
