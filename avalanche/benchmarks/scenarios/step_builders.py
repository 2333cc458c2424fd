"""The factories of the older face: ``avalanche.benchmarks.generators``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import TensorDataset

from ..utils import AvalancheDataset, Part, TransformGroups
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from . import dataset_builders
from .dataset_builders import tensors_benchmark
from .file_builders import filelist_benchmark
from .new_classes_builder import nc_benchmark
from .new_instances_builder import ni_benchmark
from .steps import IStepInfo, NCBatchInfo, NCTaskInfo, NIBatchInfo, StepScenario


def NCScenario(
    train_dataset: Any,
    test_dataset: Any,
    n_steps: int,
    multi_task: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    per_step_classes: Mapping[int, int] | None = None,
    class_ids_from_zero_from_first_step: bool = False,
    class_ids_from_zero_in_each_step: bool = False,
    one_dataset_per_step: bool = False,
    reproducibility_data: Mapping[str, Any] | None = None,
    *,
    task_labels: bool | None = None,
) -> StepScenario:
    """Steps of new classes; :func:`~avalanche.benchmarks.nc_benchmark` in its older form.

    Args:
        train_dataset: training data, or a list of datasets. A ``transform`` inside it is the
            training transform.
        test_dataset: test data, or as many datasets; a ``transform`` inside is the test transform.
        n_steps: number of steps.
        multi_task: whether step i has task label i; ``task_labels`` is another name of it.
        shuffle: whether the order of classes is random.
        seed: of that order.
        fixed_class_order: the order itself.
        per_step_classes: number of classes of some steps, by step.
        class_ids_from_zero_from_first_step: relabel classes 0, 1, ... in order of appearance.
        class_ids_from_zero_in_each_step: relabel classes from 0 in every step.
        one_dataset_per_step: every step is one of the listed datasets.
        reproducibility_data: repeats a split.
        task_labels: see ``multi_task``.

    Raises:
        ValueError: if the arguments do not fit together.
    """
    labelled = multi_task if task_labels is None else task_labels
    train, test = with_own_transforms(train_dataset, test_dataset)
    benchmark = nc_benchmark(
        train,
        test,
        n_steps,
        labelled,
        shuffle=shuffle,
        seed=seed,
        fixed_class_order=fixed_class_order,
        per_exp_classes=per_step_classes,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_step,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_step,
        one_dataset_per_exp=one_dataset_per_step,
        reproducibility_data=reproducibility_data,
    )
    return StepScenario(benchmark, NCTaskInfo if labelled else NCBatchInfo)


def NIScenario(
    train_dataset: Any,
    test_dataset: Any,
    n_steps: int,
    shuffle: bool = True,
    seed: int | None = None,
    balance_steps: bool = False,
    min_class_patterns_in_step: int = 0,
    reproducibility_data: Mapping[str, Any] | None = None,
    *,
    task_labels: bool = False,
) -> StepScenario:
    """Steps of new samples; :func:`~avalanche.benchmarks.ni_benchmark` in its older form.

    Args:
        train_dataset: training data, or a list of datasets.
        test_dataset: test data, or as many datasets.
        n_steps: number of steps; the test set is the same at every step.
        shuffle: whether samples are dealt out in random order.
        seed: of that order.
        balance_steps: whether every step gets the same share of every class.
        min_class_patterns_in_step: least number of samples of every class in every step.
        reproducibility_data: repeats a split.
        task_labels: whether step i has task label i.
    """
    train, test = with_own_transforms(train_dataset, test_dataset)
    benchmark = ni_benchmark(
        train,
        test,
        n_steps,
        task_labels=task_labels,
        shuffle=shuffle,
        seed=seed,
        balance_experiences=balance_steps,
        min_class_patterns_in_exp=min_class_patterns_in_step,
        reproducibility_data=reproducibility_data,
    )
    return StepScenario(benchmark, NIBatchInfo)


def DatasetScenario(
    train_datasets: Sequence[Any],
    test_datasets: Sequence[Any],
    task_labels: Sequence[int] | None = None,
    complete_test_set_only: bool = False,
) -> StepScenario:
    """Steps of given datasets; see :func:`~avalanche.benchmarks.dataset_benchmark`.

    Args:
        train_datasets: the training sets, one per step.
        test_datasets: the test sets, one per step, or a single one for all.
        task_labels: the task label of every step; 0 by default.
        complete_test_set_only: whether there is a single test set.
    """
    transforms = dataset_builders.StreamTransforms((None, None), (None, None), {})
    labels = [0] * len(train_datasets) if task_labels is None else list(task_labels)
    streams = {"train": list(train_datasets), "test": list(test_datasets)}
    benchmark = dataset_builders.build(streams, transforms, complete_test_set_only, labels)
    return StepScenario(benchmark, IStepInfo)


def FilelistScenario(
    root: Any,
    train_file_lists: Any,
    test_file_lists: Any,
    task_labels: Sequence[int] | None = None,
    complete_test_set_only: bool = False,
    train_transform: Any = None,
    train_target_transform: Any = None,
    test_transform: Any = None,
    test_target_transform: Any = None,
) -> StepScenario:
    """Steps of image files named by lists; see :func:`~avalanche.benchmarks.filelist_benchmark`.

    Args:
        root: the folder that the paths in the lists are relative to.
        train_file_lists: the lists of the training sets, one per step.
        test_file_lists: the lists of the test sets.
        task_labels: the task label of every step; 0 by default.
        complete_test_set_only: whether there is a single test set.
        train_transform: applied to training images.
        train_target_transform: applied to training targets.
        test_transform: applied to test images.
        test_target_transform: applied to test targets.
    """
    n_steps = 1 if isinstance(train_file_lists, str) else len(train_file_lists)
    benchmark = filelist_benchmark(
        root,
        train_file_lists,
        test_file_lists,
        task_labels=[0] * n_steps if task_labels is None else task_labels,
        complete_test_set_only=complete_test_set_only,
        train_transform=train_transform,
        train_target_transform=train_target_transform,
        eval_transform=test_transform,
        eval_target_transform=test_target_transform,
    )
    return StepScenario(benchmark, IStepInfo)


def TensorScenario(
    train_data_x: Sequence[Any],
    train_data_y: Sequence[Any],
    test_data_x: Any,
    test_data_y: Any,
    task_labels: Sequence[int] | None = None,
    complete_test_set_only: bool = False,
    train_transform: Any = None,
    train_target_transform: Any = None,
    test_transform: Any = None,
    test_target_transform: Any = None,
) -> StepScenario:
    """Steps of tensors; see :func:`~avalanche.benchmarks.tensors_benchmark`.

    Args:
        train_data_x: the training inputs, one tensor per step.
        train_data_y: the training targets, one tensor per step.
        test_data_x: the test inputs, one tensor per step, or a single tensor for all.
        test_data_y: the test targets, likewise.
        task_labels: the task label of every step; 0 by default.
        complete_test_set_only: whether there is a single test set.
        train_transform: applied to training inputs.
        train_target_transform: applied to training targets.
        test_transform: applied to test inputs.
        test_target_transform: applied to test targets.
    """
    if isinstance(test_data_x, torch.Tensor):
        test_data_x, test_data_y = [test_data_x], [test_data_y]
    benchmark = tensors_benchmark(
        [list(pair) for pair in zip(train_data_x, train_data_y, strict=True)],
        [list(pair) for pair in zip(test_data_x, test_data_y, strict=True)],
        task_labels=[0] * len(train_data_x) if task_labels is None else task_labels,
        complete_test_set_only=complete_test_set_only,
        train_transform=train_transform,
        train_target_transform=train_target_transform,
        eval_transform=test_transform,
        eval_target_transform=test_target_transform,
    )
    return StepScenario(benchmark, IStepInfo)


def with_own_transforms(train: Any, test: Any) -> tuple[Any, Any]:
    """Make the transforms inside two plain datasets the groups ``train`` and ``eval`` of both.

    So ``step_info.with_test_transformations()`` can show training samples as test samples. This
    needs datasets whose stored samples the data layer reads itself, such as torchvision's; others
    apply their transforms themselves and stay what they are. Lists go pair by pair.
    """
    if isinstance(train, (list, tuple)) and isinstance(test, (list, tuple)):
        made = [with_own_transforms(a, b) for a, b in zip(train, test, strict=False)]
        n = len(made)
        return [a for a, _ in made] + [*train[n:]], [b for _, b in made] + [*test[n:]]
    found = []
    for dataset in (train, test):
        if isinstance(dataset, (AvalancheDataset, TensorDataset, list, tuple)):
            return train, test
        found.append(_make_taskaware_classification_dataset(dataset))
    stages = [part.stages for data in found for part in data.parts]
    if [len(own) for own in stages] != [1, 1]:
        return train, test
    groups = TransformGroups({"train": stages[0][0]["train"], "eval": stages[1][0]["eval"]})
    bare = [data._view.map_parts(lambda part: Part(part.source).then(groups)) for data in found]
    train, test = (
        data._derive(view, data.data_attributes) for data, view in zip(found, bare, strict=True)
    )
    return train, test
