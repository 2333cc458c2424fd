"""`data_incremental_benchmark`: the experiences of a benchmark in pieces of a fixed size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, cast
from weakref import WeakValueDictionary

import torch

from .classes_timeline import with_classes_timeline
from .classification_scenario import ClassificationScenario, labelled_dataset
from .dataset_experience import DatasetExperience, copied, map_stream
from .draws import PrivateDraws, private_generator
from .generic_scenario import CLScenario
from .online_experience import any_seed, check_size, n_parts
from .split_strategies import fixed_size_experience_split_strategy
from .stream_definitions import ExperienceData
from .streams import EagerCLStream, LazyCLStream, SequenceCLStream, drop_previous
from .task_aware import has_task_labels

Split = Callable[[Any], Sequence[Any]]


def data_incremental_benchmark(
    benchmark_instance: CLScenario,
    experience_size: int,
    shuffle: bool = False,
    split_streams: Sequence[str] | bool = ("train",),
    custom_split_strategy: Split | Sequence[str] | None = None,
    *older: Any,
    benchmark_factory: Callable[[CLScenario, list[Any]], Any] | None = None,
    experience_factory: Callable[[Any, Any, int, Any], Any] | None = None,
    drop_last: bool = False,
) -> Any:
    """The same samples in experiences of a fixed size, with their task labels.

    Experiences are cut when they are first needed.

    Args:
        benchmark_instance: the benchmark; it is not changed.
        experience_size: samples per new experience; the last piece of an experience may have
            fewer.
        shuffle: whether the samples of an experience are dealt out in random order, decided here
            by a seed drawn from torch's global generator.
        split_streams: names of the streams to cut; others stay as they are.
        custom_split_strategy: gives the datasets that an experience is cut into, instead; it is
            asked once, and they are kept.
        benchmark_factory: makes the new benchmark of ``(benchmark_instance, streams)``; by
            default a :class:`ClassificationScenario` where samples have task labels, else a
            :class:`CLScenario` with class lists.
        experience_factory: makes a new experience of ``(stream, original experience, number,
            dataset)``.
        drop_last: whether a last piece with fewer samples is left out.
        *older: releases up to 0.5 had ``drop_last`` before ``split_streams``, also by position.

    Raises:
        ValueError: if a stream does not exist or the size is not above zero.
        TypeError: too many arguments, or both a strategy and ``drop_last``.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> pieces = data_incremental_benchmark(SplitDigits(5, seed=0), 100)
        >>> [len(e.dataset) for e in pieces.train_stream][:3]
        [100, 100, 72]
    """
    if isinstance(split_streams, bool):
        drop_last, split_streams = split_streams, ("train",)
        if custom_split_strategy is not None and not callable(custom_split_strategy):
            split_streams = custom_split_strategy
            custom_split_strategy, older = (older[0], older[1:]) if older else (None, ())
    if older:
        raise TypeError(f"data_incremental_benchmark: too many arguments, {older!r}")
    custom = cast("Split | None", custom_split_strategy)
    if custom is None:
        experience_size = check_size(experience_size)
    elif drop_last:
        raise TypeError("drop_last and custom_split_strategy: let the latter leave pieces out")
    if drop_last:
        custom = partial(fixed_size_experience_split_strategy, experience_size, shuffle, True)
    known = benchmark_instance.streams
    for name in split_streams:
        if name not in known:
            raise ValueError(
                f"split_streams={list(split_streams)}: the benchmark has no stream {name!r}; "
                f"expected some of {list(known)}"
            )
    pieces = {
        name: Pieces(stream, experience_size, shuffle, custom)
        if name in split_streams
        else Pieces(stream, None, False, None)
        for name, stream in known.items()
    }
    plain = benchmark_factory is None and experience_factory is None
    if plain and {"train", "test"} <= set(known) and all(_labelled(p) for p in pieces.values()):
        definitions = {name: PieceData(p, name) for name, p in pieces.items()}
        return ClassificationScenario(stream_definitions=definitions)
    streams = []
    for name, own in pieces.items():
        if name in split_streams:
            streams.append(_stream(name, own, experience_factory))
        else:
            streams.append(map_stream(known[name], copied))
    if benchmark_factory is not None:
        return benchmark_factory(benchmark_instance, streams)
    return with_classes_timeline(CLScenario(streams))


def _labelled(pieces: Pieces) -> bool:
    return has_task_labels(next(iter(pieces.stream)).dataset)


def _stream(name: str, pieces: Pieces, factory: Callable[[Any, Any, int, Any], Any] | None) -> Any:
    if factory is None:
        make = partial(_experience, pieces)
        return LazyCLStream(name, make, pieces.__len__, drop=pieces.drop)
    stream: EagerCLStream[Any] = EagerCLStream(name, [])
    made = [factory(stream, origin, i, dataset) for i, (origin, dataset) in enumerate(pieces)]
    stream._exps = tuple(made)
    return stream


def _experience(pieces: Pieces, number: int) -> DatasetExperience:
    return DatasetExperience(dataset=pieces[number][1])


class Pieces:
    """The pieces of all experiences of a stream, cut when they are read.

    What is remembered is how many pieces every experience has; an error while an experience is
    read leaves the ones before it as they are, and the next reading tries again.

    Args:
        stream: the stream.
        size: samples per piece; None leaves experiences whole.
        shuffle: whether samples are dealt out in random order.
        custom: gives the datasets of an experience instead; these are kept.
    """

    def __init__(self, stream: Any, size: int | None, shuffle: bool, custom: Split | None) -> None:
        self.stream = stream
        self._size = size
        self._shuffle = shuffle
        self._custom = custom
        self._seed = any_seed() if custom is not None or (shuffle and size is not None) else 0
        self._ends: list[int] = []
        self._complete = False
        self._custom_pieces: dict[int, list[Any]] = {}
        self._recent: tuple[int, Any, Sequence[torch.Tensor]] | None = None
        self._alive: WeakValueDictionary[int, Any] = WeakValueDictionary()

    def _load(self, count: int | None) -> None:
        """Find out how many pieces experiences have, until there are ``count``; None for all."""
        while not self._complete and (count is None or self._total < count):
            experience = self._origin(len(self._ends))
            if experience is None:
                self._complete = True
            else:
                self._ends.append(self._total + self._count(experience, len(self._ends)))

    @property
    def _total(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _origin(self, which: int) -> Any:
        """An experience of the stream, or None after the last."""
        if isinstance(self.stream, SequenceCLStream):
            return self.stream[which] if which < len(self.stream) else None
        return next(islice(iter(self.stream), which, None), None)

    def _count(self, experience: Any, which: int) -> int:
        if self._custom is not None:
            with PrivateDraws(self._seed, which).used():
                self._custom_pieces[which] = list(self._custom(experience))
            return len(self._custom_pieces[which])
        if self._size is None:
            return 1
        return max(n_parts(len(experience.dataset), self._size, False), 1)

    def _rows(self, which: int, n_samples: int) -> Sequence[torch.Tensor]:
        assert self._size is not None
        order = torch.arange(n_samples)
        if self._shuffle:
            order = torch.randperm(n_samples, generator=private_generator(self._seed, which))
        pieces: tuple[torch.Tensor, ...] = order.split(self._size)
        return pieces

    def __len__(self) -> int:
        self._load(None)
        return self._total

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        self._load(number + 1)
        which = bisect_right(self._ends, number)
        if self._recent is None or self._recent[0] != which:
            experience = self._origin(which)
            cut = self._custom is None and self._size is not None
            rows = self._rows(which, len(experience.dataset)) if cut else ()
            self._recent = which, experience, rows
        _, experience, rows = self._recent
        place = number - (self._ends[which - 1] if which else 0)
        if self._custom is not None:
            return experience, self._custom_pieces[which][place]
        if self._size is None:
            return experience, experience.dataset
        found = self._alive.get(number)
        if found is None:
            self._alive[number] = found = experience.dataset.subset(rows[place])
        return experience, found

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return (self[number] for number in range(len(self)))

    def drop(self, number: int) -> None:
        """Let go of the experiences whose pieces all come up to ``number``."""
        self._load(number + 1)
        done = bisect_right(self._ends, number + 1)
        if done:
            drop_previous(self.stream, done - 1)
            self._recent = None
            for which in [which for which in self._custom_pieces if which < done]:
                del self._custom_pieces[which]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recent": None, "_alive": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._alive = WeakValueDictionary()


class PieceData(ExperienceData):
    """Pieces as the experiences of a classification stream."""

    def __init__(self, pieces: Pieces, stream: str) -> None:
        self._pieces = pieces
        self._train = stream == "train"

    def __len__(self) -> int:
        return len(self._pieces)

    def drop_previous(self, to_exp: int) -> None:
        """Let go of the experiences whose pieces all come up to ``to_exp``."""
        self._pieces.drop(to_exp)

    def dataset(self, exp_id: int) -> Any:
        return labelled_dataset(self._pieces[exp_id][1], None, train=self._train)

    def task_labels(self, exp_id: int) -> list[int]:
        return sorted(self._pieces[exp_id][1].targets_task_labels.uniques)

    def classes(self, exp_id: int) -> list[int]:
        return sorted(self._pieces[exp_id][1].targets.uniques)
