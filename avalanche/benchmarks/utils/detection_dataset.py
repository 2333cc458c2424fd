"""Datasets of images with objects in them: targets are dictionaries of boxes and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from .classification_dataset import chained, known_task_labels
from .collate_functions import detection_collate_fn
from .data import AvalancheDataset
from .data_attribute import DataAttribute, task_labels_of
from .targets import find_targets
from .task_set import TaskSet
from .transform_groups import DefaultTransformGroups, TransformGroups, groups_of_options
from .transforms import MapLabels

Collate = Callable[[list[Any]], Any]


class DetectionDataset(AvalancheDataset):
    """Samples ``(image, target, t)`` where ``target`` is a dictionary.

    The target holds at least ``boxes``, float ``(objects, 4)``, and ``labels``, int64
    ``(objects,)``. Batches are made by
    :func:`~avalanche.benchmarks.utils.collate_functions.detection_collate_fn`: images and targets
    stay one entry per sample. Make one with :func:`make_detection_dataset`.
    """

    @classmethod
    def _default_collate(cls) -> Collate:
        return detection_collate_fn

    @property
    def targets(self) -> DataAttribute:
        """The target of every sample; read from the samples, once, if the data has no list."""
        if "targets" not in self._attributes:
            self._attributes["targets"] = DataAttribute(find_targets(self._view), "targets")
        return self._attributes["targets"]

    @property
    def targets_task_labels(self) -> DataAttribute:
        """The task label of every sample; reads like a list of ints."""
        return AvalancheDataset.__getattr__(self, "targets_task_labels")

    @property
    def task_pattern_indices(self) -> dict[int, list[int]]:
        """Positions of the samples of every task."""
        return self.targets_task_labels.val_to_idx

    @property
    def task_set(self) -> TaskSet[DetectionDataset]:
        """The dataset of every task, by task label."""
        return TaskSet(self)


class SupervisedDetectionDataset(DetectionDataset):
    """A detection dataset that is known to have targets; the type that benchmarks give."""


def make_detection_dataset(
    dataset: Any,
    *,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transform_groups: TransformGroups | Mapping[str, Any] | None = None,
    initial_transform_group: str | None = None,
    task_labels: int | Sequence[int] | Tensor | DataAttribute | None = None,
    targets: Sequence[Any] | DataAttribute | None = None,
    collate_fn: Collate | None = None,
) -> SupervisedDetectionDataset:
    """Make a dataset of ``(image, target, t)`` samples.

    Args:
        dataset: data of ``(image, target)`` samples, or an Avalanche dataset.
        transform: applied to the image in every group.
        target_transform: applied to the target in every group.
        transform_groups: transforms per group, instead of the two above. A transform of image and
            target together is a
            :class:`~avalanche.benchmarks.utils.transforms.MultiParamTransform`.
        initial_transform_group: the group to start in; by default the data's, else ``train``.
        task_labels: one for all samples or one per sample; by default those the data has, else 0.
        targets: one dictionary per sample; by default the data's ``targets``, and if it has none,
            they are read from the samples when first asked for.
        collate_fn: makes batches; by default the data's, else
            :func:`~avalanche.benchmarks.utils.collate_functions.detection_collate_fn`.

    Raises:
        ValueError: if both kinds of transforms are given, or a length is wrong.

    Example:
        >>> import torch
        >>> target = {"boxes": torch.zeros(1, 4), "labels": torch.tensor([3])}
        >>> data = make_detection_dataset([(torch.zeros(3, 4, 4), target)] * 2, task_labels=1)
        >>> images, targets, tasks = data.batch([0, 1])
        >>> targets[1]["labels"], tasks
        (tensor([3]), tensor([1, 1]))
    """
    groups = groups_of_options(transform, target_transform, transform_groups)
    base = AvalancheDataset(dataset)
    if targets is None:
        targets = getattr(dataset, "targets", None) if base.data_attributes == {} else None
        if targets is not None and target_transform is not None:
            targets = [target_transform(target) for target in targets]
    made = SupervisedDetectionDataset(
        base,
        transform_groups=groups,
        collate_fn=collate_fn,
    )
    if targets is not None:
        made = made.update_data_attribute("targets", DataAttribute(targets, "targets"))
    if task_labels is None:
        task_labels = known_task_labels(base)
    labels = task_labels_of(task_labels, len(made))
    made = made.update_data_attribute("targets_task_labels", labels)
    if initial_transform_group is not None:
        made = made.with_transforms(initial_transform_group)
    return made


def detection_subset(
    dataset: Any,
    indices: Sequence[int] | Tensor | None = None,
    *,
    class_mapping: Sequence[int] | None = None,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transform_groups: TransformGroups | Mapping[str, Any] | None = None,
    initial_transform_group: str | None = None,
    task_labels: int | Sequence[int] | Tensor | DataAttribute | None = None,
    targets: Sequence[Any] | DataAttribute | None = None,
    collate_fn: Collate | None = None,
) -> SupervisedDetectionDataset:
    """Some samples of a detection dataset, optionally with other class labels.

    Args:
        dataset: the data.
        indices: positions of the samples; all by default.
        class_mapping: the new label of every old label, by position.
        transform: see :func:`make_detection_dataset`, as for the rest. ``task_labels`` and
            ``targets`` are those of the whole dataset.
        target_transform: as there.
        transform_groups: as there.
        initial_transform_group: as there.
        task_labels: as there.
        targets: as there.
        collate_fn: as there.
    """
    made = make_detection_dataset(
        dataset,
        transform=transform,
        target_transform=target_transform,
        transform_groups=transform_groups,
        initial_transform_group=initial_transform_group,
        task_labels=task_labels,
        targets=targets,
        collate_fn=collate_fn,
    )
    if indices is not None:
        made = made.subset(indices)
    if class_mapping is None:
        return made
    mapping = MapLabels(class_mapping)
    stage = DefaultTransformGroups((None, mapping))
    attributes = made.data_attributes
    if "targets" in attributes:
        attributes["targets"] = DataAttribute([mapping(t) for t in made.targets], "targets")
    return made._derive(made._view.map_parts(lambda part: part.then_first(stage)), attributes)


def concat_detection_datasets(
    datasets: Sequence[Any],
    *,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transform_groups: TransformGroups | Mapping[str, Any] | None = None,
    initial_transform_group: str | None = None,
    task_labels: int | Sequence[int] | Sequence[Sequence[int]] | None = None,
    targets: Sequence[Any] | None = None,
    collate_fn: Collate | None = None,
) -> SupervisedDetectionDataset:
    """All samples of several detection datasets in sequence.

    Args:
        datasets: detection data of any kind.
        transform: see :func:`make_detection_dataset`, as for the rest.
        target_transform: as there.
        transform_groups: as there.
        initial_transform_group: as there; by default the group that the datasets have in common.
        task_labels: one for all samples, one per sample, or one list per dataset.
        targets: one dictionary per sample, or one list of them per dataset.
        collate_fn: as there.
    """
    sizes = [len(d) for d in datasets]
    parts = [d if isinstance(d, DetectionDataset) else make_detection_dataset(d) for d in datasets]
    return make_detection_dataset(
        AvalancheDataset(parts),
        transform=transform,
        target_transform=target_transform,
        transform_groups=transform_groups,
        initial_transform_group=initial_transform_group,
        task_labels=chained(task_labels, sizes),
        targets=chained(targets, sizes),
        collate_fn=collate_fn,
    )
