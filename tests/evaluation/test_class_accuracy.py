"""Accuracy per class: what is reported, names, state. Values: tests/conformance."""

import pytest
import torch
from fake_loop import FakeLoop, make_stream

from avalanche.evaluation.metrics import ClassAccuracy, amca_metrics, class_accuracy_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin

FOUND, TRUE = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 1, 3])


@pytest.mark.parametrize(
    ("classes", "before", "after"),
    [
        (None, {}, {0: {0: 1.0, 1: 0.5}, 1: {3: 1.0}}),
        ([5, 1, 0], {0: {0: 0.0, 1: 0.0, 5: 0.0}}, {t: {0: 0.0} for t in (0, 1)}),
        ({0: [0, 1], 2: [2]}, {0: {0: 0.0, 1: 0.0}, 2: {2: 0.0}}, None),
    ],
    ids=["those_that_appear", "the_same_for_all_tasks", "for_every_task"],
)
def test_classes_that_are_reported(classes, before, after):
    accuracy = ClassAccuracy(classes)
    assert accuracy.result() == before
    accuracy.update(FOUND, TRUE, torch.tensor([0, 0, 0, 1]))
    if isinstance(classes, list):
        after = {0: {0: 1.0, 1: 0.5, 5: 0.0}, 1: {0: 0.0, 1: 0.0, 5: 0.0}}
    elif classes:
        after = {0: {0: 1.0, 1: 0.5}, 2: {2: 0.0}}
    assert accuracy.result() == after
    accuracy.reset()
    assert accuracy.result() == before


def test_a_single_task_label_and_one_hot_targets():
    accuracy = ClassAccuracy()
    accuracy.update(torch.eye(4)[FOUND], torch.eye(4)[TRUE], 2)
    assert accuracy.result() == {2: {0: 1.0, 1: 0.5, 3: 1.0}}


def run(task_labels, **options):
    loop = FakeLoop(EvaluationPlugin(class_accuracy_metrics(**options)))
    train, test = (make_stream(name, 2, task_labels=task_labels) for name in ("train", "test"))
    output = torch.eye(4)[FOUND]
    loop.train(train[0], [[(output[:2], TRUE[:2]), (output[1:3], TRUE[1:3])]])
    ids = None if task_labels != [[0], [1]] else torch.ones(2, dtype=torch.long)
    loop.eval(test, [[(output[:2], TRUE[:2])], [(output[2:], TRUE[2:], ids)]])
    return loop.evaluator.get_all_metrics()


def test_names_and_values_at_every_granularity():
    found = run(
        [[0], [1]],
        minibatch=True,
        epoch=True,
        epoch_running=True,
        experience=True,
        stream=True,
    )
    train, test = "train_phase/train_stream/Task000", "eval_phase/test_stream"
    assert found == {
        f"Top1_ClassAcc_MB/{train}/0": ([0], [1.0]),
        f"Top1_ClassAcc_MB/{train}/1": ([0, 1], [1.0, 0.5]),
        f"Top1_RunningClassAcc_Epoch/{train}/0": ([0, 1], [1.0, 1.0]),
        f"Top1_RunningClassAcc_Epoch/{train}/1": ([0, 1], [1.0, pytest.approx(2 / 3)]),
        f"Top1_ClassAcc_Epoch/{train}/0": ([2], [1.0]),
        f"Top1_ClassAcc_Epoch/{train}/1": ([2], [pytest.approx(2 / 3)]),
        f"Top1_ClassAcc_Exp/{test}/Task000/Exp000/0": ([2], [1.0]),
        f"Top1_ClassAcc_Exp/{test}/Task000/Exp000/1": ([2], [1.0]),
        f"Top1_ClassAcc_Exp/{test}/Task001/Exp001/1": ([2], [0.0]),
        f"Top1_ClassAcc_Exp/{test}/Task001/Exp001/3": ([2], [1.0]),
        f"Top1_ClassAcc_Stream/{test}/Task000/0": ([2], [1.0]),
        f"Top1_ClassAcc_Stream/{test}/Task000/1": ([2], [1.0]),
        f"Top1_ClassAcc_Stream/{test}/Task001/1": ([2], [0.0]),
        f"Top1_ClassAcc_Stream/{test}/Task001/3": ([2], [1.0]),
    }


def test_without_task_labels_there_is_no_task_in_the_name():
    names = [*run("none", stream=True)]
    assert names == [f"Top1_ClassAcc_Stream/eval_phase/test_stream/{c}" for c in (0, 1, 3)]


def test_values_of_several_tasks_keep_their_names_where_experiences_have_no_labels():
    loop = FakeLoop(EvaluationPlugin(class_accuracy_metrics(stream=True), amca_metrics()))
    batch = torch.eye(4)[[0, 3]], torch.tensor([0, 0]), torch.tensor([0, 2])
    loop.eval(make_stream("test", 1, task_labels="none"), [[batch]])
    assert loop.evaluator.get_last_metrics() == {
        "Top1_ClassAcc_Stream/eval_phase/test_stream/Task000/0": 1.0,
        "Top1_ClassAcc_Stream/eval_phase/test_stream/Task002/0": 0.0,
        "Top1_AMCA_Stream/test_stream/Task000": 1.0,
        "Top1_AMCA_Stream/test_stream/Task002": 0.0,
    }


def test_classes_of_the_helper():
    found = run([[0], [0]], stream=True, classes=[0, 9])
    assert {name[-1]: values for name, (_, values) in found.items()} == {"0": [1.0], "9": [0.0]}


def test_state_round_trips():
    accuracy, twin = ClassAccuracy(), ClassAccuracy()
    accuracy.update(FOUND, TRUE, 1)
    twin.load_state_dict(accuracy.state_dict())
    assert twin.result() == accuracy.result()
