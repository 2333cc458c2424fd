"""Streams of new instances: partition, balance, repetition of splits, errors."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B


def data(n=43, n_classes=3, first=0):
    numbers = torch.arange(n)
    return TensorDataset((numbers + first).float(), numbers % n_classes)


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("balance", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("least", [0, 2, 3])
def test_samples_are_partitioned_as_promised(seed, balance, shuffle, least):
    benchmark = B.ni_benchmark(
        data(),
        data(9),
        4,
        seed=seed,
        shuffle=shuffle,
        balance_experiences=balance,
        min_class_patterns_in_exp=least,
    )
    parts = benchmark.train_exps_patterns_assignment
    assert sorted(p for own in parts for p in own) == list(range(43))
    sizes = benchmark.n_patterns_per_experience
    assert sizes == [len(p) for p in parts]
    if balance:
        for counts in zip(*benchmark.exp_structure, strict=True):
            assert max(counts) - min(counts) <= 1
    else:
        assert max(sizes) - min(sizes) <= 1
    assert min(n for counts in benchmark.exp_structure for n in counts) >= least
    counted = [[sum(i % 3 == c for i in own) for c in range(3)] for own in parts]
    assert benchmark.exp_structure == counted
    assert benchmark.n_patterns_per_class == [15, 14, 14]
    assert [int(s[0]) for s in benchmark.train_stream[2].dataset] == parts[2]


def test_one_test_experience_and_task_labels():
    benchmark = B.ni_benchmark(data(), data(9, 3, 100), 4, task_labels=True, seed=0)
    assert [e.task_labels for e in benchmark.train_stream] == [[0], [1], [2], [3]]
    assert [e.task_labels for e in benchmark.test_stream] == [[0]]
    assert [int(s[0]) for s in benchmark.test_stream[0].dataset] == list(range(100, 109))


def test_reproducibility_data_and_fixed_assignments_repeat_a_split():
    first = B.ni_benchmark(data(), data(), 4, task_labels=True, seed=3)
    again = B.ni_benchmark(data(), data(), 1, reproducibility_data=first.get_reproducibility_data())
    assert again.train_exps_patterns_assignment == first.train_exps_patterns_assignment
    assert again.task_labels == first.task_labels
    fixed = B.ni_benchmark(data(), data(), 2, fixed_exp_assignment=[[0, 3, 4], [1, 2]])
    assert [[int(s[0]) for s in e.dataset] for e in fixed.train_stream] == [[0, 3, 4], [1, 2]]
    assert fixed.exp_structure == [[2, 1, 0], [0, 1, 1]]


def test_lists_of_datasets_are_joined():
    both = B.ni_benchmark([data(5), data(7, 3, 50)], [data(3), data(4)], 2, seed=0)
    assert sorted(int(s[0]) for e in both.train_stream for s in e.dataset) == [
        *range(5),
        *range(50, 57),
    ]
    assert len(both.test_stream[0].dataset) == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_experiences": 0}, "n_experiences=0: expected an int above zero"),
        ({"n_experiences": 44}, "training data has only 43 samples"),
        ({"n_experiences": 4, "min_class_patterns_in_exp": 4}, "class 0 has 15 samples"),
        ({"n_experiences": 2, "fixed_exp_assignment": [[0]]}, "has 1 lists, n_experiences=2"),
        ({"n_experiences": 2, "fixed_exp_assignment": [[0], [0]]}, r"the samples \[0\] more than"),
        ({"n_experiences": 2, "reproducibility_data": {}}, "lacks 'exps_patterns_assignment'"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        B.ni_benchmark(data(), data(), **options)


def test_no_seed_follows_the_global_generator():
    torch.manual_seed(5)
    one = B.ni_benchmark(data(), data(), 3).train_exps_patterns_assignment
    torch.manual_seed(5)
    assert B.ni_benchmark(data(), data(), 3).train_exps_patterns_assignment == one
    assert B.ni_benchmark(data(), data(), 3).train_exps_patterns_assignment != one
