"""Endless-CL-Sim: a simulated street whose classes, light or weather change step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import Compose, ToTensor

from ..datasets.endless_cl_sim import SCENARIOS, EndlessCLSimDataset
from ..scenarios import DatasetScenario, dataset_benchmark
from ..utils import AvalancheDataset, TransformGroups
from ..utils.classification_dataset import _make_taskaware_classification_dataset

__all__ = ["EndlessCLSim"]

Transform = Callable[[Any], Any] | None

_default_transform = Compose([ToTensor()])


def EndlessCLSim(
    *,
    scenario: str = "Classes",
    patch_size: int | tuple[int, int] = 64,
    sequence_order: Sequence[int] | None = None,
    task_order: Sequence[int] | None = None,
    train_transform: Transform = _default_transform,
    eval_transform: Transform = _default_transform,
    dataset_root: str | Path | None = None,
    semseg: bool = False,
) -> DatasetScenario:
    """Endless-CL-Sim, one sequence per experience, in training and in test.

    Args:
        scenario: what changes: ``Classes``, ``Illumination`` or ``Weather``.
        patch_size: side of the image patches in pixels; for videos ``(width, height)``.
        sequence_order: numbers of the sequences, in the order of the experiences; may leave out
            some. All in their own order by default.
        task_order: the task label of every experience; by default experience i has task label i.
        train_transform: applied to training images; a ``ToTensor()`` by default.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the release; see
            :mod:`avalanche.benchmarks.datasets.endless_cl_sim`. Missing files are downloaded.
        semseg: video frames with a label per pixel, ``(image, labels)`` samples without task
            label; otherwise patches to classify.

    Raises:
        ValueError: if an argument is unknown or of a wrong length, or a file is damaged.
        RuntimeError: if files are missing and can't be downloaded.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario={scenario!r}: expected one of {', '.join(SCENARIOS)}")
    data = EndlessCLSimDataset(
        dataset_root, scenario=scenario, patch_size=patch_size, semseg=semseg
    )
    order = _order(sequence_order, len(data))
    labels = list(range(len(order))) if task_order is None else [int(t) for t in task_order]
    if len(labels) != len(order):
        raise ValueError(
            f"task_order={labels}: expected {len(order)} task labels, one per experience"
        )
    halves: list[list[Any]] = [[data[i][half] for i in order] for half in (0, 1)]
    if semseg:
        groups = TransformGroups({"train": train_transform, "eval": eval_transform})
        streams = {
            name: ([AvalancheDataset(d, transform_groups=groups) for d in made], labels)
            for name, made in zip(("train", "test"), halves, strict=True)
        }
        return DatasetScenario(stream_definitions=streams)
    train, test = (
        [
            _make_taskaware_classification_dataset(d, task_labels=t)
            for d, t in zip(made, labels, strict=True)
        ]
        for made in halves
    )
    return dataset_benchmark(
        train, test, train_transform=train_transform, eval_transform=eval_transform
    )


def _order(sequence_order: Sequence[int] | None, n_sequences: int) -> list[int]:
    if sequence_order is None:
        return list(range(n_sequences))
    order = [int(i) for i in sequence_order]
    if not order or len(set(order)) != len(order) or not set(order) <= set(range(n_sequences)):
        raise ValueError(
            f"sequence_order={order}: expected different numbers from 0 to {n_sequences - 1}"
        )
    return order
