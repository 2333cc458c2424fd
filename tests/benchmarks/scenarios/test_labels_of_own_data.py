"""Labels of data that users bring: as their samples show them, or a clear error."""

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.utils import AvalancheDataset, make_detection_dataset
from avalanche.training import Naive


def data(*labels):
    return TensorDataset(torch.arange(float(len(labels)))[:, None], torch.tensor(labels))


def plus(n):
    return lambda value: value + n


def shown(dataset):
    return [int(sample[1]) for sample in dataset]


def test_target_transforms_of_builders_are_applied_once():
    pair = (lambda y: {0: 5, 1: 3}[y], {"train": [5, 3], "test": [20, 21], "val": [10, 11]})
    benchmark = B.dataset_benchmark(
        [data(0, 1)],
        [data(0, 1)],
        other_streams_datasets={"val": [data(0, 1)]},
        train_target_transform=pair[0],
        eval_target_transform=plus(20),
        other_streams_transforms={"val": (None, plus(10))},
    )
    for name, expected in pair[1].items():
        experience = benchmark.streams[name][0]
        assert shown(experience.dataset) == expected
        assert list(experience.dataset.targets) == expected
        assert sorted(experience.classes_in_this_experience) == sorted(expected)


def with_tasks(tasks):
    dataset = data(*range(len(tasks)))
    dataset.targets_task_labels = tasks
    return dataset


def test_task_labels_that_a_dataset_keeps_are_used():
    seven = with_tasks([7, 7, 8])
    benchmark = B.dataset_benchmark([seven], [Subset(seven, [2, 0])])
    assert sorted(benchmark.train_stream[0].task_labels) == [7, 8]
    assert [int(t) for _, _, t in benchmark.train_stream[0].dataset] == [7, 7, 8]
    assert [int(t) for _, _, t in benchmark.test_stream[0].dataset] == [8, 7]
    joined = AvalancheDataset(ConcatDataset([data(0), seven]), task_labels=None)
    assert list(joined.targets_task_labels) == [0, 7, 7, 8]
    boxes = [(torch.zeros(3, 4, 4), {"labels": torch.tensor([0])})] * 2
    assert list(make_detection_dataset(boxes).targets_task_labels) == [0, 0]


class Labelled(Dataset):
    """Targets are whole numbers; samples show them in a form of their own."""

    def __init__(self, form):
        self.targets, self.form = [0, 1, 2, 3] * 4, form

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        return torch.full((3,), float(index)), self.form(self.targets[index])


FORMS = [np.int32, np.uint8, np.array, lambda y: torch.tensor(y, dtype=torch.int32)]


@pytest.mark.parametrize("form", FORMS, ids=["int32", "uint8", "array", "tensor"])
@pytest.mark.parametrize("mapped", [False, True])
def test_labels_of_any_integer_type_can_be_learnt(form, mapped):
    benchmark = B.nc_benchmark(
        Labelled(form), Labelled(form), 2, True, seed=0, class_ids_from_zero_in_each_exp=mapped
    )
    dataset = benchmark.train_stream[1].dataset
    y = dataset.batch(range(len(dataset)))[1]
    assert y.dtype == torch.int64
    assert y.tolist() == shown(dataset) == list(dataset.targets)
    model = torch.nn.Linear(3, 4)
    strategy = Naive(model, torch.optim.SGD(model.parameters(), lr=0.01), evaluator=None)
    strategy.train(benchmark.train_stream)
    assert strategy.clock.train_exp_counter == 2


def test_truth_values_are_the_classes_0_and_1():
    truth = TensorDataset(torch.zeros(4, 1), torch.tensor([True, False, True, False]))
    benchmark = B.nc_benchmark(truth, truth, 2, False, shuffle=False)
    dataset = benchmark.train_stream[1].dataset
    assert (shown(dataset), dataset.batch([0, 1])[1].tolist()) == ([1, 1], [1, 1])
    assert dataset.batch([0, 1])[1].dtype == torch.int64


def test_test_samples_that_no_experience_would_have_are_refused():
    train, test = data(0, 1, 0, 1), data(0, 1, 2, 3)
    message = r"classes \[2, 3\], which the training data lack"
    with pytest.raises(ValueError, match=f"test_dataset: .*{message}"):
        B.nc_benchmark(train, test, 2, False)
    with pytest.raises(ValueError, match=f"'test'.*{message}"):
        B.class_incremental_benchmark({"train": train, "test": test}, num_experiences=2)
    with pytest.raises(ValueError, match="which the training data lack"):
        B.nc_benchmark([train, data(0, 1)], [data(0, 1, 2), data(0, 1)], 2, False, shuffle=False)
    chosen = B.nc_benchmark(train, test, 2, False, fixed_class_order=[1, 0])
    assert [shown(e.dataset) for e in chosen.test_stream] == [[1], [0]]


class Rows(Dataset):
    """Dictionaries with token labels, and the class under a key of its own."""

    def __init__(self, key):
        self.targets, self.key = [0, 1, 2, 3] * 2, key

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        tokens = torch.tensor([1, 2, 3])
        return {"x": torch.zeros(1), "labels": tokens, self.key: self.targets[index]}


@pytest.mark.parametrize("key", ["label", "cls"])
def test_new_labels_of_dictionaries_are_those_of_the_target(key):
    benchmark = B.nc_benchmark(
        Rows(key), Rows(key), 2, True, shuffle=False, class_ids_from_zero_in_each_exp=True
    )
    dataset = benchmark.train_stream[1].dataset
    assert [sample[key] for sample in dataset] == list(dataset.targets) == [0, 0, 1, 1]
    assert dataset[0]["labels"].tolist() == [1, 2, 3]


def test_dictionaries_without_the_target_are_refused_where_labels_change():
    rows = Rows("label")
    rows.targets = [value + 10 for value in rows.targets]
    rows.__class__ = type("Other", (Rows,), {"__getitem__": lambda s, i: {"x": 0, "label": "cat"}})
    benchmark = B.nc_benchmark(rows, rows, 2, True, class_ids_from_zero_in_each_exp=True, seed=0)
    with pytest.raises(ValueError, match="none holds what 'targets' say, 1[0-9] for sample"):
        benchmark.train_stream[0].dataset[0]


@pytest.mark.parametrize("number", [np.int64(2), torch.tensor(2)], ids=["numpy", "torch"])
def test_numbers_of_other_libraries(number):
    whole = data(*[0, 1, 2, 3] * 3)
    assert len(B.nc_benchmark(whole, whole, number, True).train_stream) == 2
    assert len(B.ni_benchmark(whole, whole, number).train_stream) == 2
    parts = B.data_incremental_benchmark(B.nc_benchmark(whole, whole, 2, True), number)
    assert len(parts.train_stream) == 6
    with pytest.raises(ValueError, match=r"n_experiences=.*\(0\): expected an int above zero"):
        B.nc_benchmark(whole, whole, 0 * number, True)


def test_a_share_of_numpy_type():
    whole = data(*[0, 1] * 8)
    benchmark = B.benchmark_with_validation_stream(
        B.nc_benchmark(whole, whole, 2, False), np.float32(0.25)
    )
    assert [len(e.dataset) for e in benchmark.streams["valid"]] == [2, 2]


def test_file_lists_may_have_tabs(tmp_path):
    from avalanche.benchmarks.utils import default_flist_reader

    listed = tmp_path / "train.txt"
    listed.write_text("a b/1.png\t3\n2.png 0\n")
    assert default_flist_reader(listed) == [("a b/1.png", 3), ("2.png", 0)]
