"""The same classes in every experience, each time seen differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..utils import (
    ConstantSequence,
    DefaultTransformGroups,
    Part,
    TaskAwareSupervisedClassificationDataset,
    TaskLabels,
    TransformGroups,
)
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .classification_scenario import ClassificationScenario
from .stream_definitions import ExperienceData

Transform = Callable[[Any], Any]


class TransformedScenario(ClassificationScenario):
    """Every experience is all of the data behind a transform of its own.

    The images are stored once: an experience is a view with a frozen transform, applied before
    the ``train`` and ``eval`` transforms.

    Args:
        train_dataset: training data with targets.
        test_dataset: test data with targets.
        transforms: one deterministic transform of the stored image per experience.
        task_labels: whether experience i has task label i; otherwise all have 0.
        prepare: turns the stored image into what user transforms expect; frozen too. One for
            all groups, or one for each.
        train_transform: applied in group ``train``.
        eval_transform: applied in group ``eval``.

    Attributes:
        n_classes: number of classes of the data; every experience has all of them.
    """

    def __init__(
        self,
        train_dataset: Any,
        test_dataset: Any,
        transforms: Sequence[Transform],
        task_labels: bool = False,
        prepare: Transform | TransformGroups | None = None,
        train_transform: Transform | None = None,
        eval_transform: Transform | None = None,
    ) -> None:
        if not transforms:
            raise ValueError("transforms=[]: expected one per experience, at least one")
        train = _make_taskaware_classification_dataset(train_dataset)
        test = _make_taskaware_classification_dataset(test_dataset)
        own = [DefaultTransformGroups(t) for t in transforms]
        if prepare is not None and not isinstance(prepare, TransformGroups):
            prepare = DefaultTransformGroups(prepare)
        after = [] if prepare is None else [prepare]
        user = TransformGroups({"train": train_transform, "eval": eval_transform})
        self._classes = sorted(train.targets.uniques)
        super().__init__(
            stream_definitions={
                name: (TransformedData(data, own, after, user, task_labels, name), None, data)
                for name, data in (("train", train), ("test", test))
            }
        )

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


class TransformedData(ExperienceData):
    """The same data once per experience, behind another transform each time.

    Args:
        data: the data.
        own: the frozen transform of every experience.
        after: frozen transforms after it, the same in all experiences.
        user: transforms of the user.
        task_labels: whether experience i has task label i.
        group: the transform group to start in: ``train`` or another stream's ``eval``.
    """

    def __init__(
        self,
        data: TaskAwareSupervisedClassificationDataset,
        own: Sequence[TransformGroups],
        after: Sequence[TransformGroups],
        user: TransformGroups,
        task_labels: bool,
        group: str,
    ) -> None:
        self._whole = data
        self._own = own
        self._after = after
        self._user = user
        self._has_task_labels = task_labels
        self._group = "train" if group == "train" else "eval"
        self._classes = sorted(data.targets.uniques)

    def __len__(self) -> int:
        return len(self._own)

    def classes(self, exp_id: int) -> list[int]:
        return list(self._classes)

    def task_labels(self, exp_id: int) -> list[int]:
        return [exp_id if self._has_task_labels else 0]

    def dataset(self, exp_id: int) -> TaskAwareSupervisedClassificationDataset:
        view = self._whole._view
        frozen = (self._own[exp_id], *self._after)
        view = view.map_parts(lambda part: self._behind(part, frozen))
        attributes = self._whole.data_attributes
        label = self.task_labels(exp_id)[0]
        attributes["targets_task_labels"] = TaskLabels(ConstantSequence(label, len(self._whole)))
        return self._whole._derive(view, attributes, self._group)

    def _behind(self, part: Part, frozen: Sequence[TransformGroups]) -> Part:
        for group in frozen:
            part = part.then(group, frozen=True)
        return part.then(self._user)
