"""Methods that need classes say so where targets have none, and what to take instead."""

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.benchmarks import dataset_benchmark
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.training import GDumb, LwF, Naive
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.storage_policy import ClassBalancedBuffer


def regression(columns):
    torch.manual_seed(0)
    y = torch.randn(20, *columns)
    data = TensorDataset(torch.randn(20, 3), y)
    return dataset_benchmark([data, data], [data]), y.flatten(1).shape[1] if columns else 1


@pytest.mark.parametrize("columns", [(), (2,)], ids=["numbers", "vectors"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m, o: LwF(m, o, nn.MSELoss(), alpha=1, temperature=2, evaluator=None), "no class"),
        (lambda m, o: GDumb(m, o, nn.MSELoss(), mem_size=5, evaluator=None), "ReservoirSampling"),
    ],
    ids=["LwF", "GDumb"],
)
def test_targets_that_are_no_classes(make, message, columns):
    benchmark, units = regression(columns)
    model = nn.Sequential(nn.Linear(3, units), nn.Flatten(0) if units == 1 else nn.Identity())
    strategy = make(model, torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(ValueError, match=f"targets: .*{message}"):
        strategy.train(benchmark.train_stream)


def test_classes_as_floats_are_classes():
    data = TensorDataset(torch.randn(20, 3), (torch.arange(20) % 2).float())
    buffer = ClassBalancedBuffer(6)
    buffer.update_from_dataset(data)
    labels = [y for _, y, *_ in buffer.buffer]
    assert (labels.count(0.0), labels.count(1.0)) == (3, 3)


def test_a_model_that_answers_with_a_dictionary_has_no_accuracy():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return {"logits": self.layer(x)}

    model = Named()
    data = TensorDataset(torch.randn(20, 3), torch.arange(20) % 2)
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        lambda answer, y: nn.functional.cross_entropy(answer["logits"], y),
        evaluator=EvaluationPlugin(accuracy_metrics(epoch=True)),
    )
    with pytest.raises(
        TypeError, match="mb_output is a dict: metrics of predictions need a tensor"
    ):
        strategy.train(dataset_benchmark([data], []).train_stream)
