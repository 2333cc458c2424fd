"""Streams: named sequences of experiences, made when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar, overload

import torch

from avalanche.core.experiences import CLExperience

TExperience = TypeVar("TExperience", bound=CLExperience)
S = TypeVar("S", bound="SequenceCLStream[Any]")


class CLStream(Generic[TExperience]):
    """A named iterable of experiences, of a length that need not be known.

    Experiences that a generator has made are kept, so that the stream can be read again. An error
    while one is made is raised at every reading that comes to it, until it is mended; a generator
    can't go on after an error, so there it stays. A pickled stream has the experiences made so far.

    Args:
        name: the stream's name, such as ``"train"``.
        exps_iter: the experiences; may be a generator.
        benchmark: the benchmark that the stream belongs to.
        set_stream_info: whether to number the experiences and tie them to this stream.
    """

    def __init__(
        self,
        name: str,
        exps_iter: Iterable[TExperience],
        benchmark: Any = None,
        set_stream_info: bool = True,
    ) -> None:
        self.name = name
        self.benchmark = benchmark
        self.set_stream_info = set_stream_info
        self._source = exps_iter
        self._coming: Iterator[TExperience] | None = None
        self._made: list[TExperience] = []
        self._failed: Exception | None = None

    def __iter__(self) -> Iterator[TExperience]:
        position = 0
        while True:
            if position == len(self._made):
                try:
                    self._made.append(self._next())
                except StopIteration:
                    return
            yield self._numbered(self._made[position], position)
            position += 1

    def _next(self) -> TExperience:
        """The first experience that is not made yet."""
        if self._failed is not None:
            raise self._failed
        if self._coming is None:
            self._coming = iter(self._source)
            if self._coming is not self._source:  # it starts anew
                self._coming = islice(self._coming, len(self._made), None)
        try:
            return next(self._coming)
        except StopIteration:
            raise
        except Exception as error:
            if iter(self._source) is self._source:
                self._failed = error
            self._coming = None
            raise

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_coming": None}
        if isinstance(self._source, Iterator):
            lost = RuntimeError(
                f"{self.name}_stream: this copy has only the {len(self._made)} experiences that "
                "were made when the stream was pickled; a generator can't be copied, read the "
                "stream to its end first"
            )
            state.update(_source=(), _failed=self._failed or lost)
        return state

    def _numbered(self, experience: TExperience, position: int) -> TExperience:
        if self.set_stream_info:
            experience.current_experience = position
            experience.origin_stream = self
        return experience


class SizedCLStream(CLStream[TExperience]):
    """A stream to iterate whose length is known.

    Args:
        name: the stream's name.
        exps_iter: the experiences; has a length.
        benchmark: the benchmark that the stream belongs to.
        set_stream_info: whether to number the experiences and tie them to this stream.
    """

    def __init__(
        self,
        name: str,
        exps_iter: Iterable[TExperience],
        benchmark: Any = None,
        set_stream_info: bool = True,
    ) -> None:
        super().__init__(name, exps_iter, benchmark, set_stream_info)
        self._length = len(exps_iter) if isinstance(exps_iter, Sized) else None

    def __len__(self) -> int:
        if self._length is None:
            raise TypeError(f"{self.name}_stream: its length is unknown; iterate it instead")
        return self._length


class SequenceCLStream(SizedCLStream[TExperience], Sequence[TExperience], ABC):
    """A stream whose experiences can be reached by position; a ``Sequence`` of Python.

    ``stream[2]`` is an experience; ``stream[2:]`` and ``stream[[0, 3]]`` are streams, whose
    experiences keep the ids that they have in the whole stream. Negative positions count from the
    end. Subclasses say how many experiences there are and make one by id.

    Args:
        name: the stream's name.
        benchmark: the benchmark that the stream belongs to.
        set_stream_info: whether to tie the experiences to this stream.
        slice_ids: ids of the experiences, of those of the whole stream; all by default.

    Raises:
        IndexError: for a position that the stream does not have.
    """

    def __init__(
        self,
        name: str,
        benchmark: Any,
        set_stream_info: bool = True,
        slice_ids: Sequence[int] | None = None,
    ) -> None:
        super().__init__(name, (), benchmark, set_stream_info)
        self.slice_ids = None if slice_ids is None else list(slice_ids)

    @abstractmethod
    def _full_length(self) -> int:
        """Number of experiences of the whole stream."""

    @abstractmethod
    def _make_experience(self, exp_id: int) -> TExperience:
        """The experience with an id of the whole stream."""

    def __len__(self) -> int:
        return self._full_length() if self.slice_ids is None else len(self.slice_ids)

    @overload
    def __getitem__(self, item: int) -> TExperience: ...
    @overload
    def __getitem__(self: S, item: slice | Sequence[int] | torch.Tensor) -> S: ...
    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, slice):
            return self._sliced(range(len(self))[item])
        if isinstance(item, torch.Tensor) and item.ndim:
            return self._sliced(item.tolist())
        if isinstance(item, (list, tuple, range)):
            return self._sliced(item)
        exp_id = self._id_of(int(item))
        experience = self._make_experience(exp_id)
        if self.set_stream_info:
            experience.current_experience = exp_id
            experience.origin_stream = self
        return experience

    def __iter__(self) -> Iterator[TExperience]:
        return (self[position] for position in range(len(self)))

    def whole(self: S) -> S:
        """The whole stream that this one is a part of; itself if it is whole."""
        if self.slice_ids is None:
            return self
        other = self._sliced(())
        other.slice_ids = None
        return other

    def _id_of(self, position: int) -> int:
        if not -len(self) <= position < len(self):
            raise IndexError(
                f"{self.name}_stream[{position}]: index out of range, the stream has {len(self)} "
                f"experiences; use 0 to {len(self) - 1}, or -1 for the last"
            )
        position %= len(self)
        return position if self.slice_ids is None else self.slice_ids[position]

    def _sliced(self: S, positions: Iterable[int]) -> S:
        ids = [self._id_of(int(position)) for position in positions]
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.slice_ids = ids
        return other

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} experiences)"


class EagerCLStream(SequenceCLStream[TExperience]):
    """A stream of experiences that exist already.

    Args:
        name: the stream's name.
        exps: the experiences.
        benchmark: the benchmark that the stream belongs to.
        set_stream_info: whether to number the experiences and tie them to this stream.
        slice_ids: positions of the experiences to show; all by default.
    """

    def __init__(
        self,
        name: str,
        exps: Sequence[TExperience],
        benchmark: Any = None,
        set_stream_info: bool = True,
        slice_ids: Sequence[int] | None = None,
    ) -> None:
        super().__init__(name, benchmark, set_stream_info, slice_ids)
        self._exps = tuple(exps)

    @property
    def exps(self) -> tuple[TExperience, ...]:
        """The experiences of the whole stream."""
        return self._exps

    def _full_length(self) -> int:
        return len(self._exps)

    def _make_experience(self, exp_id: int) -> TExperience:
        return self._exps[exp_id]


class LazyCLStream(SequenceCLStream[TExperience]):
    """A stream that makes an experience, by its number, whenever it is asked for.

    Nothing is kept: a stream of ten thousand experiences costs what one costs.

    Args:
        name: the stream's name.
        make: gives the experience with a number from 0 to ``length - 1``.
        length: number of experiences, or a function that finds it when it is first needed.
        benchmark: the benchmark that the stream belongs to.
        iterate: gives all experiences in order, where that is cheaper than one by one.
        drop: lets go of what the experiences up to a number are made of.

    Example:
        >>> stream = LazyCLStream("train", CLExperience, 10_000)
        >>> stream[-1].current_experience, len(stream[10:20])
        (9999, 10)
    """

    def __init__(
        self,
        name: str,
        make: Callable[[int], TExperience],
        length: int | Callable[[], int],
        benchmark: Any = None,
        iterate: Callable[[], Iterator[TExperience]] | None = None,
        drop: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(name, benchmark)
        self._make = make
        self._count = length
        self._iterate = iterate
        self._drop = drop

    def drop_previous_experiences(self, to_exp: int) -> None:
        """Let go of the generated datasets up to ``to_exp``, included; no effect on others."""
        if self._drop is not None:
            self._drop(range(self._full_length())[to_exp])

    def _full_length(self) -> int:
        if not isinstance(self._count, int):
            self._count = self._count()
        return self._count

    def _make_experience(self, exp_id: int) -> TExperience:
        return self._make(exp_id)

    def __iter__(self) -> Iterator[TExperience]:
        if self._iterate is None or self.slice_ids is not None:
            yield from super().__iter__()
            return
        for position, experience in enumerate(self._iterate()):
            yield self._numbered(experience, position)


class RepeatedCLStream(CLStream[TExperience]):
    """A stream that is made anew whenever it is iterated; nothing is kept.

    Args:
        name: the stream's name.
        exps_iter: the experiences; must start again with every iteration.
        benchmark: the benchmark that the stream belongs to.
        set_stream_info: whether to number the experiences and tie them to this stream.
    """

    def __iter__(self) -> Iterator[TExperience]:
        for position, experience in enumerate(self._source):
            yield self._numbered(experience, position)


def drop_previous(stream: Any, to_exp: int) -> None:
    """Have a stream let go of its datasets up to ``to_exp``, if it is of a kind that can."""
    drop = getattr(stream, "drop_previous_experiences", None)
    if drop is not None:
        drop(to_exp)


def make_stream(name: str, exps: Iterable[Any]) -> CLStream[Any]:
    """The kind of stream that fits: by position for a sequence, else one to iterate.

    Args:
        name: the stream's name.
        exps: the experiences.
    """
    if isinstance(exps, Sequence) and not isinstance(exps, CLStream):  # streams stay lazy
        return EagerCLStream(name, exps)
    return SizedCLStream(name, exps) if isinstance(exps, Sized) else CLStream(name, exps)
