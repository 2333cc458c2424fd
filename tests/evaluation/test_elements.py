"""Accuracy of models that classify every element of a sample, against numpy and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, top_k_accuracy_score
from torch import nn

from avalanche.benchmarks import dataset_benchmark
from avalanche.evaluation.metrics import (
    Accuracy,
    ClassAccuracy,
    ConfusionMatrix,
    CumulativeAccuracy,
    TaskAwareAccuracy,
    TopkAccuracy,
    accuracy_metrics,
)
from avalanche.evaluation.metrics.accuracy import CountedAccuracy
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin

SHAPES = [(6, 7), (3, 4, 5)]  # words of a sentence, pixels of a volume


def draw(shape, classes=5, batch=8):
    random = np.random.default_rng(0)
    scores = random.normal(size=(batch, classes, *shape)).astype(np.float32)
    return scores, random.integers(0, classes, (batch, *shape))


def tensors(*arrays):
    return [torch.from_numpy(array) for array in arrays]


@pytest.mark.parametrize("shape", [(9,), *SHAPES], ids=str)
@pytest.mark.parametrize("make", [Accuracy, CountedAccuracy])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_every_element_counts_the_same_however_batches_are_cut(shape, make, size):
    scores, true = draw(shape)
    expected = accuracy_score(true.ravel(), scores.argmax(axis=1).ravel())
    metric, of_labels, of_columns = make(), make(), make()
    for cut, cut_true in zip(*(t.split(size) for t in tensors(scores, true)), strict=True):
        metric.update(cut, cut_true)
        # Two dimensions of whole numbers on both sides are one-hot, as for samples.
        of_labels.update(cut.argmax(1) if len(shape) > 1 else cut, cut_true)
        of_columns.update(cut, cut_true.unsqueeze(1))
    assert metric.result() == of_labels.result() == of_columns.result() == expected


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_other_accuracies_count_elements_too(shape):
    scores, true = draw(shape)
    tasks = np.arange(len(true)) % 2
    rows = np.moveaxis(scores, 1, -1).reshape(-1, 5)
    flat, found = true.ravel(), scores.argmax(axis=1).ravel()
    of_task = tasks.repeat(np.prod(shape))
    output, target, labels = tensors(scores, true, tasks)

    aware, per_class, top, matrix, cumulative = (
        *(TaskAwareAccuracy(), ClassAccuracy(), TopkAccuracy(2)),
        *(ConfusionMatrix(), CumulativeAccuracy()),
    )
    aware.update(output, target, labels)
    per_class.update(output, target, labels)
    top.update(output, target, labels)
    matrix.update(target, output)
    cumulative.update({0: range(5)}, output, target)

    for task in (0, 1):
        own = of_task == task
        assert aware.result()[task] == pytest.approx((found == flat)[own].mean())
        best = top_k_accuracy_score(flat[own], rows[own], k=2, labels=range(5))
        assert top.result()[task] == pytest.approx(best)
        for label in range(5):
            chosen = own & (flat == label)
            assert per_class.result()[task][label] == pytest.approx((found == flat)[chosen].mean())
    assert matrix.result().tolist() == confusion_matrix(flat, found).tolist()
    assert cumulative.result()[0] == pytest.approx((found == flat).mean())


def test_masks_of_binary_cross_entropy_are_of_the_classes_0_and_1():
    logits, mask = draw((4, 4), classes=1)[0], draw((4, 4), classes=2)[1][:, None]
    expected = accuracy_score(mask.ravel(), logits.ravel() > 0)
    for kind in (np.float32, np.int64):
        metric, matrix = Accuracy(), ConfusionMatrix()
        metric.update(*tensors(logits, mask.astype(kind)))
        matrix.update(*tensors(mask.astype(kind), logits))
        assert metric.result() == expected
        assert (
            matrix.result().tolist() == confusion_matrix(mask.ravel(), logits.ravel() > 0).tolist()
        )


def test_targets_may_be_probabilities_of_every_class():
    scores, wanted = draw((4, 4))[0], draw((4, 4))[0][::-1].copy()
    metric = Accuracy()
    metric.update(*tensors(scores, wanted))
    assert metric.result() == (scores.argmax(1) == wanted.argmax(1)).mean()


@pytest.mark.parametrize("metric", [Accuracy(), CountedAccuracy()], ids=["own", "counted"])
@pytest.mark.parametrize(
    ("output", "target"),
    [
        ((4, 3, 5), (4, 6)),
        ((4, 5, 3), (4, 5)),  # classes last
        ((4, 3, 5, 5), (4, 5)),
        ((4, 3, 5), (4,)),
        ((4, 3), (4, 3, 5)),
    ],
    ids=str,
)
def test_shapes_that_do_not_fit_are_refused_with_both(metric, output, target):
    message = rf"predicted_y of shape \({str(output)[1:-1]}\) with true_y of shape \({target[0]},"
    with pytest.raises(ValueError, match=message):
        metric.update(torch.zeros(output), torch.zeros(target, dtype=torch.int64))
    assert metric.result() == 0.0


def test_one_hot_on_both_sides_and_of_more_classes_than_scores_counts_samples():
    one_hot = nn.functional.one_hot
    predicted, true = torch.tensor([2, 0, 1, 1]), torch.tensor([2, 1, 1, 0])
    metric = Accuracy()
    metric.update(one_hot(predicted, 4), one_hot(true, 4))
    metric.update(one_hot(predicted, 3).float(), one_hot(true, 10))
    assert metric.result() == 0.5


def test_a_strategy_that_segments_has_an_accuracy_between_0_and_1():
    torch.manual_seed(0)
    x, y = torch.randn(12, 3, 6, 6), torch.randint(0, 4, (12, 6, 6))
    data = torch.utils.data.TensorDataset(x, y)
    benchmark = dataset_benchmark([data], [data])
    model = nn.Conv2d(3, 4, 1)
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True, epoch=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    strategy = Naive(model, optimizer, train_mb_size=4, eval_mb_size=5, evaluator=evaluator)
    strategy.train(benchmark.train_stream[0])
    results = strategy.eval(benchmark.test_stream)
    expected = (model(x).argmax(1) == y).double().mean().item()
    assert [*results.values()] == pytest.approx([expected] * 2)
