"""Validation streams: never a sample in both, whatever splits and however often it is read."""

import random
from functools import partial

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.generators import (
    class_balanced_split_strategy,
    fixed_size_experience_split_strategy,
    random_validation_split_strategy,
)


def data(n=40):
    numbers = torch.arange(n)
    return TensorDataset(numbers.float(), numbers % 4)


def nc():
    return B.nc_benchmark(data(), data(), 2, True, seed=0)


def generated():
    made = (B.DatasetExperience(dataset=e.dataset) for e in nc().train_stream)
    return B.CLScenario([B.CLStream("train", made)])


def samples(experience):
    return [int(s[0]) for s in experience.dataset]


def careless(dataset):
    """Draws anew at every call."""
    order = random.sample(range(len(dataset)), len(dataset))
    return dataset.subset(order[5:]), dataset.subset(order[:5])


@pytest.mark.parametrize("make", [nc, generated])
@pytest.mark.parametrize("first", ["train", "valid"])
def test_train_and_valid_never_overlap(make, first):
    benchmark = B.benchmark_with_validation_stream(make(), split_strategy=careless)
    found = {}
    for name in (first, "train", "valid", "train"):
        found.setdefault(name, []).append([samples(e) for e in benchmark.streams[name]])
    assert all(reading == readings[0] for readings in found.values() for reading in readings)
    for train, valid, whole in zip(
        found["train"][0], found["valid"][0], make().train_stream, strict=True
    ):
        assert len(valid) == 5
        assert not set(train) & set(valid)
        assert sorted(train + valid) == sorted(samples(whole))


def test_recorded_splits_of_avalanche_lib():
    numbers = torch.arange(20)
    whole = TensorDataset(numbers.float(), numbers % 5)
    bm = B.class_incremental_benchmark({"train": whole, "test": whole}, num_experiences=5, seed=0)
    last = B.benchmark_with_validation_stream(bm, 0.25)
    assert [samples(e) for e in last.train_stream][:2] == [[4, 9, 14], [0, 5, 10]]
    assert [samples(e) for e in last.valid_stream][:2] == [[19], [15]]
    mixed = B.benchmark_with_validation_stream(bm, 3, shuffle=True, seed=5)
    assert [samples(e) for e in mixed.train_stream][:2] == [[19], [15]]
    assert [samples(e) for e in mixed.valid_stream][:2] == [[9, 4, 14], [5, 0, 10]]


def test_task_labels_class_lists_and_facts_stay():
    benchmark = B.benchmark_with_validation_stream(nc(), 0.5)
    assert list(benchmark.streams) == ["train", "valid", "test"]
    for name in benchmark.streams:
        for experience, original in zip(benchmark.streams[name], nc().train_stream, strict=True):
            assert experience.task_label == original.task_label
            assert experience.classes_in_this_experience == original.classes_in_this_experience
            assert experience.benchmark is benchmark
    assert [e.dataset.current_group for e in benchmark.valid_stream] == ["eval", "eval"]
    assert [e.dataset.current_group for e in benchmark.train_stream] == ["train", "train"]
    assert benchmark.n_classes == 4
    assert benchmark.classes_order == nc().classes_order


def test_arguments_of_earlier_releases():
    x = torch.arange(20.0)
    whole = B.nc_benchmark((x, torch.arange(20) % 2), (x, torch.arange(20) % 2), 2, False)
    named = B.benchmark_with_validation_stream(benchmark_instance=whole, validation_size=0.2)
    placed = B.benchmark_with_validation_stream(whole, 0.2, False, "train", "held_out")
    assert list(placed.streams) == ["train", "held_out", "test"]
    for benchmark, name in ((named, "valid"), (placed, "held_out")):
        assert [len(e.dataset) for e in benchmark.streams[name]] == [2, 2]
        assert [len(e.dataset) for e in benchmark.train_stream] == [8, 8]
    with pytest.raises(TypeError, match="needs a benchmark"):
        B.benchmark_with_validation_stream()


def test_data_incremental_with_the_arguments_of_earlier_releases():
    x = torch.arange(20.0)
    whole = B.nc_benchmark((x, torch.arange(20) % 2), (x, torch.arange(20) % 2), 2, False)
    for cut in (
        B.data_incremental_benchmark(whole, 4, True, drop_last=True),
        B.data_incremental_benchmark(whole, 4, True, True, ("train",)),
    ):
        assert [len(e.dataset) for e in cut.train_stream] == [4] * 4
        assert [len(e.dataset) for e in cut.test_stream] == [10, 10]
    kept = B.data_incremental_benchmark(whole, 4, False, False, ("test",), None)
    assert [len(e.dataset) for e in kept.test_stream] == [4, 4, 2] * 2
    own = B.data_incremental_benchmark(whole, 4, False, False, ("train",), halves)
    assert [len(e.dataset) for e in own.train_stream] == [5] * 4
    named = B.data_incremental_benchmark(whole, 4, False, False, custom_split_strategy=halves)
    assert [len(e.dataset) for e in named.train_stream] == [5] * 4
    for number in (np.int64(4), torch.tensor(4)):
        sized = B.data_incremental_benchmark(whole, number, shuffle=True)
        assert [len(e.dataset) for e in sized.train_stream] == [4, 4, 2] * 2
    with pytest.raises(TypeError, match="too many arguments"):
        B.data_incremental_benchmark(whole, 4, False, ("train",), None, None)
    with pytest.raises(TypeError, match="drop_last and custom_split_strategy"):
        B.data_incremental_benchmark(whole, 4, custom_split_strategy=halves, drop_last=True)


def halves(experience):
    return [experience.dataset[:5], experience.dataset[5:]]


def test_random_splits():
    whole = B.AvalancheDataset(data(10))
    numbers = [[int(s[0]) for s in part] for part in B.split_validation_random(0.3, True, 5, whole)]
    assert numbers == [[1, 4, 9, 6, 3, 5, 0], [2, 8, 7]]  # recorded from avalanche-lib 0.6.0
    split = B.split_validation_random(4, False)
    assert [[int(s[0]) for s in part] for part in split(whole)] == [[*range(6)], [6, 7, 8, 9]]
    before = torch.get_rng_state()
    B.split_validation_random(0.3, True, 5, whole)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("size", [0.0, 0.25, 0.5, 0.99, 1.0])
def test_balanced_splits_take_the_share_of_every_class(size):
    whole = B.utils.as_classification_dataset(data(22))
    train, valid = B.split_validation_class_balanced(size, whole)
    for label, count in whole.targets.count.items():
        assert valid.targets.count.get(label, 0) == int(count * size)
        assert train.targets.count.get(label, 0) == count - int(count * size)


def test_older_keywords_name_the_streams():
    made = B.benchmark_with_validation_stream(
        nc(), 0.25, input_stream="test", output_stream="held_out"
    )
    assert list(made.streams) == ["train", "test", "held_out"]
    kept, held = made.test_stream[0], made.held_out_stream[0]
    assert (len(kept.dataset), len(held.dataset)) == (15, 5)
    assert sorted(samples(kept) + samples(held)) == sorted(samples(nc().test_stream[0]))


def test_an_older_strategy_divides_experiences():
    strategy = partial(class_balanced_split_strategy, 0.2)
    made = B.benchmark_with_validation_stream(nc(), custom_split_strategy=strategy)
    for train, valid, whole in zip(
        made.train_stream, made.valid_stream, nc().train_stream, strict=True
    ):
        assert [list(valid.dataset.targets).count(c) for c in valid.dataset.targets.uniques] == [
            2,
            2,
        ]
        assert sorted(samples(train) + samples(valid)) == sorted(samples(whole))
        assert samples(valid) == samples(made.valid_stream[valid.current_experience])
    last = B.benchmark_with_validation_stream(
        nc(), custom_split_strategy=partial(random_validation_split_strategy, 3, False)
    )
    assert samples(last.valid_stream[0]) == samples(nc().train_stream[0])[-3:]
    with pytest.raises(TypeError, match="both divide; pass one of them"):
        B.benchmark_with_validation_stream(
            nc(), split_strategy=careless, custom_split_strategy=strategy
        )


def test_older_pieces_of_a_fixed_size():
    experience = nc().train_stream[0]
    pieces = fixed_size_experience_split_strategy(8, False, False, experience)
    assert [len(p) for p in pieces] == [8, 8, 4]
    assert [int(s[0]) for p in pieces for s in p] == samples(experience)
    dropped = fixed_size_experience_split_strategy(8, True, True, experience)
    assert [len(p) for p in dropped] == [8, 8]
    cut = B.data_incremental_benchmark(
        nc(), 8, custom_split_strategy=partial(fixed_size_experience_split_strategy, 8, False, True)
    )
    assert [len(e.dataset) for e in cut.train_stream] == [8, 8, 8, 8]


def test_wrong_use_is_refused():
    whole = B.AvalancheDataset(data(10))
    with pytest.raises(ValueError, match="validation_size=11: the dataset has 10 samples"):
        B.split_validation_random(11, False, dataset=whole)
    with pytest.raises(ValueError, match="validation_size=1.5: expected a share"):
        B.split_validation_random(1.5, False)
    with pytest.raises(ValueError, match="validation_size=3: expected a share"):
        B.split_validation_class_balanced(3)
    twice = B.benchmark_with_validation_stream(nc(), 0.5)
    with pytest.raises(ValueError, match="a stream 'valid' already"):
        B.benchmark_with_validation_stream(twice)
    with pytest.raises(ValueError, match="expected one called 'train'"):
        B.benchmark_with_validation_stream(B.CLScenario([]))


def test_class_lists_work_as_sets_too():
    pair = TensorDataset(torch.zeros(12, 2), torch.arange(12) % 6)
    whole = B.nc_benchmark(pair, pair, 3, False, fixed_class_order=[5, 1, 0, 2, 4, 3])
    for benchmark in (whole, B.benchmark_with_validation_stream(whole, 0.5)):
        second = benchmark.train_stream[1]
        assert second.classes_in_this_experience == [0, 2]
        assert second.classes_seen_so_far - second.classes_in_this_experience == {1, 5}
        assert {0, 7} - second.classes_in_this_experience == {7}
        assert second.previous_classes & {1, 2} == {1}
        assert {1, 2} & second.previous_classes == {1}
        assert second.previous_classes | second.future_classes == {1, 3, 4, 5}
        assert second.classes_in_this_experience ^ [0, 9] == {2, 9}
        assert [*second.previous_classes, 8] == [5, 1, 8]
