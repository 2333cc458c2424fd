"""Taking a validation stream from the training data."""

from __future__ import annotations

import numbers
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import torch

from .dataset_experience import copied, map_stream, with_dataset
from .derived_scenario import DerivedScenario
from .draws import PrivateDraws, private_generator
from .generic_scenario import CLScenario
from .online_experience import any_seed
from .streams import drop_previous

Split = Callable[[Any], tuple[Any, Any]]


def split_validation_random(
    validation_size: int | float, shuffle: bool, seed: int | None = None, dataset: Any = None
) -> Any:
    """Divide a dataset into training and validation data.

    Args:
        validation_size: number of validation samples (an int), or their share from 0 to 1 (a
            float), rounded down.
        shuffle: whether the samples are drawn at random; otherwise the last ones are taken.
        seed: of the order. None draws from torch's global generator, here and now; with a seed
            that generator is not touched.
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
        return RandomSplit(validation_size, shuffle, seed)
    generator = None if seed is None else torch.Generator().manual_seed(int(seed))
    return _split_random(validation_size, shuffle, generator, dataset)


class RandomSplit:
    """Divides datasets as :func:`split_validation_random` does, whenever it is asked to.

    Args:
        validation_size: number of validation samples, or their share.
        shuffle: whether the samples are drawn at random.
        seed: of the order, the same for every dataset. None draws one from torch's global
            generator, here and now, and orders the datasets of a stream differently.
    """

    def __init__(self, validation_size: int | float, shuffle: bool, seed: int | None) -> None:
        self._size = validation_size
        self._shuffle = shuffle
        self._one_order = seed is not None
        self._seed = any_seed() if seed is None and shuffle else int(seed or 0)

    def __call__(self, dataset: Any) -> tuple[Any, Any]:
        return self.numbered(dataset, 0)

    def numbered(self, dataset: Any, number: int) -> tuple[Any, Any]:
        """Divide the dataset of experience ``number``; the same whenever it is asked for."""
        generator = private_generator(self._seed, 0 if self._one_order else number)
        return _split_random(self._size, self._shuffle, generator, dataset)


def _split_random(
    validation_size: int | float, shuffle: bool, generator: torch.Generator | None, dataset: Any
) -> tuple[Any, Any]:
    n_valid = _size(validation_size, len(dataset))
    order = torch.arange(len(dataset))
    if shuffle:
        order = torch.randperm(len(dataset), generator=generator)
    n_train = len(dataset) - n_valid
    return dataset.subset(order[:n_train]), dataset.subset(order[n_train:])


def split_validation_class_balanced(validation_size: float, dataset: Any = None) -> Any:
    """Divide a dataset into training and validation data, class by class, at random.

    Random numbers come from torch's global generator, here and now, so ``torch.manual_seed``
    repeats a split. A function that is returned has a seed drawn from it.

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
        return BalancedSplit(float(validation_size))
    return _split_balanced(float(validation_size), None, dataset)


class BalancedSplit:
    """Divides datasets as :func:`split_validation_class_balanced`, whenever it is asked to.

    A seed is drawn from torch's global generator, here and now.

    Args:
        validation_size: share of every class.
    """

    def __init__(self, validation_size: float) -> None:
        self._size = validation_size
        self._seed = any_seed()

    def __call__(self, dataset: Any) -> tuple[Any, Any]:
        return self.numbered(dataset, 0)

    def numbered(self, dataset: Any, number: int) -> tuple[Any, Any]:
        """Divide the dataset of experience ``number``; the same whenever it is asked for."""
        return _split_balanced(self._size, private_generator(self._seed, number), dataset)


def _split_balanced(
    validation_size: float, generator: torch.Generator | None, dataset: Any
) -> tuple[Any, Any]:
    train, valid = [], []
    for positions in dataset.targets.groups.values():
        mixed = positions[torch.randperm(len(positions), generator=generator)]
        n_valid = int(len(positions) * validation_size)
        valid.append(mixed[:n_valid])
        train.append(mixed[n_valid:])
    empty = torch.zeros(0, dtype=torch.int64)
    return dataset.subset(torch.cat([*train, empty])), dataset.subset(torch.cat([*valid, empty]))


def _size(validation_size: int | float, n_samples: int | None) -> int:
    """Number of validation samples."""
    if not isinstance(validation_size, numbers.Integral):
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
    return int(validation_size)


def benchmark_with_validation_stream(
    benchmark: CLScenario | None = None,
    validation_size: int | float = 0.5,
    shuffle: bool = False,
    seed: int | str | None = None,
    split_strategy: Split | str | None = None,
    *,
    benchmark_instance: CLScenario | None = None,
    input_stream: str = "train",
    output_stream: str = "valid",
    custom_split_strategy: Split | None = None,
) -> CLScenario:
    """The same benchmark with a stream ``valid`` of samples taken from the train stream.

    Experience i of ``valid`` has samples of experience i of ``train``, which then lacks them. Who
    goes where is settled here; experiences are divided when they are read, and reading them draws
    nothing from torch's global generator. Task labels and class lists stay. Generated data goes
    when ``drop_previous_experiences`` of both streams has let go of it.

    Args:
        benchmark: the benchmark; it is not changed.
        validation_size: number of samples (an int) or share (a float) of every experience.
        shuffle: whether validation samples are drawn at random.
        seed: of the draw, the same in every experience. None draws from torch's global generator,
            here and now, and draws differently in every experience.
        split_strategy: divides a dataset into ``(train, valid)`` instead. Each experience is
            divided once and the parts are kept, so the two never overlap whatever it draws.
        input_stream: name of the stream that samples are taken from.
        output_stream: name of the new stream.
        custom_split_strategy: divides an experience into ``(train, valid)`` datasets; what
            releases up to 0.3 called for in place of ``split_strategy``.
        benchmark_instance: the name of ``benchmark`` in those releases, where the names of the two
            streams came after ``shuffle``; they may stand there.

    Raises:
        ValueError: if there is a stream ``valid`` already, or an experience has too few samples.
        TypeError: if both strategies are given.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> benchmark = benchmark_with_validation_stream(SplitDigits(5, seed=0), 0.25)
        >>> list(benchmark.streams)
        ['train', 'valid', 'test']
    """
    benchmark = benchmark if benchmark_instance is None else benchmark_instance
    if benchmark is None:
        raise TypeError("benchmark_with_validation_stream: needs a benchmark")
    if isinstance(seed, str):
        input_stream, seed = seed, None
    if isinstance(split_strategy, str):
        output_stream, split_strategy = split_strategy, None
    if output_stream in benchmark.streams:
        raise ValueError(
            f"benchmark has a stream {output_stream!r} already; use it, or make the benchmark "
            "without it"
        )
    if input_stream not in benchmark.streams:
        raise ValueError(
            f"benchmark has the streams {list(benchmark.streams)}: expected one called "
            f"{input_stream!r}"
        )
    if split_strategy is not None and custom_split_strategy is not None:
        raise TypeError("split_strategy and custom_split_strategy: both divide; pass one of them")
    split = split_strategy or split_validation_random(validation_size, shuffle, seed)
    splits = OnceSplit(split, benchmark.streams[input_stream], custom_split_strategy)
    streams = []
    for name, stream in benchmark.streams.items():
        if name == input_stream:
            for part, part_name in enumerate((input_stream, output_stream)):
                change, drop = partial(splits.part, part), partial(splits.drop, part)
                streams.append(map_stream(stream, change, part_name, drop))
        else:
            streams.append(map_stream(stream, copied))
    return DerivedScenario(streams, benchmark)


class OnceSplit:
    """Divides every experience of a stream in the same way whenever it is read.

    Of a split that repeats by itself (one with a method ``numbered``) nothing is kept alive; of
    any other both parts are kept from the first reading on.

    Args:
        strategy: divides a dataset in two.
        stream: the stream.
        custom: divides an experience in two, instead.
    """

    def __init__(self, strategy: Split, stream: Any, custom: Split | None = None) -> None:
        self._strategy = strategy
        self._stream = stream
        self._custom = custom
        self._repeats = custom is None and hasattr(strategy, "numbered")
        self._seed = 0 if self._repeats else any_seed()
        self._parts = self._empty()
        self._dropped = [-1, -1]

    def _empty(self) -> MutableMapping[tuple[int, int], Any]:
        return WeakValueDictionary() if self._repeats else {}

    def part(self, which: int, experience: Any, number: int) -> Any:
        """The experience with one of the parts of its data: 0 is training, 1 validation."""
        return with_dataset(experience, partial(self._read, which, experience, number))

    def drop(self, which: int, to_exp: int) -> None:
        """Let go of one part of the experiences up to ``to_exp``; of the data with the other."""
        self._dropped[which] = max(self._dropped[which], to_exp)
        both = min(self._dropped)
        if both >= 0:
            drop_previous(self._stream, both)
            for key in [key for key in self._parts if key[1] <= both]:
                del self._parts[key]

    def _read(self, which: int, experience: Any, number: int) -> Any:
        found = self._parts.get((which, number))
        if found is None:
            parts = self._divide(experience, number)
            self._parts[0, number], self._parts[1, number] = parts
            found = parts[which]
        return found

    def _divide(self, experience: Any, number: int) -> tuple[Any, Any]:
        if self._repeats:
            split = self._strategy.numbered  # type: ignore[attr-defined]
            train, valid = split(experience.dataset, number)
        else:
            with PrivateDraws(self._seed, number).used():
                if self._custom is not None:
                    train, valid = self._custom(experience)
                else:
                    train, valid = self._strategy(experience.dataset)
        return train, valid.eval()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_parts": {} if self._repeats else self._parts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._repeats:
            self._parts = self._empty()
