"""Names of releases up to 0.5 that code still imports; each is one of today's.

The ``*_scenario`` functions take their arguments in the order of release 0.0.1 as well, with one
list of tensors for inputs and one for targets, and task labels by position.
"""

from __future__ import annotations

from typing import Any

from .classification_scenario import ClassificationExperience, ClassificationStream
from .dataset_builders import dataset_benchmark, lazy_benchmark, tensors_benchmark
from .file_builders import filelist_benchmark, paths_benchmark
from .generic_scenario import CLExperience, CLStream
from .new_classes_builder import nc_benchmark
from .new_instances_builder import ni_benchmark
from .online import OnlineCLExperience
from .step_builders import DatasetScenario, FilelistScenario, TensorScenario

AbstractExperience = Experience = CLExperience
GenericExperience = ClassificationExperience
GenericScenarioStream = ClassificationStream
OnlineClassificationExperience = OnlineCLExperience
ScenarioStream = CLStream
create_classification_benchmark_from_filelists = filelist_benchmark
create_classification_benchmark_from_paths = paths_benchmark
create_classification_benchmark_from_tensor_lists = tensors_benchmark
create_lazy_classification_benchmark = lazy_benchmark
create_multi_dataset_classification_benchmark = dataset_benchmark
nc_scenario = nc_benchmark
ni_scenario = ni_benchmark


def dataset_scenario(*args: Any, **options: Any) -> Any:
    """:func:`dataset_benchmark`; ``(train_datasets, test_datasets, task_labels, ...)``."""
    older = len(args) > 2 or "task_labels" in options
    return DatasetScenario(*args, **options) if older else dataset_benchmark(*args, **options)


def tensors_scenario(*args: Any, **options: Any) -> Any:
    """:func:`tensors_benchmark`; ``(train_x, train_y, test_x, test_y, task_labels, ...)``."""
    older = len(args) > 2 or "train_data_x" in options
    return TensorScenario(*args, **options) if older else tensors_benchmark(*args, **options)


def filelist_scenario(*args: Any, **options: Any) -> Any:
    """:func:`filelist_benchmark`; ``(root, train_file_lists, test_file_lists, task_labels, ...)``.

    ``test_transform`` is the older name of ``eval_transform``.
    """
    older = len(args) > 3 or not {"test_transform", "test_target_transform"}.isdisjoint(options)
    return FilelistScenario(*args, **options) if older else filelist_benchmark(*args, **options)


def paths_scenario(
    train_list_of_files: Any,
    test_list_of_files: Any,
    task_labels: Any,
    complete_test_set_only: bool = False,
    train_transform: Any = None,
    train_target_transform: Any = None,
    test_transform: Any = None,
    test_target_transform: Any = None,
    **options: Any,
) -> Any:
    """:func:`paths_benchmark` with arguments by position, and ``test_*`` for ``eval_*``."""
    older = {"eval_transform": test_transform, "eval_target_transform": test_target_transform}
    return paths_benchmark(
        train_list_of_files,
        test_list_of_files,
        task_labels=task_labels,
        complete_test_set_only=complete_test_set_only,
        train_transform=train_transform,
        train_target_transform=train_target_transform,
        **{**older, **options},
    )


tensor_scenario = tensors_scenario

__all__ = [
    "AbstractExperience",
    "Experience",
    "GenericExperience",
    "GenericScenarioStream",
    "OnlineClassificationExperience",
    "ScenarioStream",
    "create_classification_benchmark_from_filelists",
    "create_classification_benchmark_from_paths",
    "create_classification_benchmark_from_tensor_lists",
    "create_lazy_classification_benchmark",
    "create_multi_dataset_classification_benchmark",
    "dataset_scenario",
    "filelist_scenario",
    "nc_scenario",
    "ni_scenario",
    "paths_scenario",
    "tensor_scenario",
    "tensors_scenario",
]
