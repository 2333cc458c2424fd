"""Benchmarks from datasets, tensors and generators, one dataset per experience."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from torch.utils.data import TensorDataset

from ..utils import TransformGroups
from ..utils.arrays import number_tensor
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .classification_scenario import ClassificationScenario
from .lazy_dataset_sequence import LazyDatasetSequence
from .stream_definitions import StreamUserDef

Transform = Callable[[Any], Any] | None


class LazyStreamDefinition(NamedTuple):
    """A stream whose datasets a generator makes when they are needed.

    Args:
        exps_generator: yields one dataset per experience.
        stream_length: how many it yields.
        exps_task_labels: task label, or several, of every experience.
    """

    exps_generator: Iterable[Any]
    stream_length: int
    exps_task_labels: Sequence[Any]


class StreamTransforms(NamedTuple):
    """The transforms of a benchmark builder, put together."""

    train: tuple[Transform, Transform]
    eval: tuple[Transform, Transform]
    others: Mapping[str, Any]

    def apply(self, dataset: Any, stream: str, task_labels: Any = None) -> Any:
        """A dataset of ``(x, y)`` samples with the transforms of its stream."""
        pairs = {"train": self.train, "eval": self.eval}
        if stream in self.others:
            own = self.others[stream]
            own = tuple(own) if isinstance(own, (tuple, list)) else (own, None)
            pairs = {"train": own, "eval": own}
        group = "train" if stream == "train" else "eval"
        groups = {name: pair for name, pair in pairs.items() if pair != (None, None)}
        return _make_taskaware_classification_dataset(
            dataset,
            transform_groups=TransformGroups({"train": None, "eval": None, **groups})
            if groups
            else None,
            initial_transform_group=group,
            task_labels=task_labels,
        )


def build(
    streams: Mapping[str, Any],
    transforms: StreamTransforms,
    complete_test_set_only: bool,
    labels: Sequence[Any] | None = None,
) -> ClassificationScenario:
    """The benchmark of lists of datasets by stream; ``labels`` are one per experience."""
    definitions = {}
    for name, given in streams.items():
        if isinstance(given, LazyStreamDefinition):
            made = (transforms.apply(d, name) for d in given.exps_generator)
            lazy = LazyDatasetSequence(made, given.stream_length)
            definitions[name] = StreamUserDef(lazy, given.exps_task_labels, None, True)
            continue
        datasets = list(given) if isinstance(given, (list, tuple)) else [given]
        if labels is not None and len(datasets) > len(labels):
            raise ValueError(
                f"task_labels has {len(labels)} entries, the {name} stream has {len(datasets)} "
                "experiences; expected one task label per experience"
            )
        own = None if labels is None else list(labels)[: len(datasets)]
        definitions[name] = StreamUserDef([transforms.apply(d, name) for d in datasets], own)
    return ClassificationScenario(
        stream_definitions=definitions, complete_test_set_only=complete_test_set_only
    )


def streams_of(train: Any, test: Any, others: Mapping[str, Any] | None) -> dict[str, Any]:
    """The streams of a builder by name.

    Raises:
        ValueError: if another stream is called ``train`` or ``test``.
    """
    taken = {"train", "test"} & set(others or {})
    if taken:
        raise ValueError(
            f"other streams={sorted(others or {})}: the names {sorted(taken)} are taken by the "
            "first two arguments; choose other names"
        )
    return {"train": train, "test": test, **(others or {})}


def dataset_benchmark(
    train_datasets: Any,
    test_datasets: Any,
    *,
    other_streams_datasets: Mapping[str, Any] | None = None,
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    eval_transform: Transform = None,
    eval_target_transform: Transform = None,
    other_streams_transforms: Mapping[str, Any] | None = None,
) -> ClassificationScenario:
    """A benchmark with one experience per dataset.

    Task labels are those that the datasets have (see
    :func:`~avalanche.benchmarks.utils.as_taskaware_classification_dataset`), else 0. The train
    stream is in transform group ``train``, all others in ``eval``.

    Args:
        train_datasets: datasets of ``(x, y)`` samples, one per experience; or a single one.
        test_datasets: the same for the test stream.
        other_streams_datasets: the same for further streams, by name.
        complete_test_set_only: whether the test stream must be one experience.
        train_transform: applied to the input in group ``train``.
        train_target_transform: applied to the target in group ``train``.
        eval_transform: applied to the input in group ``eval``.
        eval_target_transform: applied to the target in group ``eval``.
        other_streams_transforms: ``(transform, target_transform)`` of further streams, by name;
            by default those of group ``eval``.

    Raises:
        ValueError: if a stream is empty where it must not be, or a name is taken.

    Example:
        >>> import torch
        >>> days = [TensorDataset(torch.randn(5, 2), torch.full((5,), day)) for day in range(3)]
        >>> benchmark = dataset_benchmark(days, days[:1], other_streams_datasets={"ood": days[2:]})
        >>> [e.classes_in_this_experience for e in benchmark.train_stream], list(benchmark.streams)
        ([[0], [1], [2]], ['train', 'test', 'ood'])
    """
    transforms = StreamTransforms(
        (train_transform, train_target_transform),
        (eval_transform, eval_target_transform),
        other_streams_transforms or {},
    )
    streams = streams_of(train_datasets, test_datasets, other_streams_datasets)
    return build(streams, transforms, complete_test_set_only)


def tensors_benchmark(
    train_tensors: Sequence[Sequence[Any]],
    test_tensors: Sequence[Sequence[Any]],
    *,
    other_streams_tensors: Mapping[str, Sequence[Sequence[Any]]] | None = None,
    task_labels: Sequence[int],
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    eval_transform: Transform = None,
    eval_target_transform: Transform = None,
    other_streams_transforms: Mapping[str, Any] | None = None,
) -> ClassificationScenario:
    """A benchmark with one experience per list of tensors ``[x, y, ...]``.

    Args:
        train_tensors: ``[x, y, ...]`` of every experience; ``y`` has the targets.
        test_tensors: the same for the test stream.
        other_streams_tensors: the same for further streams, by name.
        task_labels: the task label of every experience, by position, in all streams.
        complete_test_set_only: whether the test stream must be one experience.
        train_transform: see :func:`dataset_benchmark`, as for the rest.
        train_target_transform: as there.
        eval_transform: as there.
        eval_target_transform: as there.
        other_streams_transforms: as there.

    Raises:
        ValueError: if there are fewer task labels than experiences.

    Example:
        >>> import torch
        >>> x, y = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
        >>> benchmark = tensors_benchmark([[x, y], [x + 1, y]], [[x, y]], task_labels=[0, 1])
        >>> [e.task_label for e in benchmark.train_stream]
        [0, 1]
    """
    transforms = StreamTransforms(
        (train_transform, train_target_transform),
        (eval_transform, eval_target_transform),
        other_streams_transforms or {},
    )
    given = streams_of(train_tensors, test_tensors, other_streams_tensors)
    streams = {
        name: [_tensor_dataset(tensors, name, i) for i, tensors in enumerate(lists)]
        for name, lists in given.items()
    }
    return build(streams, transforms, complete_test_set_only, task_labels)


def _tensor_dataset(tensors: Any, stream: str, position: int) -> TensorDataset:
    if not isinstance(tensors, (list, tuple)) or len(tensors) < 2:
        raise ValueError(
            f"{stream}_tensors[{position}]={type(tensors).__name__}: expected a list of at least "
            "two tensors, x and y; pass [[x_0, y_0], [x_1, y_1], ...]"
        )
    made = [number_tensor(t, f"{stream}_tensors[{position}][{i}]") for i, t in enumerate(tensors)]
    lengths = [len(t) for t in made]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{stream}_tensors[{position}]: tensors of {lengths} rows; expected one row per "
            "sample in each"
        )
    return TensorDataset(*made)


def lazy_benchmark(
    train_generator: LazyStreamDefinition,
    test_generator: LazyStreamDefinition,
    *,
    other_streams_generators: Mapping[str, LazyStreamDefinition] | None = None,
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    eval_transform: Transform = None,
    eval_target_transform: Transform = None,
    other_streams_transforms: Mapping[str, Any] | None = None,
) -> ClassificationScenario:
    """A benchmark whose datasets are made, one after the other, when they are needed.

    ``stream.drop_previous_experiences(i)`` lets go of those that are done with. Only class lists
    of the future make everything.

    Args:
        train_generator: the train stream: ``(generator, length, task labels)``.
        test_generator: the same for the test stream.
        other_streams_generators: the same for further streams, by name.
        complete_test_set_only: whether the test stream must be one experience.
        train_transform: see :func:`dataset_benchmark`, as for the rest.
        train_target_transform: as there.
        eval_transform: as there.
        eval_target_transform: as there.
        other_streams_transforms: as there.

    Example:
        >>> import torch
        >>> def days():
        ...     for day in range(100):
        ...         yield TensorDataset(torch.randn(2, 3), torch.tensor([day, day]))
        >>> stream = LazyStreamDefinition(days(), 100, [0] * 100)
        >>> benchmark = lazy_benchmark(stream, LazyStreamDefinition(days(), 100, [0] * 100))
        >>> benchmark.train_stream[1].classes_in_this_experience
        [1]
    """
    transforms = StreamTransforms(
        (train_transform, train_target_transform),
        (eval_transform, eval_target_transform),
        other_streams_transforms or {},
    )
    streams = streams_of(train_generator, test_generator, other_streams_generators)
    wanted = {
        name: d if isinstance(d, LazyStreamDefinition) else LazyStreamDefinition(*d)
        for name, d in streams.items()
    }
    return build(wanted, transforms, complete_test_set_only)
