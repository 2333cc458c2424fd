"""MNIST and Fashion-MNIST fetch what is missing, and say so where they can't."""

import gzip
import hashlib

import numpy as np
import pytest

from avalanche.benchmarks.datasets import fashion_mnist_tensors, idx_family, mnist_tensors
from avalanche.benchmarks.datasets.fashion_mnist import _FASHION_MNIST
from avalanche.benchmarks.datasets.mnist import _MNIST

FAMILIES = [("MNIST", mnist_tensors), ("FashionMNIST", fashion_mnist_tensors)]


@pytest.mark.parametrize(("name", "read"), FAMILIES)
def test_a_failing_download_says_where_the_files_go(tmp_path, no_network, name, read):
    message = rf"{name} is not there and can't be downloaded .*no network.*put the four IDX files"
    with pytest.raises(RuntimeError, match=message) as caught:
        read(True, tmp_path, download=True)
    assert str(tmp_path / name / "raw") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "read"), FAMILIES)
def test_only_missing_files_are_fetched_and_they_are_unpacked(
    tmp_path, monkeypatch, write_idx_files, name, read
):
    written = write_idx_files(tmp_path / "server", compressed=True)
    folder = tmp_path / "data" / name / "raw"
    fetched = []

    def fetch(urls, target, checksum):
        assert urls[0].endswith(f"/{target.name}")
        fetched.append(target.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((tmp_path / "server" / target.name).read_bytes())
        return target

    monkeypatch.setattr(idx_family, "download_file", fetch)
    folder.mkdir(parents=True)
    known = gzip.decompress((tmp_path / "server" / "t10k-labels-idx1-ubyte.gz").read_bytes())
    (folder / "t10k-labels-idx1-ubyte").write_bytes(known)
    images, labels = read(False, tmp_path / "data", download=True)
    assert np.array_equal(images[:, 0].numpy(), written[False][0])
    assert np.array_equal(labels.numpy(), written[False][1])
    assert len(fetched) == 3
    assert not list(folder.glob("*.gz"))


@pytest.mark.parametrize("family", [_MNIST, _FASHION_MNIST])
def test_addresses_and_checksums_are_whole(family):
    assert all(mirror.endswith("/") for mirror in family.mirrors)
    assert [len(c) for c in family.checksums] == [2 * hashlib.md5().digest_size] * 4
    assert len(set(family.checksums)) == 4
