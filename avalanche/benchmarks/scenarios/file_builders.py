"""Benchmarks from lists of image files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .classification_scenario import ClassificationScenario
from .dataset_builders import StreamTransforms, Transform, build, streams_of


def filelist_benchmark(
    root: str | Path,
    train_file_lists: Sequence[str | Path],
    test_file_lists: Sequence[str | Path],
    *,
    other_streams_file_lists: Mapping[str, Sequence[str | Path]] | None = None,
    task_labels: Sequence[int],
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    eval_transform: Transform = None,
    eval_target_transform: Transform = None,
    other_streams_transforms: Mapping[str, Any] | None = None,
) -> ClassificationScenario:
    """A benchmark with one experience per text file of ``path label`` lines.

    Args:
        root: the folder that the paths in the lists are relative to.
        train_file_lists: the list files of the train stream, one per experience.
        test_file_lists: the same for the test stream.
        other_streams_file_lists: the same for further streams, by name.
        task_labels: the task label of every experience, by position, in all streams.
        complete_test_set_only: whether the test stream must be one experience.
        train_transform: see :func:`dataset_benchmark`, as for the rest.
        train_target_transform: as there.
        eval_transform: as there.
        eval_target_transform: as there.
        other_streams_transforms: as there.

    Raises:
        FileNotFoundError: if a list does not exist.
        ValueError: if there are fewer task labels than experiences.
    """
    from ..utils.file_datasets import FilelistDataset

    given = streams_of(_many(train_file_lists), _many(test_file_lists), other_streams_file_lists)
    streams = {
        name: [FilelistDataset(root, flist) for flist in _many(lists)]
        for name, lists in given.items()
    }
    transforms = StreamTransforms(
        (train_transform, train_target_transform),
        (eval_transform, eval_target_transform),
        other_streams_transforms or {},
    )
    return build(streams, transforms, complete_test_set_only, task_labels)


def paths_benchmark(
    train_lists_of_files: Sequence[Sequence[Any]],
    test_lists_of_files: Sequence[Sequence[Any]],
    *,
    other_streams_lists_of_files: Mapping[str, Sequence[Sequence[Any]]] | None = None,
    task_labels: Sequence[int],
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    eval_transform: Transform = None,
    eval_target_transform: Transform = None,
    other_streams_transforms: Mapping[str, Any] | None = None,
) -> ClassificationScenario:
    """A benchmark with one experience per list of ``(path, label)`` or ``(path, label, box)``.

    Args:
        train_lists_of_files: the files of the train stream, one list per experience.
        test_lists_of_files: the same for the test stream.
        other_streams_lists_of_files: the same for further streams, by name.
        task_labels: the task label of every experience, by position, in all streams.
        complete_test_set_only: whether the test stream must be one experience.
        train_transform: see :func:`dataset_benchmark`, as for the rest.
        train_target_transform: as there.
        eval_transform: as there.
        eval_target_transform: as there.
        other_streams_transforms: as there.

    Raises:
        ValueError: if there are fewer task labels than experiences.
    """
    from ..utils.file_datasets import PathsDataset

    given = streams_of(train_lists_of_files, test_lists_of_files, other_streams_lists_of_files)
    streams = {
        name: [PathsDataset(None, files) for files in lists] for name, lists in given.items()
    }
    transforms = StreamTransforms(
        (train_transform, train_target_transform),
        (eval_transform, eval_target_transform),
        other_streams_transforms or {},
    )
    return build(streams, transforms, complete_test_set_only, task_labels)


def _many(lists: Any) -> list[Any]:
    return [lists] if isinstance(lists, (str, Path)) else list(lists)
