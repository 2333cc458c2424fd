"""The same classes in every experience, each time seen differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..utils import (
    ConstantSequence,
    DefaultTransformGroups,
    TaskAwareSupervisedClassificationDataset,
    TaskLabels,
    TransformGroups,
)
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .classification_scenario import ClassificationScenario, ClassificationStream


class TransformedScenario(ClassificationScenario):
    """Every experience is all of the data behind a transform of its own.

    The images are stored once: an experience is a view with a frozen transform, applied before
    the ``train`` and ``eval`` transforms.

    Args:
        train_dataset: training data with targets.
        test_dataset: test data with targets.
        transforms: one deterministic transform of the stored image per experience.
        task_labels: whether experience i has task label i; otherwise all have 0.
        prepare: turns the stored image into what user transforms expect; frozen too.
        train_transform: applied in group ``train``.
        eval_transform: applied in group ``eval``.

    Attributes:
        n_classes: number of classes of the data; every experience has all of them.
    """

    def __init__(
        self,
        train_dataset: Any,
        test_dataset: Any,
        transforms: Sequence[Callable[[Any], Any]],
        task_labels: bool = False,
        prepare: Callable[[Any], Any] | None = None,
        train_transform: Callable[[Any], Any] | None = None,
        eval_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if not transforms:
            raise ValueError("transforms=[]: expected one per experience, at least one")
        self.original_train_dataset = _make_taskaware_classification_dataset(train_dataset)
        self.original_test_dataset = _make_taskaware_classification_dataset(test_dataset)
        self._has_task_labels = task_labels
        self._own = [DefaultTransformGroups(t) for t in transforms]
        self._prepare = None if prepare is None else DefaultTransformGroups(prepare)
        self._user = TransformGroups({"train": train_transform, "eval": eval_transform})
        self._classes = sorted(self.original_train_dataset.targets.uniques)
        streams = [ClassificationStream("train", self), ClassificationStream("test", self)]
        super().__init__(streams, len(transforms))

    @property
    def n_classes(self) -> int:
        """Number of classes; the same in every experience."""
        return len(self._classes)

    @property
    def classes_order(self) -> list[int]:
        """The classes, ascending."""
        return list(self._classes)

    @property
    def n_classes_per_exp(self) -> list[int]:
        """Number of classes of every experience."""
        return [self.n_classes] * self.n_experiences

    @property
    def original_classes_in_exp(self) -> list[set[int]]:
        """Classes of every experience."""
        return [set(self._classes) for _ in range(self.n_experiences)]

    def experience_classes(self, stream: str, exp_id: int) -> list[int]:
        return list(self._classes)

    def get_classes_timeline(
        self, current_experience: int, stream: str = "train"
    ) -> tuple[list[int], list[int], list[int], list[int]]:
        every = list(self._classes)
        past = every if current_experience > 0 else []
        future = every if current_experience + 1 < self.n_experiences else []
        return every, list(past), list(every), list(future)

    def experience_task_labels(self, stream: str, exp_id: int) -> list[int]:
        return [exp_id if self._has_task_labels else 0]

    def experience_dataset(
        self, stream: str, exp_id: int
    ) -> TaskAwareSupervisedClassificationDataset:
        train = stream == "train"
        data = self.original_train_dataset if train else self.original_test_dataset
        view = data._view.map_parts(lambda part: part.then(self._own[exp_id], frozen=True))
        if self._prepare is not None:
            prepare = self._prepare
            view = view.map_parts(lambda part: part.then(prepare, frozen=True))
        view = view.map_parts(lambda part: part.then(self._user))
        attributes = data.data_attributes
        label = self.experience_task_labels(stream, exp_id)[0]
        attributes["targets_task_labels"] = TaskLabels(ConstantSequence(label, len(data)))
        return data._derive(view, attributes, "train" if train else "eval")
