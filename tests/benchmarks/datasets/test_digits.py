"""The embedded digits against scikit-learn's own copy."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from avalanche.benchmarks.datasets import default_dataset_location, digits_tensors


def test_the_split_is_a_stratified_partition_of_the_original_images():
    original = load_digits()
    parts = [digits_tensors(train) for train in (True, False)]
    images = np.concatenate([x.numpy()[:, 0] for x, _ in parts]).reshape(-1, 64)
    labels = np.concatenate([y.numpy() for _, y in parts])
    rows = np.column_stack([images, labels])
    expected = np.column_stack([original.data, original.target])
    assert np.array_equal(np.unique(rows, axis=0), np.unique(expected.astype(int), axis=0))
    assert len(rows) == 1797
    test_labels = parts[1][1].numpy()
    for label in range(10):
        total = int((original.target == label).sum())
        assert int((test_labels == label).sum()) == round(total * 0.25)


def test_seed_and_size_decide_the_split():
    again = digits_tensors(False)[0]
    assert np.array_equal(again, digits_tensors(False)[0])
    assert not np.array_equal(again[:50], digits_tensors(False, split_seed=1)[0][:50])
    assert len(digits_tensors(False, test_size=0.5)[0]) > len(again)
    with pytest.raises(ValueError, match=r"test_size=1\.5: expected a fraction"):
        digits_tensors(test_size=1.5)


def test_the_default_location_follows_the_environment_and_creates_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("AVALANCHE_DATA", str(tmp_path))
    assert default_dataset_location("mnist") == tmp_path / "mnist"
    assert not list(tmp_path.iterdir())
    monkeypatch.delenv("AVALANCHE_DATA")
    assert default_dataset_location("mnist").parts[-3:] == (".avalanche", "data", "mnist")


def test_creating_the_benchmark_leaves_all_global_generators_alone():
    """In a process of its own: what draws is the first import of scikit-learn's data sets."""
    code = """
import random
import numpy as np
import torch
from avalanche.benchmarks import SplitDigits

def states():
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()

before = states()
benchmark = SplitDigits(5, seed=0)
len(benchmark.train_stream[0].dataset)
assert [a == b for a, b in zip(before, states())] == [True] * 3
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
