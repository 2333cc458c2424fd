"""Data for whole user stories: real MNIST where it is present, small files of its format."""

import struct
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def real_mnist():
    """Folder of the original MNIST files."""
    if not (SHARED / "MNIST" / "raw").exists():
        pytest.skip("the original MNIST files are not beside the project")
    return SHARED


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """Small files in MNIST's format, where the library looks when no folder is named."""
    raw = tmp_path / "data" / "mnist" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    random = np.random.default_rng(0)
    for part, count in (("train", 200), ("t10k", 50)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count), labels * 2 + 2] = 255
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
            (raw / f"{part}-{name}-ubyte").write_bytes(head + array.tobytes())
    monkeypatch.setenv("AVALANCHE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return raw


@pytest.fixture(params=["small", pytest.param("real", marks=pytest.mark.slow)])
def mnist(request):
    """MNIST where the library looks for it: first a small one, then the original."""
    small = request.getfixturevalue("small_mnist")
    if request.param == "real":
        original = request.getfixturevalue("real_mnist")
        for path in small.iterdir():
            path.unlink()
        small.rmdir()
        small.symlink_to(original / "MNIST" / "raw")
    return request.param
