"""Benchmarks in general: a set of named streams."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from avalanche.core.experiences import (
    CLExperience,
    ExperienceAttribute,
    ExperienceMode,
    MaskedAttributeError,
)

from .streams import (
    CLStream,
    EagerCLStream,
    LazyCLStream,
    SequenceCLStream,
    SizedCLStream,
    make_stream,
)
from .summary import BenchmarkSummary, summarize

__all__ = [
    "CLExperience",
    "CLScenario",
    "CLStream",
    "EagerCLStream",
    "ExperienceAttribute",
    "ExperienceMode",
    "LazyCLStream",
    "MaskedAttributeError",
    "SequenceCLStream",
    "SizedCLStream",
    "make_stream",
]


class CLScenario:
    """A benchmark: streams by name, each also the field ``<name>_stream``.

    Args:
        streams: the streams. Those that belong to no benchmark yet become this one's.

    Raises:
        ValueError: if a name is no identifier or occurs twice.

    Example:
        >>> benchmark = CLScenario([EagerCLStream("train", [CLExperience(), CLExperience()])])
        >>> [e.current_experience for e in benchmark.train_stream], list(benchmark.streams)
        ([0, 1], ['train'])
    """

    def __init__(self, streams: Iterable[Any]) -> None:
        self._streams: dict[str, Any] = {}
        for stream in streams:
            name = stream.name
            if not re.fullmatch(r"[A-Za-z][A-Za-z_\d]*", name):
                raise ValueError(
                    f"stream name {name!r}: expected a letter, then letters, digits and "
                    "underscores; rename the stream"
                )
            if name in self._streams:
                raise ValueError(f"stream name {name!r} occurs twice; rename one of the streams")
            if stream.benchmark is None:
                stream.benchmark = self
            self._streams[name] = stream
            setattr(self, f"{name}_stream", stream)

    @property
    def streams(self) -> dict[str, Any]:
        """The streams by name."""
        return dict(self._streams)

    def summary(self, max_experiences: int = 50) -> BenchmarkSummary:
        """A table of the streams: sizes, classes, overlap, task labels.

        Args:
            max_experiences: how many experiences of every stream to look at, from the first.

        Returns:
            An object that prints as a table; ``rows`` and ``totals()`` have the numbers.
        """
        return summarize(self, max_experiences)

    def picture(self, stream: str = "train", max_experiences: int = 200) -> Any:
        """A picture of a stream: its classes by experience.

        Args:
            stream: name of the stream.
            max_experiences: how many experiences to draw, from the first.

        Returns:
            A ``matplotlib.figure.Figure``.

        Raises:
            ValueError: if there is no such stream, or it has no class labels.
        """
        from .picture import stream_picture

        if stream not in self._streams:
            raise ValueError(
                f"stream={stream!r}: the benchmark has no such stream; expected one of "
                f"{list(self._streams)}"
            )
        return stream_picture(self._streams[stream], max_experiences)

    def __getattr__(self, name: str) -> Any:
        """Only reached for what does not exist: names the streams there are."""
        known = [f"{stream}_stream" for stream in self.__dict__.get("_streams", {})]
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}; its streams are {known}"
        )
