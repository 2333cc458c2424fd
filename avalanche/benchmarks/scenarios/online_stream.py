"""Online streams: every experience cut into small parts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .draws import LARGEST, PrivateDraws
from .online_experience import (
    FixedSizeExperienceSplitter,
    OnlineCLExperience,
    any_seed,
    check_size,
    n_parts,
)
from .streams import (
    CLStream,
    LazyCLStream,
    RepeatedCLStream,
    SequenceCLStream,
    drop_previous,
)

Splitter = Callable[[Any], Iterable[Any]]


def split_online_stream(
    original_stream: Iterable[Any],
    experience_size: int,
    shuffle: bool = True,
    drop_last: bool = False,
    experience_split_strategy: Splitter | None = None,
    access_task_boundaries: bool = False,
    seed: int | None = None,
) -> CLStream[Any]:
    """The same samples in small experiences, for learners that see each sample once.

    Nothing is cut before it is needed and nothing is kept: a stream of ten thousand parts costs
    what one costs. It can be read again, in the same order; where ``original_stream`` is read by
    position, so is this one.

    Args:
        original_stream: a stream or a list of experiences.
        experience_size: samples per part.
        shuffle: whether the samples of an experience are dealt out in random order.
        drop_last: whether a last part with fewer samples is left out.
        experience_split_strategy: gives the parts of an experience instead; the arguments above
            are then not used. It is asked anew at every reading, and draws from torch's global
            generator as if that had the same state each time.
        access_task_boundaries: whether learners may know about boundaries, see
            :class:`OnlineCLExperience`.
        seed: of the order within every experience. None draws from torch's global generator,
            here and now, and orders every experience differently.

    Returns:
        A stream named ``<name>_online``.

    Raises:
        ValueError: if the size is not above zero.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> online = split_online_stream(SplitDigits(5, seed=0).train_stream, 10, seed=0)
        >>> online.name, len(online[7].dataset)
        ('train_online', 10)
    """
    name = f"{getattr(original_stream, 'name', 'train')}_online"
    if iter(original_stream) is original_stream:  # a generator: can be read once only
        original_stream = CLStream(name, original_stream, set_stream_info=False)
    if experience_split_strategy is not None:
        return RepeatedCLStream(name, CustomParts(original_stream, experience_split_strategy))
    check_size(experience_size)
    splitter = partial(
        _splitter,
        (experience_size, shuffle, drop_last, access_task_boundaries),
        any_seed() if seed is None and shuffle else seed or 0,
        seed is None,
    )
    parts = Parts(original_stream, splitter, experience_size, drop_last)
    if isinstance(original_stream, (SequenceCLStream, list, tuple)):
        return LazyCLStream(
            name, parts.part, parts.__len__, iterate=parts.__iter__, drop=parts.drop
        )
    return RepeatedCLStream(name, parts)


def _splitter(
    options: tuple[int, bool, bool, bool], seed: int, numbered: bool, experience: Any, number: int
) -> FixedSizeExperienceSplitter:
    own = (seed + number) % LARGEST if numbered else seed
    return FixedSizeExperienceSplitter(experience, *options, own)


class CustomParts:
    """The parts of all experiences as a user's strategy cuts them, to iterate any number of times.

    Args:
        stream: the experiences.
        strategy: gives the parts of an experience.
    """

    def __init__(self, stream: Iterable[Any], strategy: Splitter) -> None:
        self._stream = stream
        self._strategy = strategy
        self._seed = any_seed()

    def __iter__(self) -> Iterator[Any]:
        for number, experience in enumerate(self._stream):
            draws = PrivateDraws(self._seed, number)
            with draws.used():
                parts = iter(self._strategy(experience))
            while True:
                with draws.used():
                    part = next(parts, None)
                if part is None:
                    break
                yield part


class Parts:
    """The parts of all experiences of a stream, by number.

    Args:
        stream: the stream.
        splitter: cuts an experience, given with its number.
        size: samples per part.
        drop_last: whether smaller last parts are left out.
    """

    def __init__(
        self,
        stream: Any,
        splitter: Callable[[Any, int], FixedSizeExperienceSplitter],
        size: int,
        drop_last: bool,
    ) -> None:
        self._stream = stream
        self._splitter = splitter
        self._size = size
        self._drop_last = drop_last
        self._ends: list[int] = []
        self._length: int | None = None
        self._recent: tuple[int, FixedSizeExperienceSplitter] | None = None

    def __iter__(self) -> Iterator[OnlineCLExperience]:
        for number, experience in enumerate(self._stream):
            yield from self._splitter(experience, number)

    def __len__(self) -> int:
        if self._length is None:
            total = 0
            ends = []
            for experience in self._stream:
                total += n_parts(len(experience.dataset), self._size, self._drop_last)
                ends.append(total)
            self._length, self._ends = total, ends
        return self._length

    def drop(self, number: int) -> None:
        """Have the stream let go of the experiences whose parts all come up to ``number``."""
        len(self)
        done = bisect_right(self._ends, number + 1)
        if done:
            self._recent = None
            drop_previous(self._stream, done - 1)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recent": None}

    def part(self, number: int) -> OnlineCLExperience:
        """One part; finding it needs the sizes of all experiences once."""
        len(self)
        which = bisect_right(self._ends, number)
        if self._recent is None or self._recent[0] != which:
            self._recent = which, self._splitter(self._stream[which], which)
        first = self._ends[which - 1] if which else 0
        return self._recent[1][number - first]
