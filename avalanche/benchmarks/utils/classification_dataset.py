"""Datasets with targets, and with a task label per sample, and the functions that make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from .arrays import number_tensor, refuse_names
from .data import AvalancheDataset
from .data_attribute import DataAttribute, as_column, is_single, task_labels_of
from .pipeline import Program
from .sources import ColumnSource
from .targets import find_targets, find_task_labels, transformed_targets
from .task_set import TaskSet
from .transform_groups import DefaultTransformGroups, TransformGroups, groups_of_options
from .transforms import MapClasses

Collate = Callable[[list[Any]], Any]


class ClassificationDataset(AvalancheDataset):
    """A dataset whose samples have targets; they are the attribute ``targets``."""

    @property
    def targets(self) -> DataAttribute:
        """The target of every sample; reads like a list of ints."""
        return self._attribute("targets")

    def _attribute(self, name: str) -> DataAttribute:
        return AvalancheDataset.__getattr__(self, name)


class TaskAwareClassificationDataset(ClassificationDataset):
    """Samples ``(x, y, t)``: targets, and a task label that is part of every sample."""

    @property
    def targets_task_labels(self) -> DataAttribute:
        """The task label of every sample; reads like a list of ints."""
        return self._attribute("targets_task_labels")

    @property
    def task_pattern_indices(self) -> dict[int, list[int]]:
        """Positions of the samples of every task."""
        return self.targets_task_labels.val_to_idx

    @property
    def task_set(self) -> TaskSet[TaskAwareClassificationDataset]:
        """The dataset of every task, by task label."""
        return TaskSet(self)


class TaskAwareSupervisedClassificationDataset(TaskAwareClassificationDataset):
    """A task-aware dataset that is known to have targets; the type that benchmarks give."""


def as_classification_dataset(
    dataset: Any, transform_groups: TransformGroups | None = None
) -> ClassificationDataset:
    """Any dataset of ``(x, y)`` samples as a :class:`ClassificationDataset`.

    Args:
        dataset: the data; its targets are found as its ``targets`` field, as a column, or by
            one pass over the samples.
        transform_groups: transforms to add; what they do to the target alone in the group that
            the dataset starts in is done to ``targets`` too.

    Raises:
        ValueError: if the targets can't be found.
    """
    if isinstance(dataset, ClassificationDataset) and transform_groups is None:
        return dataset
    made = ClassificationDataset(dataset, transform_groups=transform_groups)
    labelled: ClassificationDataset = _with_targets(made, None, transform_groups)
    return labelled


def as_taskaware_classification_dataset(dataset: Any) -> TaskAwareClassificationDataset:
    """Any dataset of ``(x, y)`` samples with task labels; label 0 where it has none."""
    if isinstance(dataset, TaskAwareClassificationDataset):
        return dataset
    return _make_taskaware_classification_dataset(dataset)


def _make_taskaware_classification_dataset(
    dataset: Any,
    *,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transform_groups: TransformGroups | Mapping[str, Any] | None = None,
    initial_transform_group: str | None = None,
    task_labels: int | Sequence[int] | Tensor | DataAttribute | None = None,
    targets: Sequence[Any] | Tensor | DataAttribute | None = None,
    collate_fn: Collate | None = None,
) -> TaskAwareSupervisedClassificationDataset:
    """Make a dataset of ``(x, y, t)`` samples.

    Args:
        dataset: the data: any map-style dataset, or an Avalanche dataset.
        transform: applied to the input in every group.
        target_transform: applied to the target in every group, and to the found ``targets``.
        transform_groups: transforms per group, instead of the two above. ``targets`` are as in
            the initial group.
        initial_transform_group: the group to start in; by default the data's, else ``train``.
        task_labels: one for all samples or one per sample; by default those the data has, else 0.
        targets: one per sample; by default they are found in the data.
        collate_fn: makes batches from lists of samples instead of the library.

    Raises:
        ValueError: if both kinds of transforms are given, a length is wrong, or there are no
            targets.
    """
    groups = groups_of_options(transform, target_transform, transform_groups)
    base = AvalancheDataset(dataset)
    made: TaskAwareSupervisedClassificationDataset = _with_targets(
        TaskAwareSupervisedClassificationDataset(
            base, transform_groups=groups, collate_fn=collate_fn
        ),
        targets,
        groups,
        initial_transform_group,
    )
    if task_labels is None:
        task_labels = known_task_labels(base)
    labels = task_labels_of(task_labels, len(made))
    made = made.update_data_attribute("targets_task_labels", labels)
    return (
        made if initial_transform_group is None else made.with_transforms(initial_transform_group)
    )


def _make_taskaware_tensor_classification_dataset(
    *dataset_tensors: Any,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transform_groups: TransformGroups | Mapping[str, Any] | None = None,
    initial_transform_group: str | None = "train",
    task_labels: int | Sequence[int] | Tensor | DataAttribute | None = 0,
    targets: Sequence[Any] | Tensor | DataAttribute | int = 1,
    collate_fn: Collate | None = None,
) -> TaskAwareSupervisedClassificationDataset:
    """Make a dataset of ``(x, y, t)`` samples from tensors ``x, y, ...``.

    Args:
        dataset_tensors: tensors or arrays with one row per sample.
        targets: the targets, or the position of the tensor that holds them.
        transform: see :func:`_make_taskaware_classification_dataset`, as for the rest.
        target_transform: as there.
        transform_groups: as there.
        initial_transform_group: as there.
        task_labels: as there.
        collate_fn: as there.
    """
    tensors = [
        number_tensor(t, "targets" if i == targets else f"dataset_tensors[{i}]")
        for i, t in enumerate(dataset_tensors)
    ]
    if not tensors:
        raise ValueError("dataset_tensors: expected at least one tensor; pass x and y")
    if isinstance(targets, int) and not -len(tensors) <= targets < len(tensors):
        raise ValueError(
            f"targets={targets}: the position of the tensor that holds the targets, expected 0 to "
            f"{len(tensors) - 1}; pass (x, y), or targets=[...] with one value per sample"
        )
    found = tensors[targets] if isinstance(targets, int) else targets
    groups = groups_of_options(transform, target_transform, transform_groups)
    if groups is not None and isinstance(targets, int):
        program = Program([groups[initial_transform_group or groups.current_group]])
        found = transformed_targets(as_column(found), program)
    return _make_taskaware_classification_dataset(
        ColumnSource(tensors),
        transform=transform,
        target_transform=target_transform,
        transform_groups=transform_groups,
        initial_transform_group=initial_transform_group,
        task_labels=task_labels,
        targets=found,
        collate_fn=collate_fn,
    )


def _taskaware_classification_subset(
    dataset: Any,
    indices: Sequence[int] | Tensor | None = None,
    *,
    class_mapping: Sequence[int] | None = None,
    **options: Any,
) -> TaskAwareSupervisedClassificationDataset:
    """Some samples of a dataset, optionally with other class labels.

    Args:
        dataset: the data.
        indices: positions of the samples; all by default.
        class_mapping: the new label of every old label, by position.
        options: as for :func:`_make_taskaware_classification_dataset`.
    """
    made = _make_taskaware_classification_dataset(dataset, **options)
    if indices is not None:
        made = made.subset(indices)
    if class_mapping is not None:
        made = map_classes(made, DefaultTransformGroups((None, MapClasses(class_mapping))))
    return made


def _concat_taskaware_classification_datasets(
    datasets: Sequence[Any],
    *,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transform_groups: TransformGroups | Mapping[str, Any] | None = None,
    initial_transform_group: str | None = None,
    task_labels: int | Sequence[int] | Sequence[Sequence[int]] | None = None,
    targets: Sequence[Any] | Sequence[Sequence[Any]] | None = None,
    collate_fn: Collate | None = None,
) -> TaskAwareSupervisedClassificationDataset:
    """All samples of several datasets in sequence.

    Args:
        datasets: data of any kind; those without task labels get label 0.
        task_labels: one for all samples, one per sample, or one list per dataset.
        targets: one per sample, or one list per dataset.
        transform: see :func:`_make_taskaware_classification_dataset`, as for the rest.
        target_transform: as there.
        transform_groups: as there.
        initial_transform_group: as there.
        collate_fn: as there.
    """
    sizes = [len(d) for d in datasets]
    parts = [as_taskaware_classification_dataset(d) for d in datasets]
    return _make_taskaware_classification_dataset(
        AvalancheDataset(parts),
        transform=transform,
        target_transform=target_transform,
        transform_groups=transform_groups,
        initial_transform_group=initial_transform_group,
        task_labels=chained(task_labels, sizes),
        targets=chained(targets, sizes),
        collate_fn=collate_fn,
    )


def _as_taskaware_supervised_classification_dataset(
    dataset: Any, **options: Any
) -> TaskAwareSupervisedClassificationDataset:
    """The dataset itself if it is one already and nothing is to change, else a new one."""
    if isinstance(dataset, TaskAwareSupervisedClassificationDataset) and not options:
        return dataset
    return _make_taskaware_classification_dataset(dataset, **options)


def map_classes(
    data: TaskAwareSupervisedClassificationDataset, mapping: TransformGroups
) -> TaskAwareSupervisedClassificationDataset:
    """The same samples with other class labels, in samples and in ``targets``.

    Args:
        data: the samples.
        mapping: groups of ``(None, MapClasses(...))``; pass the same object for the same mapping,
            so that views of the same data keep sharing their parts.
    """
    pair = mapping["train"]
    assert isinstance(pair, tuple)
    table = pair[1]
    assert isinstance(table, MapClasses)
    view = data._view.map_parts(lambda part: part.then_labels(mapping))
    targets = DataAttribute(table.batch(data.targets.values), "targets")
    return data._derive(view, {**data.data_attributes, "targets": targets})


def as_column_list(values: Any) -> list[Any]:
    """Values as plain Python values."""
    column = as_column(values)
    return column.tolist() if isinstance(column, Tensor) else column


def chained(values: Any, sizes: Sequence[int]) -> Any:
    """One value per sample, from one list per dataset where the values are that."""
    if values is None or is_single(values) or isinstance(values, (Tensor, DataAttribute)):
        return values
    per_dataset = len(values) == len(sizes) and all(
        isinstance(v, (Sequence, Tensor, DataAttribute)) and len(v) == n
        for v, n in zip(values, sizes, strict=True)
    )
    return [value for part in values for value in part] if per_dataset else values


def known_task_labels(data: AvalancheDataset) -> Any:
    """The task labels that data have, as an attribute or where they come from; else 0."""
    known = data.data_attributes.get("targets_task_labels")
    found = find_task_labels(data._view) if known is None else known
    return 0 if found is None else found


def _with_targets(
    made: Any, targets: Any, added: TransformGroups | None = None, group: str | None = None
) -> Any:
    """A dataset with targets: those given, or as its samples show them in a group.

    Args:
        made: the dataset, with all transforms.
        targets: the targets; None to find them.
        added: the last transforms, which targets that came with the data have not gone through.
        group: the transform group; the dataset's by default.
    """
    group = group or made.current_group
    if targets is None:
        known = made.data_attributes.get("targets")
        if known is not None and added is None:
            return made
        if known is None:
            targets = find_targets(made._view, group)
        else:
            assert added is not None
            column = transformed_targets(known.column, Program([added[group]]))
            targets = DataAttribute(column, "targets", known.use_in_getitem)
    shown = isinstance(targets, DataAttribute) and targets.use_in_getitem
    labels = DataAttribute(targets, "targets", shown)
    if isinstance(labels.column, list) and labels.column and isinstance(labels.column[0], str):
        refuse_names("targets", labels.column[0])
    return made.update_data_attribute("targets", labels)


def __getattr__(name: str) -> Any:
    """Names that were here up to 0.5, such as ``make_classification_dataset``."""
    from . import older_names

    if name.startswith("_") or not hasattr(older_names, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(older_names, name)
