"""New samples of the same classes in every experience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..utils import (
    ConstantSequence,
    TaskAwareSupervisedClassificationDataset,
    TaskLabels,
)
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .class_labels import with_whole_labels
from .classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
)
from .defined_streams import ExperienceFactory, StreamFactory
from .instance_assignment import assign_instances, check_assignment
from .stream_definitions import ExperienceData

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py


class NIExperience(ClassificationExperience):
    """An experience of :class:`NIScenario`."""


class NIStream(ClassificationStream):
    """A stream of :class:`NIScenario`."""


class NIScenario(ClassificationScenario):
    """Samples are dealt out over the experiences, whatever their class.

    The test stream has one experience, with all test samples. The same seed gives the same
    samples in the same order as avalanche-lib 0.6.

    Args:
        train_dataset: training data with targets.
        test_dataset: test data with targets.
        n_experiences: number of experiences of the train stream.
        task_labels: whether experience i has task label i; otherwise all have 0. The test
            experience has 0.
        shuffle: whether samples are dealt out in random order; otherwise in the data's order.
        seed: of that order. None draws from torch's global generator, so that
            ``torch.manual_seed`` decides; with a seed that generator is not touched.
        balance_experiences: whether every experience gets the same share of every class.
        min_class_patterns_in_exp: least number of samples of every class in every experience.
        fixed_exp_assignment: the positions in the training data of every experience's samples.
        reproducibility_data: what :meth:`get_reproducibility_data` gave, to repeat a split.

    Raises:
        ValueError: if the numbers do not fit together or positions repeat or do not exist.

    Attributes:
        train_exps_patterns_assignment: positions in the training data of every experience's
            samples.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.arange(6.0), torch.tensor([0, 0, 0, 1, 1, 1]))
        >>> benchmark = NIScenario(data, data, 3, seed=1, balance_experiences=True)
        >>> benchmark.exp_structure
        [[1, 1], [1, 1], [1, 1]]
    """

    _stream_type: ClassVar[StreamFactory] = NIStream
    _experience_type: ClassVar[ExperienceFactory] = NIExperience

    def __init__(
        self,
        train_dataset: Any,
        test_dataset: Any,
        n_experiences: int,
        task_labels: bool = False,
        shuffle: bool = True,
        seed: int | None = None,
        balance_experiences: bool = False,
        min_class_patterns_in_exp: int = 0,
        fixed_exp_assignment: Sequence[Sequence[int]] | None = None,
        reproducibility_data: Mapping[str, Any] | None = None,
    ) -> None:
        train = with_whole_labels(_make_taskaware_classification_dataset(train_dataset)).train()
        test = with_whole_labels(_make_taskaware_classification_dataset(test_dataset)).eval()
        self._has_task_labels = task_labels
        if reproducibility_data is not None:
            if "exps_patterns_assignment" not in reproducibility_data:
                raise ValueError(
                    f"reproducibility_data={sorted(reproducibility_data)}: lacks "
                    "'exps_patterns_assignment'; pass what get_reproducibility_data() gave"
                )
            fixed_exp_assignment = reproducibility_data["exps_patterns_assignment"]
            self._has_task_labels = bool(reproducibility_data.get("has_task_labels", task_labels))
            n_experiences = len(reproducibility_data["exps_patterns_assignment"])
        if fixed_exp_assignment is not None:
            assignment = check_assignment(fixed_exp_assignment, n_experiences, len(train))
        else:
            generator = None if seed is None else torch.Generator().manual_seed(int(seed))
            assignment = assign_instances(
                train.targets.groups,
                n_experiences,
                shuffle,
                generator,
                balance_experiences,
                min_class_patterns_in_exp,
            )
        self._assignment = assignment
        self._classes = sorted(train.targets.uniques)
        everything = [torch.arange(len(test))]
        super().__init__(
            stream_definitions={
                "train": (NIData(train, assignment, self._has_task_labels), None, train),
                "test": (NIData(test, everything, False), None, test),
            },
            complete_test_set_only=True,
        )

    @property
    def n_classes(self) -> int:
        """Number of classes of the training data."""
        return len(self._classes)

    @property
    def train_exps_patterns_assignment(self) -> list[list[int]]:
        """Positions in the training data of every experience's samples."""
        return [positions.tolist() for positions in self._assignment]

    @property
    def exp_structure(self) -> list[list[int]]:
        """Number of samples of every class (ascending) in every experience."""
        targets = self.original_train_dataset.targets.values
        rank = torch.searchsorted(torch.tensor(self._classes), targets)
        size = len(self._classes)
        return [torch.bincount(rank[p], minlength=size).tolist() for p in self._assignment]

    @property
    def n_patterns_per_class(self) -> list[int]:
        """Number of samples of every class (ascending) that the experiences have together."""
        return [sum(counts) for counts in zip(*self.exp_structure, strict=True)]

    @property
    def n_patterns_per_experience(self) -> list[int]:
        """Number of samples of every experience."""
        return [len(positions) for positions in self._assignment]

    def get_reproducibility_data(self) -> dict[str, Any]:
        """What repeats the split: pass it as ``reproducibility_data``. Plain values only."""
        return {
            "exps_patterns_assignment": self.train_exps_patterns_assignment,
            "has_task_labels": self._has_task_labels,
        }


class NIData(ExperienceData):
    """The samples of every experience of a stream of :class:`NIScenario`.

    Args:
        whole: all samples of the stream.
        assignment: positions of every experience's samples.
        task_labels: whether experience i has task label i.
    """

    def __init__(
        self,
        whole: TaskAwareSupervisedClassificationDataset,
        assignment: Sequence[Tensor],
        task_labels: bool,
    ) -> None:
        self._whole = whole
        self._assignment = assignment
        self._has_task_labels = task_labels

    def __len__(self) -> int:
        return len(self._assignment)

    def task_labels(self, exp_id: int) -> list[int]:
        return [exp_id if self._has_task_labels else 0]

    def classes(self, exp_id: int) -> list[int]:
        return [int(c) for c in self._whole.targets.values[self._assignment[exp_id]].unique()]

    def dataset(self, exp_id: int) -> TaskAwareSupervisedClassificationDataset:
        found = self._whole.subset(self._assignment[exp_id])
        labels = TaskLabels(ConstantSequence(self.task_labels(exp_id)[0], len(found)))
        return found.update_data_attribute("targets_task_labels", labels)
