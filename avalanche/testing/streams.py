"""Tiny benchmarks of every kind, for tests: learnable, fast, the same every time."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.benchmarks.scenarios import CLExperience, CLScenario, EagerCLStream
from avalanche.benchmarks.utils import (
    _make_taskaware_tensor_classification_dataset,
    as_classification_dataset,
)

__all__ = [
    "CLASSES",
    "FEATURES",
    "STREAMS",
    "class_incremental",
    "domain_incremental",
    "repeated_classes",
    "single_class",
    "task_incremental",
    "without_labels",
]

FEATURES, CLASSES, PER_CLASS = 12, 6, 20


class LabelledExperience(CLExperience):
    """An experience of given data with its class list and, where it has them, task labels."""

    def __init__(self, dataset: Any, task_labels: Sequence[int] | None) -> None:
        super().__init__()
        self.dataset = dataset
        self.classes_in_this_experience = sorted(dataset.targets.uniques)
        if task_labels is not None:
            self.task_labels = list(task_labels)


def _points(classes: Sequence[int], shift: float = 0.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Clouds of points, one for each class: ``(points, FEATURES)`` and ``(points,)``."""
    random = torch.Generator().manual_seed(seed)
    centers = torch.randn(CLASSES, FEATURES, generator=torch.Generator().manual_seed(1)) * 2
    y = torch.tensor(classes).repeat_interleave(PER_CLASS)
    noise = torch.randn(len(y), FEATURES, generator=random)
    return centers[y] + noise + shift, y


def _scenario(
    contents: Sequence[Sequence[int]], labels: bool = True, shifts: Sequence[float] | None = None
) -> CLScenario:
    """Experiences with the given classes; ``labels`` says whether samples carry a task label."""
    streams = []
    for name, seed in (("train", 0), ("test", 100)):
        experiences = []
        for i, classes in enumerate(contents):
            x, y = _points(classes, 0.0 if shifts is None else shifts[i], seed + i)
            if labels:
                data = _make_taskaware_tensor_classification_dataset(x, y, task_labels=[0] * len(y))
                experiences.append(LabelledExperience(data, [0]))
            else:
                plain = _with_targets(x, y)
                experiences.append(LabelledExperience(plain, None))
        streams.append(EagerCLStream(name, experiences))
    return CLScenario(streams)


def _with_targets(x: Tensor, y: Tensor) -> Any:
    data = TensorDataset(x, y)
    data.targets = y  # type: ignore[attr-defined]
    return as_classification_dataset(data)


def _split(task_labels: bool) -> Any:
    train, test = (TensorDataset(*_points(range(CLASSES), seed=s)) for s in (0, 100))
    return nc_benchmark(train, test, 3, task_labels, shuffle=False)


def class_incremental() -> Any:
    """Three experiences of two new classes each, task label 0 everywhere."""
    return _split(False)


def task_incremental() -> Any:
    """Three experiences of two new classes each, with their own task label."""
    return _split(True)


def without_labels() -> CLScenario:
    """Three experiences of two new classes each; samples are pairs, without task label."""
    return _scenario([(0, 1), (2, 3), (4, 5)], labels=False)


def domain_incremental(experiences: int = 3) -> CLScenario:
    """The same classes in every experience, moved a little further each time."""
    return _scenario([(0, 1)] * experiences, shifts=[0.3 * i for i in range(experiences)])


def repeated_classes() -> CLScenario:
    """Classes that come back, together with others."""
    return _scenario([(0, 1), (1, 2, 3), (0, 3)])


def single_class() -> CLScenario:
    """An experience with one class only."""
    return _scenario([(0, 1), (2,), (3, 4)])


STREAMS: tuple[Callable[[], Any], ...] = (
    class_incremental,
    task_incremental,
    without_labels,
    domain_incremental,
    repeated_classes,
    single_class,
)
