"""Cumulative accuracy that follows a strategy. Values: tests/conformance, tests/correctness."""

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from torch.utils._python_dispatch import TorchDispatchMode

from avalanche.evaluation.metrics import (
    CumulativeAccuracy,
    CumulativeAccuracyPluginMetric,
    CumulativeForgettingPluginMetric,
)
from avalanche.training.plugins.evaluation import EvaluationPlugin

SCORES = torch.tensor([[0.1, 0.2, 0.9, 0.0], [0.9, 0.1, 0.0, 0.0]])


def test_classes_without_a_unit_are_never_chosen():
    accuracy = CumulativeAccuracy()
    accuracy.update({0: [0, 6]}, SCORES, torch.tensor([6, 0]))
    assert accuracy.result() == {0: 0.5}
    accuracy.update({}, SCORES, torch.tensor([0, 0]))
    assert accuracy.result() == {0: 0.5}


def test_targets_that_no_set_knows_are_left_out():
    accuracy = CumulativeAccuracy()
    accuracy.update({0: [0, 1], 3: [0, 1, 2, 3]}, SCORES, torch.tensor([99, 0]))
    assert accuracy.result() == {0: 1.0, 3: 1.0}


SETS = {
    "nested": {0: [0, 1], 1: [0, 1, 4], 2: [0, 1, 4, 2, 3]},
    "repeated": {0: [2, 0], 1: [0, 2], 5: [0, 1, 2]},
    "out_of_order": {2: [0, 1, 2, 3, 4], 0: [0, 1], 1: [0, 1, 4]},
    "apart": {0: [0, 1], 1: [2, 3], 2: [4]},
    "overlapping": {0: [0, 1, 2], 1: [1, 2, 3], 2: [0, 4]},
    "with_an_empty_one": {0: [], 1: [3], 2: [3, 4]},
    "beyond_the_units": {0: [0, 6], 1: [0, 3, 6, 8]},
}


def counts_of(sets, scores, true):
    """Right answers and samples per set, one sample and one set at a time."""
    counts = {}
    for key, classes in sets.items():
        counts[key] = [0, 0]
        for row, label in zip(scores, true, strict=True):
            if label not in classes:
                continue
            among = {c: row[c] for c in sorted(classes) if c < len(row)}
            best = max(among.values(), default=-np.inf)
            chosen = [c for c, score in among.items() if score == best and score > -np.inf]
            counts[key][0] += chosen[:1] == [label]  # the first of equal scores
            counts[key][1] += 1
    return counts


def a_batch(seed, size=60):
    """Few different scores, hence many equal ones; some rows and columns without any."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (size, 5)).astype(np.float32)
    scores[rng.random((size, 5)) < 0.4] = -np.inf
    return scores, rng.integers(0, 10, size)


@pytest.mark.parametrize("cut", [1, 7, 60])
@pytest.mark.parametrize("sets", SETS.values(), ids=[*SETS])
def test_counts_equal_those_of_one_sample_at_a_time(sets, cut):
    accuracy = CumulativeAccuracy()
    scores, true = a_batch(seed=3)
    for first in range(0, len(true), cut):
        part = slice(first, first + cut)
        accuracy.update(sets, torch.tensor(scores[part]), torch.tensor(true[part]))
    expected = counts_of(sets, scores, true)
    assert accuracy.state_dict() == {"counts": expected}
    assert accuracy.result() == {k: right / max(n, 1) for k, (right, n) in expected.items()}


def test_sets_that_come_and_go_keep_their_counts():
    accuracy, expected = CumulativeAccuracy(), {}
    names = ["nested", "nested", "apart", "repeated", "nested", "beyond_the_units"]
    for seed, name in enumerate(names):
        scores, true = a_batch(seed)
        accuracy.update(SETS[name], torch.tensor(scores), torch.tensor(true))
        for key, (right, n) in counts_of(SETS[name], scores, true).items():
            before = expected.get(key, [0, 0])
            expected[key] = [before[0] + right, before[1] + n]
    assert accuracy.state_dict() == {"counts": expected}
    assert [*accuracy.result()] == [*expected] == [0, 1, 2, 5]


def test_a_set_that_grows_in_place_is_seen():
    accuracy, classes = CumulativeAccuracy(), [0]
    accuracy.update({0: classes}, SCORES, torch.tensor([2, 0]))
    classes.append(2)
    accuracy.update({0: classes}, SCORES, torch.tensor([2, 0]))
    assert accuracy.state_dict() == {"counts": {0: [3, 3]}}


def test_a_sample_is_wrong_where_no_class_of_the_set_has_a_score():
    accuracy = CumulativeAccuracy()
    scores = torch.tensor([[-torch.inf, -torch.inf, 1.0]] * 2)
    accuracy.update({0: [0, 1], 1: [0, 1, 2]}, scores, torch.tensor([0, 1]))
    assert accuracy.state_dict() == {"counts": {0: [0, 2], 1: [0, 2]}}


@pytest.mark.parametrize("sets", [SETS["nested"], SETS["apart"]], ids=["nested", "apart"])
def test_scores_that_are_not_numbers_are_never_right(sets):
    accuracy = CumulativeAccuracy()
    scores = torch.tensor([[torch.nan, 0.0, 0.0, 0.0, 0.0], [torch.nan, 1.0, 0.0, 0.0, 0.0]])
    accuracy.update(sets, scores, torch.tensor([0, 1]))
    assert accuracy.state_dict()["counts"][0] == [0, 2]


def test_labels_below_0_belong_to_no_set():
    accuracy = CumulativeAccuracy()
    accuracy.update({0: [0, 1, 2, 3]}, SCORES, torch.tensor([-1, 0]))
    assert accuracy.state_dict() == {"counts": {0: [1, 1]}}


def test_counts_saved_earlier_load_and_go_on():
    accuracy = CumulativeAccuracy()
    accuracy.load_state_dict({"counts": {1: [1, 2], 0: [3, 4]}})
    assert accuracy.result() == {1: 0.5, 0: 0.75}
    accuracy.update({0: [0], 1: [0, 1, 2], 2: [0, 3]}, SCORES, torch.tensor([2, 0]))
    assert accuracy.state_dict() == {"counts": {1: [3, 4], 0: [4, 5], 2: [1, 1]}}
    accuracy.load_state_dict({"counts": {}})
    assert accuracy.result() == {}


def test_classes_saved_earlier_load_and_go_on():
    first, second = CumulativeAccuracyPluginMetric(), CumulativeAccuracyPluginMetric()
    first.load_state_dict({"metric": {"counts": {0: [1, 2]}}, "seen": {0: [0, 1]}})
    FakeLoop(EvaluationPlugin(first)).train(make_stream("train", 2)[1], [[answers(1, 1)]])
    state = first.state_dict()
    assert state == {"metric": {"counts": {0: [1, 2]}}, "seen": {0: [0, 1], 1: [0, 1, 2, 3]}}
    second.load_state_dict(state)
    assert second.state_dict() == state


class Cost(TorchDispatchMode):
    """Counts operations, and the elements of the largest tensor that one of them makes."""

    def __init__(self):
        super().__init__()
        self.operations = self.largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        self.operations += 1
        self.largest = max([self.largest, *(t.numel() for t in [made] if torch.is_tensor(t))])
        return made


@pytest.mark.parametrize("nested", [True, False], ids=["nested", "apart"])
def test_a_batch_costs_as_many_operations_for_many_sets(nested):
    scores, true, costs = torch.rand(32, 100), torch.arange(32), {}
    for count in (2, 50):
        sets = {k: [*range(0 if nested else 2 * k, 2 * k + 2)] for k in range(count)}
        accuracy = CumulativeAccuracy()
        accuracy.update(sets, scores, true)
        with Cost() as cost:
            accuracy.update(sets, scores, true)
        costs[count] = cost.operations
        assert cost.largest <= max(scores.numel(), count * scores.shape[1])
    assert costs[2] == costs[50]


def evaluator():
    return EvaluationPlugin(CumulativeAccuracyPluginMetric(), CumulativeForgettingPluginMetric())


def go(plugin, times):
    """Two experiences of two classes; the second training confuses 0 with 1."""
    loop = FakeLoop(plugin)
    train, test = make_stream("train", 2), make_stream("test", 1)
    for k in times:
        loop.train(train[k], [[answers(1, 1)]])
        scores = SCORES.clone()
        if k == 1:
            scores[1, 1] = 1.0
        loop.eval(test, [[(scores, torch.tensor([2, 0]))]])
    return plugin


def test_names_and_values():
    accuracy, lost = (
        f"Cumulative{kind}/eval_phase/test_stream" for kind in ("Accuracy", "Forgetting")
    )
    assert go(evaluator(), (0, 1)).get_all_metrics() == {
        f"{accuracy}/Exp000": ([1, 2], [1.0, 0.0]),
        f"{accuracy}/Exp001": ([2], [0.5]),
        f"{lost}/Exp000": ([2], [1.0]),
    }


def test_state_round_trips():
    first, second = go(evaluator(), (0,)), evaluator()
    second.load_state_dict(first.state_dict())
    go(second, (1,))
    values = {name: values[-1] for name, (_, values) in second.get_all_metrics().items()}
    assert values == {
        name: v[-1] for name, (_, v) in go(evaluator(), (0, 1)).get_all_metrics().items()
    }


def test_an_old_experience_that_returns_keeps_its_classes():
    plugin = CumulativeAccuracyPluginMetric()
    loop = FakeLoop(EvaluationPlugin(plugin))
    train = make_stream("train", 2)
    for k in (0, 1, 0, 1):
        loop.train(train[k], [[answers(1, 1)]])
    assert plugin.state_dict()["seen"] == {0: [0, 1], 1: [0, 1, 2, 3]}


def scores_of(right, classes=4):
    """Scores that give every sample its class of ``right``."""
    return torch.nn.functional.one_hot(torch.tensor(right), classes).float()


def last_values(plugin):
    last = plugin.get_last_metrics().items()
    return {name.removeprefix("Cumulative").replace("eval_phase/", ""): v for name, v in last}


def test_streams_have_first_values_of_their_own():
    plugin = EvaluationPlugin(CumulativeForgettingPluginMetric())
    loop, train = FakeLoop(plugin), make_stream("train", 2)
    true = torch.tensor([0, 1, 0, 1])
    answers_of = {  # by the experience learnt last: right are 4 and 2, then 1 and 2 of 4
        0: {"test": [0, 1, 0, 1], "valid": [0, 1, 1, 0]},
        1: {"test": [0, 0, 1, 0], "valid": [0, 1, 1, 0]},
    }
    for k, by_stream in answers_of.items():
        loop.train(train[k], [[answers(1, 1)]])
        for stream, found in by_stream.items():
            loop.eval(make_stream(stream, 1), [[(scores_of(found), true)]])
    assert last_values(plugin) == {
        "Forgetting/test_stream/Exp000": 0.75,
        "Forgetting/valid_stream/Exp000": 0.0,
    }
    twin = EvaluationPlugin(CumulativeForgettingPluginMetric())
    twin.load_state_dict(plugin.state_dict())
    twin.reset_last_metrics()
    FakeLoop(twin).eval(make_stream("valid", 1), [[(scores_of([1, 1, 1, 0]), true)]])
    assert last_values(twin) == {"Forgetting/valid_stream/Exp000": 0.25}


def test_a_part_of_a_stream_has_values_of_the_sets_that_it_measures():
    plugin = evaluator()
    loop, train, test = FakeLoop(plugin), make_stream("train", 2), make_stream("test", 2)
    for experience in train:
        loop.train(experience, [[answers(1, 1)]])
        loop.eval(test, [[(scores_of([0]), torch.tensor([0]))], []])
    plugin.reset_last_metrics()
    loop.eval(test[1:], [[(scores_of([2, 2]), torch.tensor([2, 3]))]])
    assert last_values(plugin) == {"Accuracy/test_stream/Exp001": 0.5}


def test_what_was_never_measured_right_after_learning_has_no_forgetting():
    plugin = EvaluationPlugin(CumulativeForgettingPluginMetric())
    loop = FakeLoop(plugin)
    for experience in make_stream("train", 2):
        loop.train(experience, [[answers(1, 1)]])
    loop.eval(make_stream("test", 1), [[(scores_of([0, 2]), torch.tensor([0, 2]))]])
    assert plugin.get_last_metrics() == {}


def test_experiences_learnt_together_have_a_set_each():
    plugin = evaluator()
    loop = FakeLoop(plugin)
    loop.joint_experiences = make_stream("train", 2)
    loop.train(loop.joint_experiences[-1], [[answers(1, 1)]])
    scores = torch.tensor([[0.0, 1.0, 2.0, 0.0], [0.0, 0.0, 1.0, 0.0]])  # of class 1 and class 2
    loop.eval(make_stream("test", 1), [[(scores, torch.tensor([1, 2]))]])
    assert last_values(plugin) == {
        "Accuracy/test_stream/Exp000": 1.0,
        "Accuracy/test_stream/Exp001": 0.5,
    }


def test_experiences_without_class_lists_are_refused():
    loop = FakeLoop(evaluator())
    experience = make_stream("train", 1)[0]
    del experience.classes_in_this_experience
    with pytest.raises(ValueError, match="CumulativeAccuracy needs to know the classes"):
        loop.train(experience, [[answers(1, 1)]])
