import pickle

import pytest
from release_files import write_openloris

from avalanche.benchmarks.datasets import OpenLORIS


def test_all_factors_one_after_the_other(tmp_path):
    write_openloris(tmp_path)
    train = OpenLORIS(tmp_path, download=False)
    assert train.targets == [10 * factor + b for factor in range(4) for b in range(9)]
    assert train[10][0].getpixel((0, 0))[0] == 1
    test = OpenLORIS(tmp_path, train=False, download=False)
    assert test.targets == [99] * 4
    assert test.paths == ["test/t.jpg"] * 4


def test_damaged_metadata(tmp_path):
    write_openloris(tmp_path)
    (tmp_path / "LUP.pkl").write_bytes(pickle.dumps({"domain": [[[0]] * 10] * 3}))
    with pytest.raises(ValueError, match=r"LUP\.pkl: expected an entry 'domain' with 4 factors"):
        OpenLORIS(tmp_path, download=False)
    (tmp_path / "LUP.pkl").write_bytes(pickle.dumps({"domain": [[[0]] * 9] * 4}))
    with pytest.raises(ValueError, match=r"factors of \[9, 9, 9, 9\] batches, expected 9 and"):
        OpenLORIS(tmp_path, download=False)
    (tmp_path / "LUP.pkl").write_bytes(pickle.dumps({"domain": [[[13]] * 10] * 4}))
    with pytest.raises(ValueError, match=r"positions from 13 to 13, expected some of the 13"):
        OpenLORIS(tmp_path, download=False)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train: no such folder.*openloris/train\.zip"):
        OpenLORIS(tmp_path, download=False)
