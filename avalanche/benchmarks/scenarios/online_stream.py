"""Online streams: every experience cut into small parts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .online_experience import (
    FixedSizeExperienceSplitter,
    OnlineCLExperience,
    any_seed,
    check_size,
    n_parts,
)
from .streams import CLStream, LazyCLStream, SequenceCLStream

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
            are then not used.
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
    if experience_split_strategy is not None:
        strategy = experience_split_strategy
        return CLStream(name, (part for e in original_stream for part in strategy(e)))
    check_size(experience_size)
    base = any_seed() if seed is None and shuffle else 0

    def splitter(experience: Any, number: int) -> FixedSizeExperienceSplitter:
        own = (base + number) % 2**63 if seed is None else seed
        return FixedSizeExperienceSplitter(
            experience, experience_size, shuffle, drop_last, access_task_boundaries, own
        )

    if isinstance(original_stream, (SequenceCLStream, list, tuple)):
        parts = Parts(original_stream, splitter, experience_size, drop_last)
        return LazyCLStream(name, parts.part, parts.__len__, iterate=parts.__iter__)
    return CLStream(name, (part for i, e in enumerate(original_stream) for part in splitter(e, i)))


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
        self._recent: tuple[int, FixedSizeExperienceSplitter] | None = None

    def __iter__(self) -> Iterator[OnlineCLExperience]:
        for number, experience in enumerate(self._stream):
            yield from self._splitter(experience, number)

    def __len__(self) -> int:
        if not self._ends:
            total = 0
            for experience in self._stream:
                total += n_parts(len(experience.dataset), self._size, self._drop_last)
                self._ends.append(total)
        return self._ends[-1] if self._ends else 0

    def part(self, number: int) -> OnlineCLExperience:
        """One part; finding it needs the sizes of all experiences once."""
        len(self)
        which = bisect_right(self._ends, number)
        if self._recent is None or self._recent[0] != which:
            self._recent = which, self._splitter(self._stream[which], which)
        first = self._ends[which - 1] if which else 0
        return self._recent[1][number - first]
