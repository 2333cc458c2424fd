"""Class-incremental streams: equal to recorded ones of avalanche-lib 0.6, and to the promises."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import NCScenario, nc_benchmark

FIXTURE = Path(__file__).parents[1] / "fixtures" / "nc_splits.json"
RECORDED = json.loads(FIXTURE.read_text())["cases"]


def data(n=80, first=0, n_classes=20):
    numbers = torch.arange(n)
    return TensorDataset((numbers + first).float(), (numbers * 7 + numbers // 13) % n_classes)


def make(case, **more):
    known = {"task_labels": False, **case, **more}
    if "per_exp_classes" in known:
        known["per_exp_classes"] = {int(k): v for k, v in known["per_exp_classes"].items()}
    return nc_benchmark(data(), data(40, 1000), **known)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: str(r["case"]))
def test_streams_equal_those_of_avalanche_lib(recorded):
    benchmark, expected = make(recorded["case"]), recorded["expected"]
    for name in (
        "n_classes",
        "classes_order",
        "classes_order_original_ids",
        "class_mapping",
        "n_classes_per_exp",
    ):
        assert getattr(benchmark, name) == expected[name], name
    for name, experiences in expected["streams"].items():
        stream = benchmark.streams[name]
        assert len(stream) == len(experiences)
        for experience, known in zip(stream, experiences, strict=True):
            assert sorted(experience.classes_in_this_experience) == known["classes"]
            assert sorted(experience.previous_classes) == known["previous"]
            assert sorted(experience.classes_seen_so_far) == known["seen"]
            assert sorted(experience.future_classes) == known["future"]
            assert experience.task_labels == known["task_labels"]
            samples = [[int(x), y, t] for x, y, t in experience.dataset]
            assert samples == known["samples"]
            order = torch.arange(len(experience.dataset))
            batch = experience.dataset.batch(order)
            assert torch.stack([c.long() for c in batch], 1).tolist() == known["samples"]
            assert experience.dataset.targets == [y for _, y, _ in known["samples"]]


def test_a_seed_leaves_the_global_generator_alone_and_no_seed_follows_it():
    before = torch.get_rng_state()
    make({"n_experiences": 5, "seed": 4})
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(11)
    order = make({"n_experiences": 5}).classes_order
    torch.manual_seed(11)
    assert order == torch.randperm(20).tolist()


def test_class_lists_follow_the_order_of_the_benchmark():
    benchmark = make({"n_experiences": 2, "fixed_class_order": [9, 2, 17, 4]})
    experience = benchmark.test_stream[1]
    assert experience.classes_in_this_experience == [17, 4]
    assert experience.previous_classes == [9, 2]
    assert experience.classes_seen_so_far == [9, 2, 17, 4]
    assert benchmark.train_stream[0].future_classes == [17, 4]
    assert benchmark.classes_in_exp_range(0, 1) == [9, 2]
    assert benchmark.classes_in_exp_range(1) == [17, 4]
    assert benchmark.classes_in_experience["train"] == [{9, 2}, {17, 4}]
    assert benchmark.task_labels == [[0], [0]]


def test_reproducibility_data_repeats_the_split():
    first = make({"n_experiences": 4, "seed": 5, "per_exp_classes": {"0": 11}})
    again = NCScenario(
        data(), data(40), 4, False, reproducibility_data=first.get_reproducibility_data()
    )
    assert again.train_exps_patterns_assignment == first.train_exps_patterns_assignment
    assert again.n_classes_per_exp == [11, 3, 3, 3]


def test_experiences_share_one_part_and_the_transforms_follow_the_stream():
    benchmark = nc_benchmark(
        data(),
        data(40),
        5,
        False,
        seed=0,
        train_transform=lambda x: x + 0.5,
        eval_transform=lambda x: -x,
        class_ids_from_zero_from_first_exp=True,
    )
    assert len(list(benchmark.dataset_parts())) == 2
    joined = benchmark.train_stream[0].dataset + benchmark.train_stream[3].dataset
    assert len(joined.parts) == 1
    assert float(benchmark.train_stream[0].dataset[0][0]) % 1 == 0.5
    assert float(benchmark.test_stream[0].dataset[0][0]) <= 0
    assert float(benchmark.test_stream[0].dataset.train()[0][0]) % 1 == 0.5


def test_a_class_that_is_not_in_the_test_data_leaves_its_experience_smaller():
    benchmark = nc_benchmark(
        data(20, n_classes=4),
        TensorDataset(torch.zeros(3), torch.tensor([0, 0, 1])),
        2,
        False,
        shuffle=False,
    )
    assert [len(e.dataset) for e in benchmark.test_stream] == [3, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_experiences": 3}, r"n_experiences=3: 20 classes can't be divided.*\[1, 2, 4, 5, 10"),
        ({"n_experiences": 0}, r"n_experiences=0: expected an int above zero"),
        ({"n_experiences": 2, "fixed_class_order": [3, 3]}, r"classes \[3\] occur twice"),
        ({"n_experiences": 2, "fixed_class_order": [3, 77]}, r"classes \[77\] do not occur"),
        ({"n_experiences": 4, "per_exp_classes": {"0": 6}}, r"14 classes after per_exp_classes="),
        ({"n_experiences": 2, "per_exp_classes": {"5": 6}}, r"expected experiences from 0 to 1"),
        (
            {
                "n_experiences": 5,
                "class_ids_from_zero_from_first_exp": True,
                "class_ids_from_zero_in_each_exp": True,
            },
            r"at most one of them",
        ),
    ],
)
def test_wrong_arguments_are_refused_at_the_call(arguments, message):
    with pytest.raises(ValueError, match=message):
        make(arguments)


def test_data_without_targets_says_what_to_add():
    with pytest.raises(ValueError, match="give \\(x, y\\) tensors"):
        nc_benchmark(TensorDataset(torch.zeros(4)), data(), 1, False)


def test_arguments_of_the_caller_are_not_changed():
    order, counts = [3, 1, 2, 0], {0: 1}
    nc_benchmark(
        data(20, n_classes=4),
        data(20, n_classes=4),
        2,
        False,
        fixed_class_order=order,
        per_exp_classes=counts,
    )
    assert order == [3, 1, 2, 0]
    assert counts == {0: 1}
