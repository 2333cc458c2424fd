"""CIFAR from pickled batches and from Parquet files."""

import gc
import pickle
from pathlib import Path

import numpy as np
import pytest

from avalanche.benchmarks.datasets import cifar10_source, cifar100_source
from avalanche.benchmarks.datasets.cifar import cifar_class_names

READERS = {10: cifar10_source, 100: cifar100_source}
SHARED = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.mark.parametrize("n_classes", [10, 100])
@pytest.mark.parametrize("train", [True, False])
def test_pickled_batches_are_read(tmp_path, write_cifar, n_classes, train):
    pixels, labels = write_cifar(tmp_path, n_classes)[train]
    for root in (tmp_path, next(tmp_path.iterdir())):
        source = READERS[n_classes](train, root)
        assert np.array_equal(source.columns[0].numpy(), pixels.reshape(-1, 3, 32, 32))
        assert np.array_equal(source.columns[1].numpy(), labels)
    image, label = source.sample(3)
    assert np.array_equal(np.asarray(image), pixels[3].reshape(3, 32, 32).transpose(1, 2, 0))
    assert label == labels[3]


def test_torchvision_reads_the_same(tmp_path, write_cifar, monkeypatch):
    torchvision = pytest.importorskip("torchvision.datasets")
    write_cifar(tmp_path, 10)
    monkeypatch.setattr(torchvision.CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *args: True)
    reference = torchvision.CIFAR10(str(tmp_path), train=True)
    source = cifar10_source(True, tmp_path)
    assert np.array_equal(source.columns[0].permute(0, 2, 3, 1).numpy(), reference.data)
    assert source.columns[1].tolist() == reference.targets
    assert cifar_class_names(10, tmp_path) == reference.classes


def test_what_is_in_use_is_decoded_once(tmp_path, write_cifar):
    write_cifar(tmp_path, 10)
    first = cifar10_source(True, tmp_path)
    assert cifar10_source(True, tmp_path) is first
    assert cifar10_source(False, tmp_path) is not first
    del first
    gc.collect()
    write_cifar(tmp_path, 10, per_class=3)
    assert len(cifar10_source(True, tmp_path)) == 150


@pytest.mark.skipif(
    not (SHARED / "cifar10" / "test-00000-of-00001.parquet").is_file(),
    reason="CIFAR-10's Parquet files are not in ../shared/data",
)
def test_real_parquet_files_are_read():
    pytest.importorskip("pyarrow")
    source = cifar10_source(False, SHARED)
    assert source.columns[0].shape == (10_000, 3, 32, 32)
    assert source.columns[1].bincount().tolist() == [1000] * 10
    assert cifar_class_names(10, SHARED)[3] == "cat"
    assert cifar10_source(False, SHARED / "cifar10") is source


def test_missing_files_are_named_with_the_remedy(tmp_path, no_network):
    message = r"CIFAR-10 is not there: expected cifar-10-batches-py/data_batch_1 .*train-\*.parquet"
    with pytest.raises(FileNotFoundError, match=message):
        cifar10_source(True, tmp_path)
    with pytest.raises(RuntimeError, match=r"CIFAR-100 is not there.*no network.*unpack https"):
        cifar100_source(True, tmp_path, download=True)


def test_one_missing_batch_is_named(tmp_path, write_cifar):
    write_cifar(tmp_path, 10)
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_4: not found, though other files"):
        cifar10_source(True, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no pickle file of plain values"),
        (pickle.dumps([1]), "holds a list, expected a dict"),
        (pickle.dumps({"data": 1}), r"found \['data'\], expected 'data' and 'labels'"),
        (pickle.dumps(print), "asks for builtins.print"),
        (
            pickle.dumps({"data": np.zeros((2, 5), np.uint8), "labels": [0, 1]}),
            r"shape \(2, 5\) and 2 labels, expected torch.uint8 data of shape \(2, 3072\)",
        ),
        (
            pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": [10]}),
            "labels from 10 to 10, expected 0 to 9 of CIFAR-10",
        ),
    ],
)
def test_damaged_batches_are_refused(tmp_path, content, message):
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(ValueError, match=rf"test_batch: .*{message}"):
        cifar10_source(False, tmp_path)
