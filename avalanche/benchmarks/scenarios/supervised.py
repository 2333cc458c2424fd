"""Streams of labelled data: by class, and by sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

from ..utils import as_classification_dataset
from .class_labels import check_known, of_pair, with_whole_labels
from .class_order import class_order as ordered_classes
from .classes_timeline import with_classes_timeline
from .dataset_experience import DatasetExperience
from .generic_scenario import CLScenario
from .instance_assignment import assign_instances
from .streams import EagerCLStream, LazyCLStream

__all__ = ["class_incremental_benchmark", "new_instances_benchmark", "with_classes_timeline"]


def class_incremental_benchmark(
    datasets_dict: Mapping[str, Any],
    *,
    class_order: Sequence[int] | None = None,
    num_experiences: int | None = None,
    num_classes_per_exp: Sequence[int] | None = None,
    seed: int | None = None,
) -> CLScenario:
    """A benchmark with new classes in every experience of every stream.

    Samples stay what they are: with a task label if the data has task labels, else ``(x, y)``.
    Add one task per experience with :func:`task_incremental_benchmark`.

    Args:
        datasets_dict: the data of every stream, by name; any dataset of ``(x, y)`` samples, or a
            pair ``(x, y)`` of tensors or arrays. Classes are whole numbers from 0.
        class_order: the classes in order of appearance; may leave out some. By default a random
            order of all classes.
        num_experiences: number of experiences. Classes are divided as evenly as possible: where
            they do not divide, the first experiences have one more.
        num_classes_per_exp: the number of classes of every experience instead; together all.
        seed: of the random order. None draws from torch's global generator; with a seed that
            generator is not touched.

    Raises:
        ValueError: unless exactly one of ``num_experiences`` and ``num_classes_per_exp`` is given
            and the numbers fit.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.randn(10, 2), torch.arange(10) % 5)
        >>> benchmark = class_incremental_benchmark(
        ...     {"train": data, "test": data}, num_experiences=2, class_order=[4, 3, 2, 1, 0])
        >>> [e.classes_in_this_experience for e in benchmark.train_stream]
        [{2, 3, 4}, {0, 1}]
    """
    if not datasets_dict:
        raise ValueError("datasets_dict={}: expected data by stream name, such as {'train': data}")
    data = {
        name: with_whole_labels(as_classification_dataset(of_pair(d, f"datasets_dict[{name!r}]")))
        for name, d in datasets_dict.items()
    }
    first = data.get("train", next(iter(data.values())))
    known = sorted(first.targets.uniques)
    order = ordered_classes(known, True, seed, class_order)
    if class_order is None:
        for name, dataset in data.items():
            check_known(f"datasets_dict[{name!r}]", dataset, known)
    sizes = _sizes(len(order), num_experiences, num_classes_per_exp)
    ends = torch.tensor(sizes).cumsum(0).tolist()
    contents = [order[end - size : end] for size, end in zip(sizes, ends, strict=True)]

    streams = [
        LazyCLStream(name, partial(_experience, _of_classes, dataset, contents), len(contents))
        for name, dataset in data.items()
    ]
    benchmark: CLScenario = with_classes_timeline(CLScenario(streams))
    return benchmark


def _experience(
    select: Callable[[Any, Any], Any], dataset: Any, contents: Sequence[Any], number: int
) -> DatasetExperience:
    return DatasetExperience.deferred(partial(select, dataset, contents[number]))


def _subset(dataset: Any, positions: torch.Tensor) -> Any:
    return dataset.subset(positions)


def _sizes(n_classes: int, n_experiences: int | None, given: Sequence[int] | None) -> list[int]:
    if (n_experiences is None) == (given is None):
        raise ValueError(
            f"num_experiences={n_experiences}, num_classes_per_exp={given}: expected exactly one "
            "of them"
        )
    if given is not None:
        sizes = [int(n) for n in given]
        if sum(sizes) != n_classes or min(sizes) < 1:
            raise ValueError(
                f"num_classes_per_exp={sizes}: together {sum(sizes)} classes; expected "
                f"{n_classes}, at least one each; leave classes out with class_order"
            )
        return sizes
    assert n_experiences is not None
    if not 1 <= n_experiences <= n_classes:
        raise ValueError(
            f"num_experiences={n_experiences}: expected 1 to {n_classes}, the number of classes"
        )
    share, left = divmod(n_classes, n_experiences)
    return [share + (i < left) for i in range(n_experiences)]


def _of_classes(dataset: Any, classes: Sequence[int]) -> Any:
    """The samples of some classes, the last class first as in avalanche-lib 0.6."""
    groups = dataset.targets.groups
    pieces = [groups[label] for label in reversed(classes) if label in groups]
    return dataset.subset(torch.cat(pieces) if pieces else [])


def new_instances_benchmark(
    train_dataset: Any,
    test_dataset: Any,
    num_experiences: int,
    *,
    shuffle: bool = True,
    seed: int | None = None,
    balance_experiences: bool = False,
    min_class_patterns_in_exp: int = 0,
) -> CLScenario:
    """A benchmark with new samples of the same classes in every experience.

    The test stream has one experience with all test samples. The same seed gives the same split
    as :func:`ni_benchmark`.

    Args:
        train_dataset: training data: any dataset of ``(x, y)`` samples, or a pair ``(x, y)`` of
            tensors or arrays. Classes are whole numbers from 0.
        test_dataset: test data.
        num_experiences: number of experiences of the train stream.
        shuffle: whether samples are dealt out in random order.
        seed: of that order. None draws from torch's global generator; with a seed that generator
            is not touched.
        balance_experiences: whether every experience gets the same share of every class.
        min_class_patterns_in_exp: least number of samples of every class in every experience.

    Raises:
        ValueError: if there are too few samples.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.arange(6.0), torch.tensor([0, 1] * 3))
        >>> benchmark = new_instances_benchmark(data, data, 3, seed=0)
        >>> [len(e.dataset) for e in benchmark.train_stream], len(benchmark.test_stream)
        ([2, 2, 2], 1)
    """
    train, test = (
        with_whole_labels(as_classification_dataset(of_pair(given, name)))
        for given, name in ((train_dataset, "train_dataset"), (test_dataset, "test_dataset"))
    )
    generator = None if seed is None else torch.Generator().manual_seed(int(seed))
    assignment = assign_instances(
        train.targets.groups,
        num_experiences,
        shuffle,
        generator,
        balance_experiences,
        min_class_patterns_in_exp,
    )

    streams = [
        LazyCLStream("train", partial(_experience, _subset, train, assignment), len(assignment)),
        EagerCLStream("test", [DatasetExperience(dataset=test)]),
    ]
    benchmark: CLScenario = with_classes_timeline(CLScenario(streams))
    return benchmark
