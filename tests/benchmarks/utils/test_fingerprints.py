"""Different data and transforms have different fingerprints, in every process the same."""

import functools
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset
from torchvision import transforms as T

from avalanche.benchmarks.utils import (
    PathsDataset,
    as_classification_dataset,
    make_classification_dataset,
    view_from_state,
    view_state,
)
from avalanche.benchmarks.utils.fingerprints import checksum, describe, describe_transform


def fingerprint(dataset):
    return as_classification_dataset(dataset).parts[0].fingerprint


class Power:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return x * self.k


class Shuffled(torch.nn.Module):
    def __init__(self, seed):
        super().__init__()
        self.order = torch.randperm(100, generator=torch.Generator().manual_seed(seed))

    def forward(self, x):
        return x[self.order]


class Slotted:
    __slots__ = ("k",)

    def __init__(self, k):
        self.k = k


class Hidden:
    """Samples that only the constructor's argument tells apart."""

    def __init__(self, value):
        self.value = value

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if index >= 3:
            raise IndexError(index)
        return torch.tensor([float(self.value)]), index


def changed(size, row, column):
    x, y = torch.zeros(size, 3), torch.zeros(size, dtype=torch.int64)
    (x if column == 0 else y)[row] = 1
    return TensorDataset(x, y)


@pytest.mark.parametrize(("row", "column"), [(5, 0), (5, 1), (997, 0)])
def test_every_row_of_data_in_memory_counts(row, column):
    same = TensorDataset(torch.zeros(1000, 3), torch.zeros(1000, dtype=torch.int64))
    assert fingerprint(changed(1000, row, column)) != fingerprint(same)
    assert fingerprint(changed(1000, row, column)) == fingerprint(changed(1000, row, column))


def test_a_checksum_is_that_of_all_bytes():
    import zlib

    values = torch.arange(3 * 10**6).view(-1, 3)
    assert checksum(values) == zlib.crc32(values.numpy().tobytes())
    assert checksum(values.T) == zlib.crc32(values.T.contiguous().numpy().tobytes())
    assert checksum(torch.tensor(True)) == zlib.crc32(b"\x01")
    assert checksum(torch.zeros(0, 3), 7) == 7


def test_paths_count_and_the_folder_that_they_are_in_does_not():
    one, two = [("a.png", 0), ("b.png", 1)], [("c.png", 0), ("d.png", 1)]
    assert fingerprint(PathsDataset("r", one)) != fingerprint(PathsDataset("r", two))
    full = [(f"/x/{name}", label) for name, label in one]
    assert fingerprint(PathsDataset("/x", full)) == fingerprint(PathsDataset("/y", one))
    box = [(*entry, (0, 0, 1, 1)) for entry in one]
    assert fingerprint(PathsDataset("r", one)) != fingerprint(PathsDataset("r", box))
    turned = PathsDataset("r", one, transform=Power(2))
    assert fingerprint(turned) != fingerprint(PathsDataset("r", one, transform=Power(3)))


def test_lists_of_samples_differ_by_their_samples():
    images = [Image.new("L", (2, 2), shade) for shade in (0, 9)]
    lists = [
        [(torch.zeros(1), 0), (torch.zeros(1), 1)],
        [(torch.ones(1), 0), (torch.zeros(1), 1)],
        [(torch.zeros(1), 0), (torch.zeros(1), 2)],
        [([0.0], 0), ([0.0], 1)],
        [(images[0], 0), (images[1], 1)],
        [(images[1], 0), (images[0], 1)],
    ]
    assert len({fingerprint(samples) for samples in lists}) == len(lists)


def different_transforms():
    def enclosing(n):
        return lambda x: x + n

    return [
        Power(1),
        Power(100),
        Power(100).__call__,
        Power(1).__call__,
        Shuffled(1),
        Shuffled(2),
        T.Lambda(enclosing(1)),
        T.Lambda(enclosing(2)),
        T.Compose([T.Lambda(enclosing(1))]),
        T.Compose([T.Lambda(enclosing(2))]),
        *(lambda x, n=n: x + n for n in range(2)),
        lambda x: x.sin(),
        lambda x: x.cos(),
        functools.partial(torch.add, 1),
        functools.partial(torch.add, 2),
        functools.partial(Power(1), 2),
        functools.partial(Power(3), 2),
        T.Normalize(0.5, 0.5),
        T.Normalize(0.5, 0.25),
        T.RandomCrop(3),
        T.RandomCrop(4),
        Slotted(1),
        Slotted(2),
        enclosing({"a": np.arange(3)}),
        enclosing({"a": np.arange(4)}),
        lambda x: x in {"a", "b", "c"},
        lambda x: x in {"a", "b", "d"},
    ]


def test_transforms_are_described_by_what_they_hold():
    prints = [describe_transform(t) for t in different_transforms()]
    assert len(set(prints)) == len(prints)
    assert prints == [describe_transform(t) for t in different_transforms()]
    assert not any(" at 0x" in text for text in prints)
    assert max(map(len, prints)) < 200


def test_descriptions_end():
    ring = Power(1)
    ring.k = ring
    assert describe(ring) == describe(ring)

    def again(x):
        return again(x - 1) if x else x

    assert describe(again) == describe(again)
    assert describe({"b", "a", "c"}) == "{'a', 'b', 'c'}"


def test_fingerprints_are_the_same_in_another_process():
    lines = (
        "from test_fingerprints import *\n"
        "print([describe_transform(t) for t in different_transforms()])\n"
        "print(fingerprint([(torch.zeros(1), 0)]), fingerprint(PathsDataset('r', [('a', 0)])))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", lines],
            cwd=__file__.rpartition("/")[0],
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(outputs) == 1
    assert next(iter(outputs)).splitlines()[0] == str(
        [describe_transform(t) for t in different_transforms()]
    )


def test_the_right_one_of_two_alike_transforms_is_found():
    tensors = TensorDataset(torch.arange(4.0), torch.arange(4))
    sets = [make_classification_dataset(tensors, transform=Power(k)) for k in (1, 100)]
    again = view_from_state(view_state(sets[1]), [*sets[0].parts, *sets[1].parts])
    assert again[3][0] == 300


def test_data_that_only_its_object_tells_apart_is_found_or_refused():
    sets = [as_classification_dataset(Hidden(k)) for k in (1, 2)]
    parts = [p for data in sets for p in data.parts]
    assert parts[0].fingerprint == parts[1].fingerprint
    assert view_from_state(view_state(sets[1]), parts)[0][0] == 2
    state = view_state(as_classification_dataset(Hidden(3)))
    with pytest.raises(ValueError, match="2 different datasets of the benchmark have it"):
        view_from_state(state, parts)
    twins = [p for _ in range(2) for p in as_classification_dataset(Hidden(1)).parts]
    assert view_from_state(view_state(sets[0]), twins)[0][0] == 1
