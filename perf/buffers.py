"""What updating a memory costs: ten thousand online experiences, first against last.

python perf/buffers.py
"""

import statistics
import time
from types import SimpleNamespace

import torch

from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
from avalanche.training.storage_policy import (
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
    ParametricBuffer,
    ReservoirSamplingBuffer,
)

UPDATES, SAMPLES, CAPACITY, WINDOW = 10_000, 10, 500, 500


def main() -> None:
    """Print microseconds per update at the start and at the end, for each buffer."""
    torch.set_num_threads(1)
    count = UPDATES * SAMPLES
    data = _make_taskaware_tensor_classification_dataset(
        torch.randn(count, 8), torch.arange(count) % 100
    )
    experiences = [
        SimpleNamespace(experience=SimpleNamespace(dataset=data.subset(range(i, i + SAMPLES))))
        for i in range(0, count, SAMPLES)
    ]
    print(f"{UPDATES} updates by {SAMPLES} samples, capacity {CAPACITY}; us per update, medians")
    for make in (
        ReservoirSamplingBuffer,
        ClassBalancedBuffer,
        ExperienceBalancedBuffer,
        ParametricBuffer,
    ):
        buffer, times = make(CAPACITY), []
        for one in experiences:
            start = time.perf_counter()
            buffer.update(one)
            times.append((time.perf_counter() - start) * 1e6)
        early = statistics.median(times[WINDOW : 2 * WINDOW])
        late = statistics.median(times[-WINDOW:])
        print(f"{make.__name__:28} {early:7.0f} after {2 * WINDOW}, {late:7.0f} at the end")


if __name__ == "__main__":
    main()
