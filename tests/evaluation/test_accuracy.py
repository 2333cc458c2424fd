"""Accuracy against scikit-learn and hand-worked cases."""

import copy
import pickle

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from sklearn.metrics import accuracy_score, confusion_matrix
from torch import nn

from avalanche.benchmarks.classic import SplitDigits
from avalanche.evaluation.metrics import (
    Accuracy,
    AccuracyPerTaskPluginMetric,
    ClassAccuracy,
    ConfusionMatrix,
    CumulativeAccuracy,
    PerClassMeanScores,
    TaskAwareAccuracy,
    TopkAccuracy,
    TrainedExperienceAccuracy,
    accuracy_metrics,
    r2_metrics,
    rmse_metrics,
    topk_acc_metrics,
)
from avalanche.evaluation.metrics.accuracy import CorrectCounter
from avalanche.models import IncrementalClassifier
from avalanche.training import Naive
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(97, 5, generator=generator)
    true = torch.randint(0, 5, (97,), generator=generator)
    tasks = torch.randint(0, 3, (97,), generator=generator)
    return scores, true, tasks


@pytest.mark.parametrize("size", [1, 7, 97])
def test_equals_sklearn_however_batches_are_cut(batch, size):
    scores, true, _ = batch
    metric = Accuracy()
    for cut, cut_true in zip(scores.split(size), true.split(size), strict=True):
        metric.update(cut, cut_true)
    assert metric.result() == accuracy_score(true.numpy(), scores.argmax(1).numpy())


def test_takes_labels_and_one_hot(batch):
    scores, true, _ = batch
    expected = accuracy_score(true.numpy(), scores.argmax(1).numpy())
    for predicted in (scores, scores.argmax(1)):
        for target in (true, torch.nn.functional.one_hot(true, 5)):
            metric = Accuracy()
            metric.update(predicted, target)
            assert metric.result() == expected


LOGITS = torch.tensor([[2.0], [-3.0], [1.0], [-0.5], [0.25]])  # of class 1
BINARY = torch.tensor([1, 0, 0, 0, 1])


@pytest.mark.parametrize(
    "target",
    [BINARY.float(), BINARY[:, None], BINARY[:, None].float(), torch.eye(2)[BINARY]],
    ids=["float", "column", "float_column", "one_hot"],
)
def test_a_single_score_is_the_logit_of_class_1(target):
    found = LOGITS.squeeze(1).numpy() > 0
    expected = accuracy_score(BINARY.numpy(), found)
    accuracy, cumulative, top = Accuracy(), CumulativeAccuracy(), TopkAccuracy(1)
    accuracy.update(LOGITS, target)
    cumulative.update({0: [0, 1], 1: [0]}, LOGITS, target)
    top.update(LOGITS, target, 0)
    assert accuracy.result() == top.result()[0] == cumulative.result()[0] == expected == 0.8
    assert cumulative.result()[1] == 1.0
    per_class, matrix, scores = ClassAccuracy(), ConfusionMatrix(), PerClassMeanScores()
    per_class.update(LOGITS, target, 0)
    matrix.update(target, LOGITS)
    scores.update(LOGITS, target)
    assert per_class.result()[0] == pytest.approx({0: 2 / 3, 1: 1.0})
    assert matrix.result().tolist() == confusion_matrix(BINARY.numpy(), found).tolist()
    assert scores.result() == pytest.approx({0: 0.0, 1: (2.0 + 0.25) / 2})


@pytest.mark.parametrize("logit", [-3.0, 2.0])
def test_a_single_score_with_labels_is_that_of_the_only_class(logit):
    """A growing head knows one class; whatever its score, the softmax of one is 1."""
    scores, true = torch.full((4, 1), logit), torch.tensor([0, 0, 1, 0])
    accuracy, top, matrix = Accuracy(), TopkAccuracy(1), ConfusionMatrix(2)
    accuracy.update(scores, true)
    top.update(scores, true, 0)
    matrix.update(true, scores)
    assert accuracy.result() == top.result()[0] == 0.75
    assert matrix.result().tolist() == [[3, 0], [1, 0]]


def test_a_head_that_begins_with_one_unit_knows_its_only_class():
    benchmark = SplitDigits(n_experiences=10)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(64, initial_out_features=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True))
    first = next(e for e in benchmark.train_stream if e.classes_in_this_experience == [0])
    results = Naive(model, optimizer, train_mb_size=32, evaluator=evaluator).train(first)
    assert [*results.values()] == [1.0]


def test_columns_of_labels_are_labels(batch):
    scores, true, _ = batch
    expected = accuracy_score(true.numpy(), scores.argmax(1).numpy())
    for predicted in (scores, scores.argmax(1), scores.argmax(1, keepdim=True)):
        metric = Accuracy()
        metric.update(predicted, true[:, None])
        assert metric.result() == expected


def test_empty_is_zero_and_reset_restores(batch):
    scores, true, _ = batch
    metric = Accuracy()
    assert metric.result() == 0.0
    metric.update(scores, true)
    metric.reset()
    assert metric.result() == 0.0
    metric.update(scores[:10], true[:10])
    assert metric.result() == accuracy_score(true[:10].numpy(), scores[:10].argmax(1).numpy())


def test_state_round_trips(batch):
    scores, true, _ = batch
    first, second = Accuracy(), Accuracy()
    first.update(scores[:50], true[:50])
    second.load_state_dict(first.state_dict())
    for metric in (first, second):
        metric.update(scores[50:], true[50:])
    assert first.result() == second.result()


def test_lengths_must_match():
    with pytest.raises(ValueError, match=r"predicted_y has 3 rows and true_y has 2"):
        Accuracy().update(torch.zeros(3), torch.zeros(2))


@pytest.mark.parametrize("size", [1, 10, 97])
def test_task_aware_equals_numpy(batch, size):
    scores, true, tasks = batch
    metric = TaskAwareAccuracy()
    for cut in zip(scores.split(size), true.split(size), tasks.split(size), strict=True):
        metric.update(*cut)
    right = (scores.argmax(1) == true).numpy()
    expected = {task: right[tasks.numpy() == task].mean() for task in np.unique(tasks)}
    assert metric.result() == pytest.approx(expected)
    assert metric.result(1) == pytest.approx({1: expected[1]})
    assert metric.result(9) == {9: 0.0}
    metric.reset(1)
    assert sorted(metric.result()) == [0, 2]
    metric.reset()
    assert metric.result() == {}


def test_task_aware_takes_one_label_for_all():
    metric = TaskAwareAccuracy()
    metric.update(torch.tensor([0, 1]), torch.tensor([0, 0]), 4)
    assert metric.result() == {4: 0.5}
    with pytest.raises(ValueError, match="one label for each of the 2 samples"):
        metric.update(torch.tensor([0, 1]), torch.tensor([0, 0]), torch.tensor([1, 2, 3]))


def test_names_and_values_at_every_granularity():
    evaluator = EvaluationPlugin(
        accuracy_metrics(
            minibatch=True,
            epoch=True,
            epoch_running=True,
            experience=True,
            stream=True,
            trained_experience=True,
        )
    )
    loop = FakeLoop(evaluator)
    test = make_stream("test")
    loop.train(make_stream("train")[0], [[answers(1, 4), answers(2, 2)], [answers(4, 4)]])
    loop.eval(test, [[answers(3, 4), answers(0, 2)], [answers(1, 4)]])
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"Top1_Acc_MB{place}": ([0, 1, 2], [0.25, 1.0, 1.0]),
        f"Top1_RunningAcc_Epoch{place}": ([0, 1, 2], [0.25, 0.5, 1.0]),
        f"Top1_Acc_Epoch{place}": ([2, 3], [0.5, 1.0]),
        "Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp000": ([3], [0.5]),
        "Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp001": ([3], [0.25]),
        "Top1_Acc_Stream/eval_phase/test_stream/Task000": ([3], [0.4]),
        "Accuracy_On_Trained_Experiences/eval_phase/test_stream/Task000": ([3], [0.5]),
    }


def test_trained_experiences_in_any_order_and_nothing_before_training():
    metric = TrainedExperienceAccuracy()
    evaluator = EvaluationPlugin(metric)
    loop = FakeLoop(evaluator)
    train, test = make_stream("train", 3), make_stream("test", 3)
    batches = [[answers(1, 4)], [answers(2, 4)], [answers(4, 4)]]
    loop.eval(test, batches)
    assert evaluator.get_last_metrics() == {}
    key = "Accuracy_On_Trained_Experiences/eval_phase/test_stream/Task000"
    loop.train(train[2], [[answers(1, 1)]])
    loop.eval(test, batches)
    assert evaluator.get_last_metrics() == {key: 1.0}
    loop.train(train[0], [[answers(1, 1)]])
    again = TrainedExperienceAccuracy()
    again.load_state_dict(metric.state_dict())
    for one in (metric, again):
        loop.evaluator = EvaluationPlugin(one)
        loop.eval(test, batches)
        assert loop.evaluator.get_last_metrics() == {key: 0.625}


def test_nothing_is_emitted_where_nothing_learnt_was_evaluated():
    evaluator = EvaluationPlugin(
        accuracy_metrics(trained_experience=True),
        topk_acc_metrics(trained_experience=True),
        rmse_metrics(trained_experience=True),
        r2_metrics(trained_experience=True),
    )
    loop = FakeLoop(evaluator)
    loop.train(make_stream("train", 2)[0], [[answers(1, 1)]])
    batch = torch.zeros(4, 2), torch.zeros(4, 2), torch.zeros(4).long()
    loop.eval(make_stream("test", 2)[1:], [[batch]])
    assert evaluator.get_last_metrics() == {}
    loop.eval(make_stream("test", 2)[:1], [[batch]])
    assert len(evaluator.get_last_metrics()) == 4


def test_small_experiences_of_an_online_stream_count_as_their_origin():
    evaluator = EvaluationPlugin(TrainedExperienceAccuracy())
    loop = FakeLoop(evaluator)
    big = make_stream("train", 2)[1]
    small = make_stream("train", 8)[7]
    small.origin_experience = big
    loop.train(small, [[answers(1, 1)]])
    loop.eval(make_stream("test"), [[answers(0, 4)], [answers(3, 4)]])
    assert [*evaluator.get_last_metrics().values()] == [0.75]


@pytest.mark.parametrize(
    ("moments", "name"),
    [
        (("iteration", "iteration", "train"), "Top1_TaskAcc_MB"),
        (("epoch", "epoch", "train"), "Top1_TaskAcc_Epoch"),
        (("epoch", "iteration", "train"), "Top1_RunningTaskAcc_Epoch"),
        (("experience", "experience", "eval"), "Top1_TaskAcc_Exp"),
        (("stream", "stream", "eval"), "Top1_TaskAcc_Stream"),
    ],
)
def test_per_task_has_a_proper_name(moments, name):
    assert str(AccuracyPerTaskPluginMetric(*moments)) == name


def test_per_task_emits_one_value_per_task():
    evaluator = EvaluationPlugin(AccuracyPerTaskPluginMetric("stream", "stream", "eval"))
    loop = FakeLoop(evaluator)
    output, target = answers(3, 4)
    loop.eval(make_stream("test", 1), [[(output, target, torch.tensor([0, 0, 7, 7]))]])
    assert evaluator.get_last_metrics() == {
        "Top1_TaskAcc_Stream/eval_phase/test_stream/Task000": 1.0,
        "Top1_TaskAcc_Stream/eval_phase/test_stream/Task007": 0.5,
    }
    assert [row["task"] for row in evaluator.table()] == [0, 7]


def test_per_task_needs_task_labels():
    loop = FakeLoop(EvaluationPlugin(AccuracyPerTaskPluginMetric("stream", "stream", "eval")))
    loop._set_batch(*answers(1, 2))
    loop.mb_task_id = None
    with pytest.raises(ValueError, match="samples carry no task label"):
        loop.evaluator.after_eval_iteration(loop)


def test_a_batch_is_counted_once_for_all_and_again_when_it_changes():
    loop = FakeLoop(EvaluationPlugin())
    counter = CorrectCounter()
    loop._set_batch(*answers(3, 4))
    first = counter(loop.mb_output, loop.mb_y)
    assert counter(loop.mb_output, loop.mb_y) is first
    loop.mb_output[:, 0] = -1.0  # in place: class 1 wins everywhere
    assert int(counter(loop.mb_output, loop.mb_y)) == 0
    loop._set_batch(*answers(2, 4))
    assert int(counter(loop.mb_output, loop.mb_y)) == 2


def test_batches_of_inference_mode_are_counted_every_time():
    counter = CorrectCounter()
    with torch.inference_mode():
        output, target = (batch.clone() for batch in answers(3, 4))
        assert int(counter(output, target)) == 3
        output[:, 0] = -1.0  # in place, which such a tensor does not remember
        assert int(counter(output, target)) == 0
        metrics = accuracy_metrics(experience=True, stream=True)
        loop = FakeLoop(EvaluationPlugin(metrics))
        loop.eval(make_stream("test", 1), [[tuple(b.clone() for b in answers(3, 4))]])
    loop.eval(make_stream("test", 1), [[answers(1, 4)]])
    assert [values for _, values in loop.evaluator.get_all_metrics().values()] == [[0.75, 0.25]] * 2


def test_metrics_can_be_copied_and_pickled():
    metrics = accuracy_metrics(epoch=True, stream=True)
    loop = FakeLoop(EvaluationPlugin(metrics))
    loop.train(make_stream("train")[0], [[answers(3, 4)]])
    for twin in (copy.deepcopy(metrics), pickle.loads(pickle.dumps(metrics))):
        assert [metric.result() for metric in twin] == [0.75, 0.0]
