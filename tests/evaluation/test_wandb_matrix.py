"""The chart of a confusion matrix, with a fake of the package wandb."""

import sys

import pytest
import torch
from fake_loop import FakeLoop, make_stream
from fake_wandb import wandb  # noqa: F401 (a fixture)

from avalanche.evaluation.metrics import WandBStreamConfusionMatrix, confusion_matrix_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin

NAME = "W&BConfusionMatrix_Stream/eval_phase/test_stream"
TRUE, FOUND = torch.tensor([1, 2, 0, 2, 2]), torch.tensor([1, 0, 0, 2, 0])


def evaluate(*metrics):
    loop = FakeLoop(EvaluationPlugin(*metrics))
    output = torch.eye(3)[FOUND]
    loop.eval(make_stream("test", 2), [[(output[:2], TRUE[:2])], [(output[2:], TRUE[2:])]])
    return loop.evaluator.get_last_metrics()


@pytest.mark.parametrize("names", [None, ["cat", "dog", "owl"]], ids=str)
def test_chart_and_matrix(wandb, names):  # noqa: F811
    value = evaluate(confusion_matrix_metrics(wandb=True, class_names=names))[NAME]
    assert value.best_supported_value(torch.Tensor).tolist() == [[1, 0, 0], [0, 1, 0], [2, 0, 1]]
    chart = value.best_supported_value(wandb.plot.CustomChart).data
    assert chart["class_names"] == (names or ["0", "1", "2"])
    pairs = sorted(zip(chart["y_true"], chart["preds"], strict=True))
    assert pairs == sorted(zip(TRUE.tolist(), FOUND.tolist(), strict=True))


def test_beside_the_ordinary_one(wandb):  # noqa: F811
    found = evaluate(confusion_matrix_metrics(stream=True, wandb=True))
    assert [*found] == ["ConfusionMatrix_Stream/eval_phase/test_stream", NAME]


def test_by_hand(wandb):  # noqa: F811
    metric = WandBStreamConfusionMatrix()
    metric.update(torch.eye(3)[FOUND], TRUE)
    predicted, true = metric.result()
    assert predicted.tolist() == [0, 1, 0, 0, 2]
    assert true.tolist() == [0, 1, 2, 2, 2]
    metric.reset()
    assert [len(labels) for labels in metric.result()] == [0, 0]


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'avalanche-lib\[wandb\]'"):
        confusion_matrix_metrics(wandb=True)
