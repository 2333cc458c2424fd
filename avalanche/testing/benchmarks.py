"""Checks that every benchmark must pass."""

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["check_benchmark"]


def check_benchmark(make: Callable[[int], Any], *, partitioned: bool = True) -> None:
    """Run every check on a classification benchmark.

    The order is fixed by the seed, streams can be iterated again and sliced with their numbers
    kept, class lists say what the targets are, and no sample is in two experiences.

    Args:
        make: ``make(seed)`` gives the benchmark.
        partitioned: samples of different training experiences are different; False where the same
            samples come again in another form, as in Permuted MNIST.

    Raises:
        AssertionError: with what is wrong.
    """
    benchmark = make(1)
    assert _signature(benchmark) == _signature(make(1)), "the same seed gave another benchmark"
    assert {"train", "test"} <= set(benchmark.streams), "streams 'train' and 'test' are missing"
    for name, stream in benchmark.streams.items():
        numbers = [e.current_experience for e in stream]
        assert numbers == list(range(len(stream))), f"{name}: experiences are numbered {numbers}"
        assert [e.current_experience for e in stream] == numbers, f"{name}: cannot iterate again"
        assert [e.current_experience for e in stream[1:]] == numbers[1:], f"{name}: slices renumber"
        assert stream[-1].current_experience == numbers[-1], f"{name}: negative index"
        for experience in stream:
            _check_experience(name, experience, benchmark.n_classes)
    if partitioned:
        _check_partition(benchmark.train_stream)


def _signature(benchmark: Any) -> list[Any]:
    """Targets of every experience and a few of its samples."""
    found = []
    for stream in benchmark.streams.values():
        for experience in stream:
            dataset = experience.dataset.eval()
            few = dataset.batch(torch.arange(min(3, len(dataset))))
            found.append((dataset.targets.values.tolist(), [c.tolist() for c in few]))
    return found


def _check_experience(name: str, experience: Any, n_classes: int) -> None:
    dataset = experience.dataset
    where = f"{name}[{experience.current_experience}]"
    assert len(dataset), f"{where} is empty"
    classes = sorted(set(dataset.targets.values.tolist()))
    assert classes == sorted(experience.classes_in_this_experience), f"{where}: wrong class list"
    assert classes[0] >= 0, f"{where}: negative class"
    assert classes[-1] < n_classes, f"{where}: class {classes[-1]} of n_classes={n_classes}"
    x, y, *_ = dataset[0]
    batch = dataset.eval().batch([0])
    assert len(dataset[0]) == len(batch), f"{where}: sample and batch differ in length"
    assert int(y) == int(batch[1][0]), f"{where}: sample and batch differ"
    assert torch.equal(torch.as_tensor(dataset.eval()[0][0]), batch[0][0]), f"{where}: differ"
    assert x is not None


def _check_partition(stream: Any) -> None:
    seen: set[tuple[int, int]] = set()
    keys: dict[int, int] = {}
    for experience in stream:
        data = experience.dataset
        ids = data.part_ids if data.part_ids is not None else torch.zeros_like(data.rows)
        numbers = [keys.setdefault(id(part.source), len(keys)) for part in data.parts]
        own = {(numbers[i], r) for i, r in zip(ids.tolist(), data.rows.tolist(), strict=True)}
        assert len(own) == len(data), f"{experience.current_experience}: a sample comes twice"
        assert not own & seen, (
            f"{experience.current_experience}: shares samples with an earlier one"
        )
        seen |= own
