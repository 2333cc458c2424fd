"""Taking a validation stream from the training data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from .dataset_experience import map_stream, with_dataset
from .derived_scenario import DerivedScenario
from .generic_scenario import CLScenario

Split = Callable[[Any], tuple[Any, Any]]


def split_validation_random(
    validation_size: int | float, shuffle: bool, seed: int | None = None, dataset: Any = None
) -> Any:
    """Divide a dataset into training and validation data.

    Args:
        validation_size: number of validation samples (an int), or their share from 0 to 1 (a
            float), rounded down.
        shuffle: whether the samples are drawn at random; otherwise the last ones are taken.
        seed: of the order. None draws from torch's global generator; with a seed that generator
            is not touched.
        dataset: the data. Without it a function that divides data is returned, which serves as
            ``split_strategy``.

    Returns:
        ``(train, valid)``.

    Raises:
        ValueError: if the data has too few samples.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> from avalanche.benchmarks import AvalancheDataset
        >>> data = AvalancheDataset(TensorDataset(torch.arange(10)))
        >>> [len(d) for d in split_validation_random(0.25, True, seed=1, dataset=data)]
        [8, 2]
    """
    if dataset is None:
        _size(validation_size, None)
        return partial(_split_random, validation_size, shuffle, seed)
    return _split_random(validation_size, shuffle, seed, dataset)


def _split_random(
    validation_size: int | float, shuffle: bool, seed: int | None, dataset: Any
) -> tuple[Any, Any]:
    n_valid = _size(validation_size, len(dataset))
    order = torch.arange(len(dataset))
    if shuffle:
        generator = None if seed is None else torch.Generator().manual_seed(int(seed))
        order = torch.randperm(len(dataset), generator=generator)
    n_train = len(dataset) - n_valid
    return dataset.subset(order[:n_train]), dataset.subset(order[n_train:])


def split_validation_class_balanced(validation_size: float, dataset: Any = None) -> Any:
    """Divide a dataset into training and validation data, class by class, at random.

    Random numbers come from torch's global generator, so ``torch.manual_seed`` repeats a split.

    Args:
        validation_size: share of every class from 0 to 1, rounded down to whole samples.
        dataset: the data, with targets. Without it a function that divides data is returned.

    Returns:
        ``(train, valid)``.

    Raises:
        ValueError: if the size is no share.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> from avalanche.benchmarks.utils import as_classification_dataset
        >>> data = as_classification_dataset(TensorDataset(torch.zeros(8), torch.arange(8) % 2))
        >>> train, valid = split_validation_class_balanced(0.25, data)
        >>> valid.targets.count
        {0: 1, 1: 1}
    """
    if not 0 <= float(validation_size) <= 1:
        raise ValueError(
            f"validation_size={validation_size}: expected a share from 0.0 to 1.0; for a number "
            "of samples use split_validation_random"
        )
    if dataset is None:
        return partial(_split_balanced, float(validation_size))
    return _split_balanced(float(validation_size), dataset)


def _split_balanced(validation_size: float, dataset: Any) -> tuple[Any, Any]:
    train, valid = [], []
    for positions in dataset.targets.groups.values():
        mixed = positions[torch.randperm(len(positions))]
        n_valid = int(len(positions) * validation_size)
        valid.append(mixed[:n_valid])
        train.append(mixed[n_valid:])
    empty = torch.zeros(0, dtype=torch.int64)
    return dataset.subset(torch.cat([*train, empty])), dataset.subset(torch.cat([*valid, empty]))


def _size(validation_size: int | float, n_samples: int | None) -> int:
    """Number of validation samples."""
    if isinstance(validation_size, float):
        if not 0 <= validation_size <= 1:
            raise ValueError(
                f"validation_size={validation_size}: expected a share from 0.0 to 1.0, or an int "
                "for a number of samples"
            )
        return int((n_samples or 0) * validation_size)
    if validation_size < 0 or (n_samples is not None and validation_size > n_samples):
        raise ValueError(
            f"validation_size={validation_size}: the dataset has {n_samples} samples; expected 0 "
            f"to {n_samples}, or a float for a share"
        )
    return validation_size


def benchmark_with_validation_stream(
    benchmark: CLScenario,
    validation_size: int | float = 0.5,
    shuffle: bool = False,
    seed: int | None = None,
    split_strategy: Split | None = None,
) -> CLScenario:
    """The same benchmark with a stream ``valid`` of samples taken from the train stream.

    Experience i of ``valid`` has samples of experience i of ``train``, which then lacks them: every
    experience is divided once, when either stream first needs it, so the two never overlap,
    whatever ``split_strategy`` draws. Task labels and class lists stay.

    Args:
        benchmark: the benchmark; it is not changed.
        validation_size: number of samples (an int) or share (a float) of every experience.
        shuffle: whether validation samples are drawn at random.
        seed: of the draw, the same in every experience.
        split_strategy: divides a dataset into ``(train, valid)`` instead.

    Raises:
        ValueError: if there is a stream ``valid`` already, or an experience has too few samples.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> benchmark = benchmark_with_validation_stream(SplitDigits(5, seed=0), 0.25)
        >>> list(benchmark.streams)
        ['train', 'valid', 'test']
    """
    if "valid" in benchmark.streams:
        raise ValueError(
            "benchmark has a stream 'valid' already; use it, or make the benchmark without it"
        )
    if "train" not in benchmark.streams:
        raise ValueError(
            f"benchmark has the streams {list(benchmark.streams)}: expected one called 'train'"
        )
    if split_strategy is None:
        split_strategy = split_validation_random(validation_size, shuffle, seed)
    splits = OnceSplit(split_strategy)
    streams = []
    for name, stream in benchmark.streams.items():
        if name == "train":
            streams.append(map_stream(stream, partial(splits.part, 0)))
            streams.append(map_stream(stream, partial(splits.part, 1), "valid"))
        else:
            streams.append(map_stream(stream, lambda experience, _: experience))
    return DerivedScenario(streams, benchmark)


class OnceSplit:
    """Divides every experience of a stream once and remembers both parts.

    Args:
        strategy: divides a dataset in two.
    """

    def __init__(self, strategy: Split) -> None:
        self._strategy = strategy
        self._splits: dict[int, tuple[Any, Any]] = {}

    def part(self, which: int, experience: Any, number: int) -> Any:
        """The experience with one of the parts of its data: 0 is training, 1 validation."""
        return with_dataset(experience, partial(self._read, which, experience, number))

    def _read(self, which: int, experience: Any, number: int) -> Any:
        if number not in self._splits:
            train, valid = self._strategy(experience.dataset)
            self._splits[number] = train, valid.eval()
        return self._splits[number][which]
