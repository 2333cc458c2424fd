"""`nc_benchmark` over lists of datasets: classes of their own, in the recorded order."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark


def data(labels, first=0):
    return TensorDataset(torch.arange(len(labels)).float() + first, torch.tensor(labels))


def three():
    return [data([0, 1, 2, 0, 1, 2], 100 * i) for i in range(3)]


def samples(stream):
    return [[int(s[0]) for s in e.dataset] for e in stream]


def test_one_dataset_per_experience_as_recorded_from_avalanche_lib():
    benchmark = nc_benchmark(
        three(),
        three(),
        3,
        False,
        seed=1,
        one_dataset_per_exp=True,
        class_ids_from_zero_from_first_exp=True,
    )
    order = [[100, 103, 101, 104, 102, 105], [202, 205, 200, 203, 201, 204], [0, 3, 1, 4, 2, 5]]
    assert samples(benchmark.train_stream) == order
    assert samples(benchmark.test_stream) == order
    assert benchmark.class_mapping == [6, 7, 8, 0, 1, 2, 3, 4, 5]
    assert benchmark.classes_order_original_ids == [3, 4, 5, 6, 7, 8, 0, 1, 2]
    assert [s[1] for s in benchmark.train_stream[1].dataset] == [5, 5, 3, 3, 4, 4]
    assert benchmark.n_classes == 9


def test_classes_of_all_datasets_are_dealt_out_as_recorded():
    benchmark = nc_benchmark(
        three(), three(), 3, False, seed=1, class_ids_from_zero_in_each_exp=True
    )
    assert samples(benchmark.train_stream) == [
        [0, 3, 101, 104, 200, 203],
        [2, 5, 102, 105, 201, 204],
        [202, 205, 1, 4, 100, 103],
    ]
    assert benchmark.class_mapping == [1, 2, 2, 1, 0, 0, 2, 1, 0]


def test_labels_are_numbered_on_from_dataset_to_dataset():
    train, test = [data([2, 5, 2]), data([5, 3, 2])], [data([2, 5]), data([3, 5, 2])]
    benchmark = nc_benchmark(train, test, 2, True, shuffle=False, one_dataset_per_exp=True)
    assert [[s[1] for s in e.dataset] for e in benchmark.train_stream] == [[0, 0, 1], [2, 3, 4]]
    assert [e.task_label for e in benchmark.test_stream] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((three(), three()[0], 3, False), "test_dataset is a single dataset, the other a list"),
        ((three(), three()[:2], 3, False), "lists of 3 and 2 datasets"),
        ((three()[0], three()[0], 3, False, 1), "one_dataset_per_exp=True with single datasets"),
        ((three(), three(), 2, False, 1), "n_experiences=2 with one_dataset_per_exp=True and 3"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nc_benchmark(*arguments[:4], one_dataset_per_exp=len(arguments) > 4)


def test_a_fixed_order_does_not_go_with_one_dataset_per_experience():
    with pytest.raises(ValueError, match=r"one_dataset_per_exp=True with fixed_class_order=\[0\]"):
        nc_benchmark(three(), three(), 3, False, one_dataset_per_exp=True, fixed_class_order=[0])
