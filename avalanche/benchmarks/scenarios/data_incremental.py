"""`data_incremental_benchmark`: the experiences of a benchmark in pieces of a fixed size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from .classes_timeline import with_classes_timeline
from .classification_scenario import ClassificationScenario, labelled_dataset
from .dataset_experience import DatasetExperience, map_stream
from .generic_scenario import CLScenario
from .online_experience import check_size
from .stream_definitions import ExperienceData
from .streams import EagerCLStream, LazyCLStream
from .task_aware import has_task_labels

Split = Callable[[Any], Sequence[Any]]


def data_incremental_benchmark(
    benchmark_instance: CLScenario,
    experience_size: int,
    shuffle: bool = False,
    split_streams: Sequence[str] = ("train",),
    custom_split_strategy: Split | None = None,
    *,
    benchmark_factory: Callable[[CLScenario, list[Any]], Any] | None = None,
    experience_factory: Callable[[Any, Any, int, Any], Any] | None = None,
) -> Any:
    """The same samples in experiences of a fixed size, with their task labels.

    Experiences are cut when they are first needed.

    Args:
        benchmark_instance: the benchmark; it is not changed.
        experience_size: samples per new experience; the last piece of an experience may have
            fewer.
        shuffle: whether the samples of an experience are dealt out in random order, drawn from
            torch's global generator.
        split_streams: names of the streams to cut; others stay as they are.
        custom_split_strategy: gives the datasets that an experience is cut into, instead.
        benchmark_factory: makes the new benchmark of ``(benchmark_instance, streams)``; by
            default a :class:`ClassificationScenario` where samples have task labels, else a
            :class:`CLScenario` with class lists.
        experience_factory: makes a new experience of ``(stream, original experience, number,
            dataset)``.

    Raises:
        ValueError: if a stream does not exist or the size is not above zero.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> pieces = data_incremental_benchmark(SplitDigits(5, seed=0), 100)
        >>> [len(e.dataset) for e in pieces.train_stream][:3]
        [100, 100, 72]
    """
    if custom_split_strategy is None:
        check_size(experience_size)
    known = benchmark_instance.streams
    for name in split_streams:
        if name not in known:
            raise ValueError(
                f"split_streams={list(split_streams)}: the benchmark has no stream {name!r}; "
                f"expected some of {list(known)}"
            )
    pieces = {
        name: Pieces(stream, experience_size, shuffle, custom_split_strategy)
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
            streams.append(map_stream(known[name], lambda e, _: e._copy()))
    if benchmark_factory is not None:
        return benchmark_factory(benchmark_instance, streams)
    return with_classes_timeline(CLScenario(streams))


def _labelled(pieces: Pieces) -> bool:
    return has_task_labels(next(iter(pieces.stream)).dataset)


def _stream(name: str, pieces: Pieces, factory: Callable[[Any, Any, int, Any], Any] | None) -> Any:
    if factory is None:
        return LazyCLStream(name, lambda i: DatasetExperience(dataset=pieces[i][1]), pieces.__len__)
    stream: EagerCLStream[Any] = EagerCLStream(name, [])
    made = [factory(stream, origin, i, dataset) for i, (origin, dataset) in enumerate(pieces)]
    stream._exps = tuple(made)
    return stream


class Pieces:
    """The pieces of all experiences of a stream.

    Args:
        stream: the stream.
        size: samples per piece; None leaves experiences whole.
        shuffle: whether samples are dealt out in random order.
        custom: gives the datasets of an experience instead.
    """

    def __init__(self, stream: Any, size: int | None, shuffle: bool, custom: Split | None) -> None:
        self.stream = stream
        self._size = size
        self._shuffle = shuffle
        self._custom = custom
        self._made: list[tuple[Any, Any]] = []
        self._coming: Iterator[tuple[Any, Any]] | None = None
        self._complete = False

    def _cut(self) -> Iterator[tuple[Any, Any]]:
        for experience in self.stream:
            dataset = experience.dataset
            if self._custom is not None:
                yield from ((experience, piece) for piece in self._custom(experience))
            elif self._size is None:
                yield experience, dataset
            else:
                n = len(dataset)
                order = torch.randperm(n) if self._shuffle else torch.arange(n)
                yield from ((experience, dataset.subset(p)) for p in order.split(self._size))

    def _load(self, count: int | None) -> None:
        if self._coming is None:
            self._coming = self._cut()
        while not self._complete and (count is None or len(self._made) < count):
            made = next(self._coming, None)
            if made is None:
                self._complete = True
            else:
                self._made.append(made)

    def __len__(self) -> int:
        self._load(None)
        return len(self._made)

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        self._load(number + 1)
        return self._made[number]

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return (self[number] for number in range(len(self)))


class PieceData(ExperienceData):
    """Pieces as the experiences of a classification stream."""

    def __init__(self, pieces: Pieces, stream: str) -> None:
        self._pieces = pieces
        self._train = stream == "train"

    def __len__(self) -> int:
        return len(self._pieces)

    def dataset(self, exp_id: int) -> Any:
        return labelled_dataset(self._pieces[exp_id][1], None, train=self._train)

    def task_labels(self, exp_id: int) -> list[int]:
        return sorted(self._pieces[exp_id][1].targets_task_labels.uniques)

    def classes(self, exp_id: int) -> list[int]:
        return sorted(self._pieces[exp_id][1].targets.uniques)
