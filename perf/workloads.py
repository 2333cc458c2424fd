"""What is timed: the rows of the table, and the data they run on. Needs numpy only."""

import gzip
import json
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: what the table calls it.
        method: ``naive``, ``replay``, ``ewc``, ``lwf``, ``si``, ``gem``, ``agem`` or
            ``eval``.
        batch: samples of a training batch (replay adds as many from its memory).
        experiences: experiences of Split MNIST that are learnt, or evaluated.
        layers: hidden units of each layer of the model, which has dropout if there is one.
    """

    name: str
    method: str
    batch: int
    experiences: int = 2
    layers: tuple[int, ...] = (512,)

    @property
    def dropout(self) -> float:
        """Probability of dropout after each hidden layer."""
        return 0.5 if len(self.layers) == 1 else 0.0


ROWS = (
    Row("naive, batch 128", "naive", 128),
    Row("naive, batch 32", "naive", 32),
    Row("replay, batch 32+32", "replay", 32),
    Row("replay, batch 10+10", "replay", 10),
    Row("EWC, batch 128", "ewc", 128),
    Row("LwF, batch 128", "lwf", 128),
    Row("SI, batch 128", "si", 128),
    # On the networks that their papers train on MNIST, and on that of the other rows.
    Row("GEM, batch 128, 100 + 100 units", "gem", 128, 5, (100, 100)),
    Row("GEM, batch 128, 512 units", "gem", 128, 5),
    Row("A-GEM, batch 128, 256 + 256 units", "agem", 128, 2, (256, 256)),
    Row("A-GEM, batch 128, 512 units", "agem", 128),
    Row("evaluation, batch 128", "eval", 128, 5),
)
LEARNING_RATE, MEMORY, EWC_LAMBDA, ALPHA, TEMPERATURE = 0.05, 200, 100.0, 1.0, 2.0
SI_LAMBDA, DAMPING = 1.0, 0.1
# GEM shares the memory out to the five experiences of the stream, since its cost grows with them;
# A-GEM has the memory of its paper and the sample that is the default of avalanche-lib 0.6.
PATTERNS, STRENGTH = MEMORY // 5, 0.5
AVERAGED_PATTERNS, SAMPLE = 250, 64
MEAN, DEVIATION = 0.1307, 0.3081
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")


def read_idx(path: Path) -> np.ndarray:
    """An IDX file of bytes."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        content = file.read()
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def find_data(root: Path) -> Path:
    """The folder to give as ``dataset_root``: real MNIST, or made-up files of its format."""
    real = root.parent / "shared" / "data"
    if (real / "MNIST" / "raw" / FILES[0]).exists():
        return real
    made = root / "perf" / ".data"
    for part, count in (("train", 12000), ("t10k", 2000)):
        raw = made / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(0)
        labels = random.integers(0, 10, count).astype(np.uint8)
        images = random.integers(0, 128, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count), labels * 2 + 2] = 255  # a bright line at a height of its class
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
            (raw / f"{part}-{name}-ubyte").write_bytes(head + array.tobytes())
    return made


def serve(run: Callable[[Row], tuple[float, int]]) -> None:
    """Run rows on request: one JSON line in, one out.

    Args:
        run: ``run(row)`` gives the seconds of the timed part and the samples it processed.
    """
    import resource

    for line in sys.stdin:
        row = Row(**json.loads(line))
        seconds, samples = run(row)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "samples": samples, "peak_mb": peak}), flush=True)


def request(row: Row) -> str:
    """The JSON line that asks for a row."""
    return json.dumps(asdict(row)) + "\n"
