"""Checks that every buffer must pass."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch

from avalanche.testing import streams

__all__ = ["check_buffer"]


def check_buffer(make: Callable[[int], Any]) -> None:
    """Run every check on a buffer.

    An empty buffer is legal, the capacity is never exceeded and always used, no sample is stored
    twice, what is given stays as it was, and the state comes back.

    Args:
        make: ``make(max_size)`` gives a new buffer.

    Raises:
        AssertionError: with what is wrong.
    """
    benchmark = streams.class_incremental()
    for size in (0, 1, 7, 10_000):
        buffer = make(size)
        assert len(buffer.buffer) == 0, "a new buffer must be empty"
        seen = 0
        for experience in benchmark.train_stream:
            before = len(experience.dataset)
            buffer.update(SimpleNamespace(experience=experience))
            assert len(experience.dataset) == before, "the experience was changed"
            seen += before
            stored = len(buffer.buffer)
            assert stored <= size, f"max_size={size} and {stored} samples stored"
            assert stored == min(size, seen), f"{stored} stored of {seen}, max_size={size}"
            assert len(set(_positions(buffer))) == stored, "a sample is stored twice"
    _check_resize(make, benchmark)
    _check_state(make, benchmark)


def _check_resize(make: Callable[[int], Any], benchmark: Any) -> None:
    buffer = make(20)
    for experience in benchmark.train_stream:
        buffer.update(SimpleNamespace(experience=experience))
    kept = set(_positions(buffer))
    buffer.resize(None, 6)
    assert len(buffer.buffer) == 6, "resize(6) must leave 6 samples"
    assert set(_positions(buffer)) <= kept, "shrinking brought in other samples"


def _check_state(make: Callable[[int], Any], benchmark: Any) -> None:
    buffer, restored = make(9), make(9)
    parts = [p for e in benchmark.train_stream for p in e.dataset.parts]
    first, second, *_ = benchmark.train_stream
    buffer.update(SimpleNamespace(experience=first))
    restored.load_state_dict(buffer.state_dict(), parts)
    for b in (buffer, restored):
        torch.manual_seed(0)
        b.update(SimpleNamespace(experience=second))
    assert _positions(buffer) == _positions(restored), "the restored buffer goes on differently"


def _positions(buffer: Any) -> list[tuple[int, int]]:
    """Where each stored sample lies: part and row."""
    data = buffer.buffer
    parts = data.part_ids if data.part_ids is not None else torch.zeros_like(data.rows)
    return list(zip(parts.tolist(), data.rows.tolist(), strict=True))
