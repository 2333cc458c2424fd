"""The older face: steps that hand out training and test sets, over the streams of today."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

from avalanche.benchmarks import generators, nc_benchmark
from avalanche.benchmarks.scenarios import (
    DatasetPart,
    IStepInfo,
    NCBatchInfo,
    NCTaskInfo,
    NIBatchInfo,
)


def data(n=40, first=0):
    numbers = torch.arange(n)
    return TensorDataset((numbers + first).float(), numbers * 3 % 4)


class Digits(MNIST):
    """A torchvision data set with its transform inside, of made-up images."""

    def __init__(self, n, transform):
        self.data = torch.arange(n, dtype=torch.uint8).reshape(-1, 1, 1).repeat(1, 2, 2)
        self.targets = torch.arange(n) * 3 % 4
        self.transform, self.target_transform = transform, None


def add_100(image):
    return np.asarray(image)[0, 0] + 100.0


def add_1000(image):
    return np.asarray(image)[0, 0] + 1000.0


def pairs(labelled_set):
    dataset, label = labelled_set
    return [(int(x), int(y)) for x, y in dataset], label


@pytest.fixture
def scenario():
    return generators.NCScenario(
        data(), data(20, 1000), 2, shuffle=True, seed=1234, task_labels=True
    )


def test_a_scenario_is_a_sequence_of_steps_over_the_same_streams(scenario):
    modern = nc_benchmark(data(), data(20, 1000), 2, True, seed=1234)
    assert len(scenario) == scenario.n_steps == 2
    assert scenario.n_classes == 4
    assert [s.current_step for s in scenario] == [0, 1]
    assert [s.current_step for s in scenario[1:]] == [1]
    assert isinstance(scenario[0], NCTaskInfo)
    for step, experience in zip(scenario, modern.train_stream, strict=True):
        got, label = pairs(step.current_training_set())
        assert got == [(int(x), y) for x, y, _ in experience.dataset]
        assert label == experience.task_label
        assert step.classes_in_this_experience == experience.classes_in_this_experience
        assert [s[2] for s in step.dataset] == [label] * len(got)  # still an experience
        assert (step.n_steps, step.scenario.n_classes) == (2, 4)
    assert isinstance(generators.NCScenario(data(), data(), 2)[0], NCBatchInfo)
    assert scenario[0].task_labels == [0]


def test_all_the_sets(scenario):
    modern = nc_benchmark(data(), data(20, 1000), 2, True, seed=1234)
    train = [[(int(x), y) for x, y, _ in e.dataset] for e in modern.train_stream]
    test = [[(int(x), y) for x, y, _ in e.dataset] for e in modern.test_stream]
    step = scenario[1]
    for kind, known in (("training", train), ("test", test)):

        def many(name, *args, kind=kind, **kwargs):
            method = getattr(step, f"{name}_{kind}_sets")
            return [pairs(s)[0] for s in method(*args, **kwargs)]

        assert pairs(getattr(step, f"current_{kind}_set")()) == (known[1], 1)
        assert pairs(getattr(step, f"step_specific_{kind}_set")(0)) == (known[0], 0)
        assert many("cumulative") == known
        assert many("cumulative", include_current_step=False) == known[:1]
        assert many("complete") == known
        assert many("future") == []
        for part, expected in {
            DatasetPart.CURRENT: known[1:],
            DatasetPart.CUMULATIVE: known,
            DatasetPart.OLD: known[:1],
            DatasetPart.FUTURE: [],
            DatasetPart.COMPLETE: known,
        }.items():
            assert [pairs(s)[0] for s in getattr(step, f"{kind}_set_part")(part)] == expected
    with pytest.raises(IndexError, match="step_id=2: expected 0 to 1"):
        step.step_specific_test_set(2)
    with pytest.raises(ValueError, match="dataset_part='old': expected one of"):
        step.test_set_part("old")


def test_orders(scenario):
    step = scenario[0]
    natural, _ = pairs(step.current_training_set())
    indexes, _ = pairs(step.current_training_set(sort_indexes=True))
    assert indexes == sorted(natural)
    both, _ = pairs(step.current_training_set(sort_classes=True, sort_indexes=True))
    assert both == sorted(natural, key=lambda p: (p[1], p[0]))
    buckets, _ = pairs(step.current_training_set(bucket_classes=True))
    order = step.classes_in_this_experience
    assert [y for _, y in buckets] == [order[0]] * 10 + [order[1]] * 10


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stock_loader_reads_the_sets(scenario, workers):
    dataset, _ = scenario[0].current_training_set()
    loaded = [(x, y) for x, y in DataLoader(dataset, num_workers=workers, batch_size=8)]
    assert [len(x) for x, _ in loaded] == [8, 8, 4]
    read = list(zip(*(torch.cat(c).int().tolist() for c in zip(*loaded, strict=True)), strict=True))
    assert read == pairs((dataset, 0))[0]


def test_transforms_inside_the_data_sets_belong_to_train_and_test():
    scenario = generators.NCScenario(
        Digits(40, add_100),
        Digits(20, add_1000),
        2,
        False,
        shuffle=False,
        class_ids_from_zero_in_each_step=True,
    )
    step = scenario[1]
    stored = [i for label in (2, 3) for i in range(40) if i * 3 % 4 == label]
    labels = [i * 3 % 4 - 2 for i in stored]

    def read(one):
        return pairs(one.current_training_set())[0]

    assert read(step) == [(i + 100, y) for i, y in zip(stored, labels, strict=True)]
    assert read(step.with_test_transformations()) == [
        (i + 1000, y) for i, y in zip(stored, labels, strict=True)
    ]
    bare, _ = step.disable_transformations().current_training_set()
    assert [(np.asarray(x)[0, 0], y) for x, y in bare] == list(zip(stored, labels, strict=True))
    assert read(step.disable_transformations().enable_transformations()) == read(step)
    shown = pairs(step.with_train_transformations().current_test_set())[0]
    assert all(100 <= x < 120 for x, _ in shown)
    assert all(x >= 1000 for x, _ in pairs(step.current_test_set())[0])


def test_new_instances_have_one_test_set():
    scenario = generators.NIScenario(data(), data(20, 1000), 4, seed=0, balance_steps=True)
    assert isinstance(scenario[3], NIBatchInfo)
    assert len(scenario) == 4
    assert len(pairs(scenario[2].step_specific_test_set(3))[0]) == 20
    assert len(scenario[2].cumulative_test_sets()) == 1
    assert len(scenario[2].cumulative_training_sets()) == 3


def test_other_factories(tmp_path):
    given = generators.DatasetScenario([data(), data(8)], [data(4)], [3, 5])
    assert [s.current_training_set()[1] for s in given] == [3, 5]
    assert isinstance(given[0], IStepInfo)
    x, y = data(8).tensors
    tensors = generators.TensorScenario([x, x + 1], [y, y], x, y, [0, 1])
    assert pairs(tensors[1].current_training_set())[0][0] == (1, 0)
    assert len(pairs(tensors[1].step_specific_test_set(1))[0]) == 8


def test_the_older_names_are_the_same_builders():
    assert generators.nc_scenario is generators.nc_benchmark is nc_benchmark
    assert generators.create_multi_dataset_generic_benchmark is generators.dataset_benchmark
    assert set(generators.__all__) <= set(dir(generators))
