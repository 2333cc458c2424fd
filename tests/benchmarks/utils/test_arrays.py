"""Columns that users bring: arrays, lists and data frames as tensors, or a line that says how."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from avalanche import benchmarks as B
from avalanche.benchmarks.utils import (
    as_classification_dataset,
    concat_datasets,
    make_tensor_classification_dataset,
)
from avalanche.benchmarks.utils.arrays import number_tensor

X = np.arange(24, dtype=np.float32).reshape(12, 2)
Y = np.arange(12) % 4
NAMES = np.array(["ant", "bee", "cat", "dog"])[Y]
NUMBERED = r"are names such as 'ant', expected numbers; number them, e.g. names = sorted"


@pytest.fixture
def table():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "label": Y, "name": NAMES})


def nc(data):
    return B.nc_benchmark(data, data, 2, task_labels=False, shuffle=False)


def ni(data):
    return B.ni_benchmark(data, data, 2, shuffle=False)


def by_class(data):
    return B.class_incremental_benchmark({"train": data, "test": data}, num_experiences=2)


def tensors(data):
    return B.tensors_benchmark([data], [data], task_labels=[0])


BUILDERS = [as_classification_dataset, nc, ni, by_class]


@pytest.mark.parametrize("build", [*BUILDERS, tensors])
@pytest.mark.parametrize(
    "labels", [NAMES, NAMES.astype(object), NAMES.tolist()], ids=["text", "object", "list"]
)
def test_names_beside_an_array_are_refused_with_a_line_that_numbers_them(build, labels):
    with pytest.raises(ValueError, match=NUMBERED):
        build((X, labels))


@pytest.mark.parametrize("build", BUILDERS)
def test_names_in_samples_and_in_a_list_of_columns_are_refused_too(build):
    with pytest.raises(ValueError, match=NUMBERED):
        build([(x, str(name)) for x, name in zip(X, NAMES, strict=True)])
    with pytest.raises(ValueError, match=NUMBERED):
        build([X, NAMES])
    with pytest.raises(ValueError, match=r"targets: are names such as 'ant'"):
        make_tensor_classification_dataset(X, NAMES)


def test_what_is_no_number_is_named():
    with pytest.raises(ValueError, match=r"y: is ndarray of object, expected numbers; convert"):
        number_tensor(np.array([None, 1]), "y")
    with pytest.raises(ValueError, match=r"y: is list, expected numbers"):
        number_tensor([{}], "y")
    with pytest.raises(ValueError, match=r"y: are names such as 'ant'"):
        number_tensor(np.array([b"ant"]), "y")
    assert number_tensor(X, "x").data_ptr() == X.__array_interface__["data"][0]  # no copy


@pytest.mark.parametrize("build", BUILDERS)
def test_a_whole_table_is_refused(table, build):
    message = r"dataset=DataFrame: expected a dataset; .*label\"\].to_numpy\(\)"
    with pytest.raises(TypeError, match=message):
        build(table)
    with pytest.raises(TypeError, match=r"dataset=DataFrame"):
        concat_datasets([table, table])
    with pytest.raises(TypeError, match=r"dataset=Series"):
        as_classification_dataset(table["label"])


@pytest.mark.parametrize("build", [nc, ni])
def test_a_frame_and_a_series_are_a_pair_of_arrays(table, build):
    wanted = build((X, Y))
    for data in ((table[["a", "b"]], table["label"]), (X, table["label"]), (table[["a", "b"]], Y)):
        for made, expected in zip(build(data).train_stream, wanted.train_stream, strict=True):
            rows = torch.arange(len(expected.dataset))
            for one, two in zip(
                made.dataset.batch(rows), expected.dataset.batch(rows), strict=True
            ):
                assert one.dtype == two.dtype
                assert torch.equal(one, two)
    with pytest.raises(ValueError, match=NUMBERED):
        build((table[["a", "b"]], table["name"]))


def test_pandas_is_not_imported_to_find_out():
    code = (
        "import sys, numpy as np; from avalanche.benchmarks import nc_benchmark; "
        "d = np.zeros((4, 2)), np.arange(4); nc_benchmark(d, d, 2, False); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("build", [nc, ni, by_class])
@pytest.mark.parametrize("scalar", [int, np.int64, torch.tensor], ids=["int", "numpy", "tensor"])
def test_a_list_of_samples_is_one_dataset(build, scalar):
    samples = [(torch.from_numpy(x), scalar(int(y))) for x, y in zip(X, Y, strict=True)]
    benchmark = build(samples)
    assert sum(len(e.dataset) for e in benchmark.train_stream) == len(X)
    for experience in benchmark.train_stream:
        x, y = experience.dataset.batch([0, 1, 2])[:2]
        assert y.tolist() == [(int(row[0]) // 2) % 4 for row in x]
    pairs = B.nc_benchmark([(X, Y)] * 2, [(X, Y)] * 2, 2, True, one_dataset_per_exp=True)
    assert [len(e.dataset) for e in pairs.train_stream] == [12, 12]


@pytest.mark.parametrize("build", [nc, ni, by_class])
@pytest.mark.parametrize("targets", [X[:, 0] + 0.5, X], ids=["numbers", "rows"])
def test_targets_that_are_no_classes_are_refused_with_what_divides_them(build, targets):
    with pytest.raises(ValueError, match=r"data_incremental_benchmark\(dataset_benchmark\("):
        build((X, targets))
    data = as_classification_dataset((X, targets))
    whole = B.dataset_benchmark([data], [data])
    parts = B.data_incremental_benchmark(whole, 5).train_stream
    assert [len(e.dataset) for e in parts] == [5, 5, 2]
