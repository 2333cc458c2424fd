import pickle
import subprocess

import numpy as np
import pytest

from avalanche.benchmarks.datasets.restricted_pickle import read_plain_pickle


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_and_arrays_are_read(tmp_path, protocol):
    content = {"ni": {0: [[1, 2], (3, "x")]}, "a": np.arange(6).reshape(2, 3), "b": np.int64(4)}
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    read = read_plain_pickle(path, dict)
    assert read["ni"] == content["ni"]
    assert read["b"] == 4
    np.testing.assert_array_equal(read["a"], content["a"])


class Malicious:
    def __reduce__(self):
        return subprocess.check_call, (["touch", "pwned"],)


def test_code_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps({"a": Malicious()}))
    with pytest.raises(ValueError, match=r"x\.pkl.*asks for subprocess\.check_call"):
        read_plain_pickle(path, dict)
    assert not (tmp_path / "pwned").exists()


def test_builtins_that_run_code_are_refused(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(b"cbuiltins\neval\n(S'1'\ntR.")
    with pytest.raises(ValueError, match=r"asks for builtins\.eval"):
        read_plain_pickle(path, list)


def test_errors_name_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.pkl: no such file; expected a pickled list"):
        read_plain_pickle(tmp_path / "no.pkl", list)
    path = tmp_path / "x.pkl"
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"x\.pkl: no pickle file of plain values.*fetch"):
        read_plain_pickle(path, list)
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(ValueError, match="holds a dict, expected a list"):
        read_plain_pickle(path, list)
