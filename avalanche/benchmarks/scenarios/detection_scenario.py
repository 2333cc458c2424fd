"""Benchmarks of object detection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import torch

from ..utils import as_avalanche_dataset
from .classification_scenario import ClassificationExperience
from .defined_streams import (
    ClassesTimelineCLScenario,
    ExperienceFactory,
    FactoryBasedStream,
    StreamFactory,
)

__all__ = ["DetectionCLScenario", "DetectionExperience", "DetectionScenario", "DetectionStream"]


class DetectionExperience(ClassificationExperience):
    """An experience of images with boxes; its classes are those of the boxes."""


class DetectionStream(FactoryBasedStream):
    """A stream of a :class:`DetectionScenario`."""


class DetectionScenario(ClassesTimelineCLScenario):
    """A benchmark of object detection, described by the datasets of its streams.

    Every dataset has ``targets``, one dictionary per image with at least ``labels``, the classes
    of its boxes.

    Args:
        stream_definitions: streams by name, ``train`` and ``test`` at least; see
            :class:`StreamUserDef`.
        n_classes: number of classes; by default one more than the largest label.
        stream_factory: makes a stream of ``(name, benchmark)``.
        experience_factory: makes an experience of ``(stream, number)``.
        complete_test_set_only: whether the test stream must be one experience.

    Raises:
        ValueError: if a stream is missing or badly described, or targets have no labels.

    Example:
        >>> from torch.utils.data import Dataset
        >>> class Boxes(Dataset):
        ...     def __init__(self, labels):
        ...         self.targets = [{"labels": torch.tensor(own)} for own in labels]
        ...     def __len__(self):
        ...         return len(self.targets)
        ...     def __getitem__(self, i):
        ...         return torch.zeros(3, 4, 4), self.targets[i]
        >>> data = [Boxes([[1, 2], [1]]), Boxes([[3]])]
        >>> benchmark = DetectionScenario(stream_definitions={"train": (data,), "test": (data,)})
        >>> [e.classes_in_this_experience for e in benchmark.train_stream], benchmark.n_classes
        ([[1, 2], [3]], 4)
    """

    _stream_type: ClassVar[StreamFactory] = DetectionStream
    _experience_type: ClassVar[ExperienceFactory] = DetectionExperience

    def __init__(
        self,
        stream_definitions: Mapping[str, Any],
        n_classes: int | None = None,
        stream_factory: StreamFactory | None = None,
        experience_factory: ExperienceFactory | None = None,
        complete_test_set_only: bool = False,
    ) -> None:
        self._n_classes = n_classes
        super().__init__(
            stream_definitions=stream_definitions,
            stream_factory=stream_factory,
            experience_factory=experience_factory,
            complete_test_set_only=complete_test_set_only,
        )

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        if self._n_classes is None:
            labels = [c for sets in self.classes_in_experience.values() for s in sets for c in s]
            self._n_classes = max(labels, default=-1) + 1
        return self._n_classes

    def _prepare(self, stream: str) -> Callable[[Any, list[int] | None], Any]:
        group = "train" if stream == "train" else "eval"

        def prepare(dataset: Any, labels: list[int] | None) -> Any:
            made = as_avalanche_dataset(dataset)
            if "targets" not in made.data_attributes and hasattr(dataset, "targets"):
                made = made.update_data_attribute("targets", list(dataset.targets))
            return made.with_transforms(group) if made.current_group in {"train", "eval"} else made

        return prepare

    @staticmethod
    def _dataset_classes(dataset: Any) -> set[int]:
        return detected_classes(dataset.targets)


DetectionCLScenario = DetectionScenario


def detected_classes(targets: Iterable[Any]) -> set[int]:
    """The classes of the boxes of some images.

    Raises:
        ValueError: if a target has no ``labels``.
    """
    found: set[int] = set()
    for position, target in enumerate(targets):
        if not isinstance(target, Mapping) or "labels" not in target:
            raise ValueError(
                f"targets[{position}]={type(target).__name__}: expected a dictionary with 'labels',"
                " the class of every box, and 'boxes'"
            )
        found.update(torch.as_tensor(target["labels"]).flatten().tolist())
    return found
