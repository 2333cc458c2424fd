"""Benchmarks in general: a set of named streams."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .experiences import CLExperience, ExperienceAttribute, ExperienceMode, MaskedAttributeError
from .streams import (
    CLStream,
    EagerCLStream,
    LazyCLStream,
    SequenceCLStream,
    SizedCLStream,
    make_stream,
)

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

    def __getattr__(self, name: str) -> Any:
        """Only reached for what does not exist: names the streams there are."""
        known = [f"{stream}_stream" for stream in self.__dict__.get("_streams", {})]
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}; its streams are {known}"
        )
