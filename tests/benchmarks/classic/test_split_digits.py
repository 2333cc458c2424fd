"""SplitDigits: what every benchmark promises, on data that needs no files."""

import subprocess
import sys

import pytest
import torch
from sklearn.datasets import load_digits

from avalanche.benchmarks import SplitDigits


def test_samples_are_the_digits_scaled_to_the_unit_range():
    benchmark = SplitDigits(5, seed=0)
    original = load_digits()
    known = {tuple(row) for row in (original.data / 16).astype("float32")}
    x, y, t = benchmark.train_stream[0].dataset.batch(range(60))
    assert (x.shape, x.dtype, float(x.max())) == ((60, 1, 8, 8), torch.float32, 1.0)
    assert all(tuple(row) in known for row in x.flatten(1).numpy())
    assert set(y.tolist()) <= set(benchmark.train_stream[0].classes_in_this_experience)
    assert t.tolist() == [0] * 60


def test_experiences_partition_the_data():
    benchmark = SplitDigits(5, seed=3)
    for stream, total in ((benchmark.train_stream, 1347), (benchmark.test_stream, 450)):
        assert sum(len(e.dataset) for e in stream) == total
        seen = [c for e in stream for c in e.classes_in_this_experience]
        assert sorted(seen) == list(range(10))
        rows = torch.cat([e.dataset.rows for e in stream])
        assert rows.sort().values.tolist() == list(range(total))
        for experience in stream:
            assert experience.dataset.targets.uniques == set(experience.classes_in_this_experience)


def test_transforms_apply_after_scaling():
    benchmark = SplitDigits(
        5, seed=0, train_transform=lambda x: x * 2, eval_transform=lambda x: x - 1
    )
    assert float(benchmark.train_stream[0].dataset.batch(range(20))[0].max()) == 2.0
    assert float(benchmark.test_stream[0].dataset.batch(range(20))[0].max()) == 0.0


def test_a_wrong_number_of_experiences_is_refused():
    with pytest.raises(ValueError, match="n_experiences=3: 10 classes can't be divided"):
        SplitDigits(3)


def test_importing_benchmarks_loads_nothing_heavy_and_writes_nothing(tmp_path):
    code = (
        "import sys, avalanche.benchmarks, avalanche.benchmarks.utils.data_loader;"
        "bad = [m for m in ('sklearn', 'torchvision', 'matplotlib') if m in sys.modules];"
        "assert not bad, bad"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not list(tmp_path.iterdir())
