"""The data layer and the streams on request: this library, avalanche-lib 0.6.0, or by hand.

Which library ``avalanche`` is depends on the Python that runs this. A row is a name on standard
input; the answer is one line of JSON with the seconds per unit and other findings.
"""

import gc
import itertools
import json
import random
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
import workloads as w

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
Answer = dict[str, float]


def tensors(n: int, classes: int, width: int = 1):
    """Made-up data with labels, as the library's own datasets."""
    from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as make

    generator = torch.Generator().manual_seed(0)
    y = torch.randint(0, classes, (n,), generator=generator)
    return make(torch.zeros(n, width), y)


def split() -> Answer:
    """1,000,000 samples into 100 experiences, and the size of each."""
    from avalanche.benchmarks import nc_benchmark

    train, test = tensors(1_000_000, 1000), tensors(10_000, 1000)
    start = time.perf_counter()
    benchmark = nc_benchmark(train, test, 100, False, seed=0)
    total = sum(len(experience.dataset) for experience in benchmark.train_stream)
    seconds = time.perf_counter() - start
    assert total == 1_000_000
    return {"seconds": seconds}


def online() -> Answer:
    """An online stream of 10,000 experiences of 10 samples: each one, and its size."""
    from avalanche.benchmarks import nc_benchmark, split_online_stream

    benchmark = nc_benchmark(tensors(100_000, 10), tensors(100, 10), 10, False, seed=0)
    start = time.perf_counter()
    marks = [start]
    for number, experience in enumerate(split_online_stream(benchmark.train_stream, 10, seed=0)):
        len(experience.dataset)
        if number % 1000 == 999:
            marks.append(time.perf_counter())
    parts = [b - a for a, b in itertools.pairwise(marks)]
    assert len(parts) >= 10
    return {"seconds": marks[-1] - start, "last/first": sum(parts[-3:]) / sum(parts[1:4])}


def steps() -> Answer:
    """5,000 times: add 10 samples to a memory of 200, keep 200 at random; read one sample."""
    data = tensors(50_000, 10, 8)
    memory = data.subset(list(range(200)))
    chosen = random.Random(0)
    times, memory_mb = [], []
    start = time.perf_counter()
    for number in range(5000):
        first = 10 * number
        memory = memory.concat(data.subset(list(range(first, first + 10))))
        memory = memory.subset(chosen.sample(range(210), 200))
        if number % 500 == 499:
            gc.collect()
            before = time.perf_counter()
            for row in range(200):
                memory[row]
            times.append(time.perf_counter() - before)
            memory_mb.append(psutil.Process().memory_info().rss / 2**20)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "last/first": times[-1] / times[0],
        "grown MB": memory_mb[-1] - memory_mb[0],
    }


def indices(n: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(0, n, (128,), generator=generator) for _ in range(300)]


def batch() -> Answer:
    """A batch of 128 MNIST images with Normalize."""
    from avalanche.benchmarks import SplitMNIST

    dataset = SplitMNIST(1, seed=0, dataset_root=sys.argv[1]).train_stream[0].dataset
    chosen = indices(len(dataset))
    if not hasattr(dataset, "batch"):  # the peer's loaders read one sample at a time
        chosen = chosen[:10]
        read: Callable = lambda index: torch.utils.data.default_collate(  # noqa: E731
            [dataset[i] for i in index.tolist()]
        )
    else:
        read = dataset.batch
    for index in chosen[:5]:
        read(index)
    start = time.perf_counter()
    for index in chosen:
        read(index)
    return {"seconds": (time.perf_counter() - start) / len(chosen)}


def hand() -> Answer:
    """The same tensor operations without a library."""
    raw = Path(sys.argv[1]) / "MNIST" / "raw"
    images = torch.from_numpy(w.read_idx(raw / w.FILES[0]).copy())
    labels = torch.from_numpy(w.read_idx(raw / w.FILES[1]).copy()).long()
    tasks = torch.zeros(len(labels), dtype=torch.int64)
    chosen = indices(len(labels))

    def read(index: torch.Tensor):
        x = images.index_select(0, index).unsqueeze(1).to(torch.float32).div_(255)
        x.sub_(w.MEAN).div_(w.DEVIATION)
        return x, labels.index_select(0, index), tasks.index_select(0, index)

    for index in chosen[:5]:
        read(index)
    start = time.perf_counter()
    for index in chosen:
        read(index)
    return {"seconds": (time.perf_counter() - start) / len(chosen)}


ROWS = {"split": split, "online": online, "steps": steps, "batch": batch, "hand": hand}

if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(ROWS[line.strip()]()), flush=True)
