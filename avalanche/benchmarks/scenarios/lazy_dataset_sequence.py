"""Datasets that a generator makes one after the other, when they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload


class LazyDatasetSequence(Sequence[Any]):
    """The datasets of a stream, taken from a generator up to the one that is asked for.

    Args:
        experience_generator: yields one dataset per experience.
        stream_length: how many it yields.

    Raises:
        ValueError: if the generator ends early.
        RuntimeError: on reading a dataset that was dropped.

    Example:
        >>> made = LazyDatasetSequence(([i] * 3 for i in range(4)), 4)
        >>> made[1], made.get_experience_if_loaded(2)
        ([1, 1, 1], None)
        >>> made.drop_previous_experiences(0)
        >>> made[0]
        Traceback (most recent call last):
        ...
        RuntimeError: experience 0 was dropped...
    """

    def __init__(self, experience_generator: Iterable[Any], stream_length: int) -> None:
        if not isinstance(stream_length, int) or stream_length < 0:
            raise ValueError(
                f"stream_length={stream_length!r}: expected the number of experiences that the "
                "generator makes"
            )
        self._coming = iter(experience_generator)
        self._length = stream_length
        self._loaded: dict[int, Any] = {}
        self._next = 0
        self._dropped = 0
        self._failed: Exception | None = None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, exp_idx: int) -> Any: ...
    @overload
    def __getitem__(self, exp_idx: slice) -> list[Any]: ...
    def __getitem__(self, exp_idx: int | slice) -> Any:
        if isinstance(exp_idx, slice):
            return [self[i] for i in range(len(self))[exp_idx]]
        exp_id = range(len(self))[exp_idx]
        self.load_all_experiences(exp_id)
        if exp_id not in self._loaded:
            raise RuntimeError(
                f"experience {exp_id} was dropped by drop_previous_experiences("
                f"{self._dropped - 1}); keep the dataset if you need it again"
            )
        return self._loaded[exp_id]

    def get_experience_if_loaded(self, exp_idx: int) -> Any:
        """The dataset if it has been made and not been dropped, else None."""
        return self._loaded.get(range(len(self))[exp_idx])

    def drop_previous_experiences(self, to_exp: int) -> None:
        """Let go of the datasets up to ``to_exp``, which is included."""
        last = range(len(self))[to_exp]
        self.load_all_experiences(last)
        for exp_id in range(self._dropped, last + 1):
            self._loaded.pop(exp_id, None)
        self._dropped = max(self._dropped, last + 1)

    def load_all_experiences(self, to_exp: int | None = None) -> None:
        """Have the generator make the datasets up to ``to_exp``; all by default."""
        end = len(self) - 1 if to_exp is None else range(len(self))[to_exp]
        while self._next <= end:
            try:
                if self._failed is not None:
                    raise self._failed
                self._loaded[self._next] = next(self._coming)
            except StopIteration:
                raise ValueError(
                    f"stream_length={self._length}: the generator ended after {self._next} "
                    "datasets; pass the number that it makes"
                ) from None
            except Exception as error:  # the generator has ended with it
                self._failed = error
                raise
            self._next += 1

    def __getstate__(self) -> dict[str, Any]:
        lost = RuntimeError(
            f"this copy of a stream has only the {self._next} datasets that were made when it was "
            "pickled; a generator can't be copied, call load_all_experiences() first"
        )
        return {**self.__dict__, "_coming": iter(()), "_failed": self._failed or lost}
