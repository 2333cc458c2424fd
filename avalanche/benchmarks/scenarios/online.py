"""Online streams and the older online benchmark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from avalanche.core.experiences import CLExperience

from .dataset_experience import copied, map_stream
from .derived_scenario import DerivedScenario
from .linear_decay import split_continuous_linear_decay_stream
from .online_experience import FixedSizeExperienceSplitter, OnlineCLExperience
from .online_stream import split_online_stream

__all__ = [
    "FixedSizeExperienceSplitter",
    "OnlineCLExperience",
    "OnlineCLScenario",
    "split_continuous_linear_decay_stream",
    "split_online_stream",
]

STRATEGIES = ("fixed_size_split", "continuous_linear_decay")


class OnlineCLScenario(DerivedScenario):
    """A benchmark with an online train stream, beside the streams that it was made from.

    ``train_stream`` (also ``train_online_stream``) is online, ``original_<name>_stream`` are the
    given ones. New code is shorter with :func:`split_online_stream`.

    Args:
        original_streams: the streams of a benchmark, ``train`` among them.
        experiences: experiences to cut instead of the whole train stream: one, or a stream or
            another iterable of them.
        experience_size: samples per part.
        stream_split_strategy: ``"fixed_size_split"``: parts of one experience after the other;
            ``"continuous_linear_decay"``: experiences fade into each other.
        access_task_boundaries: whether learners may know about boundaries.
        shuffle: whether samples are dealt out in random order.
        overlap_factor: ``beta`` of :func:`split_continuous_linear_decay_stream`.
        iters_per_virtual_epoch: as there.

    Raises:
        ValueError: for an unknown strategy, or if there is no train stream.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> online = OnlineCLScenario(SplitDigits(5).streams.values(), experience_size=50)
        >>> list(online.streams)
        ['train', 'original_train', 'original_test']
    """

    def __init__(
        self,
        original_streams: Iterable[Any],
        experiences: Any = None,
        experience_size: int = 10,
        stream_split_strategy: str = "fixed_size_split",
        access_task_boundaries: bool = False,
        shuffle: bool = True,
        overlap_factor: float = 4,
        iters_per_virtual_epoch: int = 10,
    ) -> None:
        originals = {stream.name: stream for stream in original_streams}
        if stream_split_strategy not in STRATEGIES:
            raise ValueError(
                f"stream_split_strategy={stream_split_strategy!r}: expected one of {STRATEGIES}"
            )
        if experiences is None and "train" not in originals:
            raise ValueError(
                f"original_streams={sorted(originals)}: expected one called 'train'; pass it, or "
                "experiences="
            )
        source = originals["train"] if experiences is None else experiences
        if isinstance(source, CLExperience):
            source = [source]
        if stream_split_strategy == "fixed_size_split":
            online = split_online_stream(
                source,
                experience_size,
                shuffle,
                access_task_boundaries=access_task_boundaries,
            )
        else:
            online = split_continuous_linear_decay_stream(
                source,
                experience_size,
                iters_per_virtual_epoch,
                overlap_factor,
                shuffle,
                access_task_boundaries,
            )
        online.name = "train"
        self.train_online_stream = online
        streams = [online]
        for name, stream in originals.items():
            streams.append(map_stream(stream, copied, f"original_{name}"))
        first = next(iter(originals.values()), None)
        super().__init__(streams, getattr(first, "benchmark", None))
