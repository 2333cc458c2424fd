"""Hugging Face tables: the real package on real parquet where both are there, else a stand-in."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision import transforms as T

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    as_classification_dataset,
    as_taskaware_classification_dataset,
    from_hf,
)
from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader

PARQUET = Path(__file__).parents[4] / "shared/data/cifar10/test-00000-of-00001.parquet"
TO_FLOAT = T.Compose([T.ToTensor(), T.Normalize((0.5,) * 3, (0.5,) * 3)])


class Table:
    """What the library needs of ``datasets.Dataset``: rows, columns, kinds of columns."""

    def __init__(self, columns, kinds):
        self.columns = columns
        self.column_names = list(columns)
        self.features = {name: type(kind, (), {})() for name, kind in kinds.items()}
        self.requests = 0

    def __len__(self):
        return len(self.columns[self.column_names[0]])

    def __getitem__(self, key):
        self.requests += 1
        if isinstance(key, str):
            return self.columns[key]
        if isinstance(key, int):
            return {name: values[key] for name, values in self.columns.items()}
        return {name: [values[i] for i in key] for name, values in self.columns.items()}


Table.__module__ = "datasets.arrow_dataset"


def images(n=5, size=(4, 3)):
    return [Image.new("RGB", size, (10 * i, 0, 0)) for i in range(n)]


def pictures(**more):
    columns = {"img": images(), "label": [3, 1, 3, 0, 2], **more}
    return Table(columns, {"img": "Image", "label": "ClassLabel"})


def test_pictures_with_labels_are_samples():
    table = pictures()
    data = as_taskaware_classification_dataset(table)
    assert data.targets == [3, 1, 3, 0, 2]
    assert table.requests == 1
    image, label, task = data[2]
    assert (image.size, label, task) == ((4, 3), 3, 0)
    x, y, _ = data.replace_current_transform_group(TO_FLOAT).batch([4, 1])
    assert table.requests == 3
    assert torch.equal(x[0], TO_FLOAT(table.columns["img"][4]))
    assert y.tolist() == [2, 1]
    with pytest.raises(TypeError, match=r"the batch holds PIL images.*ToTensor"):
        data.batch([0, 1])


def test_pictures_can_be_decoded_once():
    table = pictures()
    data = from_hf(table, in_memory=True)
    table.columns = None
    assert data[1][0].getpixel((0, 0)) == (10, 0, 0)
    x, y = data.replace_current_transform_group(T.PILToTensor()).batch([3])
    assert (int(x[0, 0, 0, 0]), y.tolist()) == (30, [0])
    odd = Table({"img": [*images(1), *images(1, (9, 9))], "label": [0, 1]}, {"img": "Image"})
    with pytest.raises(ValueError, match=r"in_memory=True: .*different sizes.*in_memory=False"):
        from_hf(odd, in_memory=True)


def test_columns_are_named_where_they_do_not_stand_out():
    columns = {"a": [[1.0, 2.0], [3.0, 4.0]], "score": [0.5, 1.5], "text": ["x", "y"]}
    table = Table(columns, {})
    with pytest.raises(ValueError, match=r"no column stands out; expected one of \['a', 'score'"):
        from_hf(table)
    with pytest.raises(ValueError, match="x='b': no such column"):
        from_hf(table, x="b", y="score")
    assert from_hf(table, x="a", y="score").targets == [0.5, 1.5]
    kept = from_hf(table, x="a", y="score", in_memory=True)
    assert kept.batch([1, 0])[0].tolist() == [[3, 4], [1, 2]]


def test_other_tables_give_rows():
    table = Table({"input_ids": [[1, 2], [3, 4]], "label": [1, 0]}, {"label": "ClassLabel"})
    data = as_classification_dataset(table)
    assert data.targets == [1, 0]
    assert data[1] == {"input_ids": [3, 4], "label": 0}
    without = Table({"input_ids": [[1, 2]]}, {})
    with pytest.raises(ValueError, match=r"dictionaries with the keys \['input_ids'\]: expected"):
        as_classification_dataset(without)
    assert as_classification_dataset(AvalancheDataset(data)).targets == [1, 0]


def test_a_mapping_of_splits_is_refused():
    with pytest.raises(TypeError, match=r"data=dict: expected one split.*\['test', 'train'\]"):
        from_hf({"train": pictures(), "test": pictures()})
    with pytest.raises(TypeError, match=r"keys \['train'\]: expected one dataset; pass one of"):
        AvalancheDataset({"train": pictures()})


def test_the_extra_is_named_where_it_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r'pip install "avalanche-lib\[hf\]"'):
        from_hf(tmp_path / "some.parquet")


@pytest.fixture
def real(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets", reason="needs the extra 'hf'")
    if not hasattr(datasets, "Dataset"):  # a folder of that name was found instead
        pytest.skip("needs the extra 'hf'")
    if not PARQUET.exists():
        pytest.skip("needs CIFAR-10 as parquet in ../shared/data/cifar10")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()
    return datasets


def test_real_parquet(real):
    data = from_hf(PARQUET, transform_groups=None)
    assert len(data) == 10000
    assert sorted(data.targets.count.items()) == [(i, 1000) for i in range(10)]
    some = data.subset(range(0, 200)).replace_current_transform_group(TO_FLOAT)
    x, y = next(iter(SingleDatasetDataLoader(some, batch_size=16)))
    assert (x.shape, x.dtype, y.dtype) == ((16, 3, 32, 32), torch.float32, torch.int64)
    assert torch.equal(x[5], some[5][0])
    table = real.Dataset.from_parquet(str(PARQUET)).select(range(40))
    once = from_hf(table, in_memory=True).replace_current_transform_group(TO_FLOAT)
    assert torch.equal(once.batch(range(16))[0], x)
    rows = as_classification_dataset(table.with_format("torch"))
    assert rows.batch([3])[0].dtype == torch.uint8
    with pytest.raises(FileNotFoundError, match=r"nothing.parquet': no such file"):
        from_hf("nothing.parquet")


@pytest.mark.parametrize("in_memory", [False, True])
def test_lists_of_numbers_are_vectors(in_memory):
    columns = {"features": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "label": [0, 1]}
    data = from_hf(Table(columns, {"label": "ClassLabel"}), "features", in_memory=in_memory)
    x, y = data.batch([1, 0])
    assert (x.dtype, x.tolist(), y.tolist()) == (torch.float32, [[4, 5, 6], [1, 2, 3]], [1, 0])
    assert data[1][0].tolist() == [4, 5, 6]


def test_lists_of_several_lengths_are_vectors_one_by_one():
    data = from_hf(Table({"tokens": [[1, 2], [3]], "label": [0, 1]}, {}), "tokens")
    assert [x.tolist() for x, _ in data] == [[1, 2], [3]]


@pytest.mark.parametrize("in_memory", [False, True])
def test_fractions_are_of_the_same_type_alone_and_in_batches(in_memory):
    table = Table({"x": [0.125, 1 / 3, 5.0], "label": [0, 1, 0]}, {"label": "ClassLabel"})
    data = from_hf(table, "x", in_memory=in_memory)
    batch, alone = data.batch([0, 1, 2])[0], torch.stack([data[i][0] for i in range(3)])
    assert batch.dtype == torch.get_default_dtype()
    assert torch.equal(batch, alone)
    assert torch.nn.Linear(3, 1)(batch).shape == (1,)


@pytest.mark.parametrize("in_memory", [False, True])
def test_truth_values_are_labels(in_memory):
    table = Table({"features": [[1.0], [2.0]], "label": [True, False]}, {})
    data = as_taskaware_classification_dataset(from_hf(table, "features", in_memory=in_memory))
    labels = data.batch([0, 1])[1]
    assert (labels.dtype, labels.tolist()) == (torch.int64, [1, 0])
    assert [int(sample[1]) for sample in data] == [1, 0] == data.targets
