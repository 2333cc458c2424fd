"""The pass over the data for importances: kinds of batches, and the model as it was before."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from avalanche.benchmarks import benchmark_from_datasets
from avalanche.benchmarks.utils import (
    _make_taskaware_tensor_classification_dataset,
    make_classification_dataset,
)
from avalanche.models import NCMClassifier, TrainEvalModel
from avalanche.models.utils import FeatureExtractorModel
from avalanche.training import EWC, MAS, Naive
from avalanche.training.regularization import (
    ElasticWeightConsolidation,
    MemoryAwareSynapses,
    diagonal_fisher,
)
from avalanche.training.regularization.batches import unpacked


def build(strategy_class, model, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return strategy_class(model, optimizer, train_mb_size=8, evaluator=None, **options)


METHODS = {
    "EWC": lambda: (EWC, {"criterion": None, "ewc_lambda": 1.0}),
    "EWC of batches": lambda: (EWC, {"criterion": None, "ewc_lambda": 1.0, "fisher": "batch"}),
    "MAS": lambda: (MAS, {"criterion": None, "lambda_reg": 0.1}),
}


class ByName(Dataset):
    """Samples are dictionaries."""

    def __init__(self, classes, more=None):
        self.targets = [classes[i % 2] for i in range(13)]
        self.x, self.more = torch.randn(13, 5), more or {}

    def __len__(self):
        return 13

    def __getitem__(self, i):
        return {"x": self.x[i], "targets": self.targets[i], **self.more}


class Named(nn.Module):
    """Takes its inputs by name."""

    def __init__(self, *hidden):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 6), *hidden, nn.Linear(6, 4))

    def forward(self, x, note=None):
        assert note is None or len(note) == len(x)
        return self.layers(x)


def by_name(classes, more=None):
    data = ByName(classes, more)
    return make_classification_dataset(data, targets=data.targets), data


@pytest.mark.parametrize("method", METHODS)
def test_strategies_learn_from_dictionary_batches(method):
    strategy_class, options = METHODS[method]()
    benchmark = benchmark_from_datasets(train=[by_name((0, 1))[0], by_name((2, 3))[0]])
    strategy = build(strategy_class, Named(nn.ReLU()), **options)
    for experience in benchmark.train_stream:
        strategy.train(experience)
    found = strategy.plugins[0].quadratic.weights
    assert found.keys() == dict(strategy.model.named_parameters()).keys()
    assert all(t.sum() > 0 for t in found.values())


@pytest.mark.parametrize("more", [{}, {"note": "text"}], ids=["tensors", "with text"])
@pytest.mark.parametrize("hidden", [nn.ReLU, lambda: nn.LayerNorm(6)], ids=["linear", "norm"])
def test_dictionaries_give_the_importances_of_plain_samples(hidden, more):
    data, raw = by_name((0, 3), more)
    plain = _make_taskaware_tensor_classification_dataset(raw.x, torch.tensor(raw.targets))
    model = Named(hidden())
    for measure in (
        lambda data: diagonal_fisher(model, data, sampled=False, batch_size=4),
        lambda data: MemoryAwareSynapses().compute_importances(model, data, batch_size=4),
    ):
        found, expected = measure(data), measure(plain)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("key", ["targets", "labels", "label", "y"])
def test_dictionaries_are_read_as_the_training_loop_does(key):
    batch = {"x": torch.ones(2, 3), key: torch.arange(2), "targets_task_labels": torch.ones(2)}
    strategy = build(Naive, nn.Linear(3, 2))
    strategy.mbatch = batch
    x, y, tasks = unpacked(batch, "cpu")
    assert x == strategy.mb_x
    assert y is strategy.mb_y
    assert tasks is None  # the loop gives such a model none
    with pytest.raises(KeyError, match="rename the targets"):
        unpacked({"x": torch.ones(2, 3)}, "cpu")


@pytest.mark.parametrize("method", METHODS)
def test_importances_are_of_the_classifier_that_is_trained(method):
    """A nearest-mean classifier, which evaluation would ask, has no gradient."""
    strategy_class, options = METHODS[method]()
    torch.manual_seed(0)
    features, head = nn.Sequential(nn.Linear(5, 6), nn.ReLU()), nn.Linear(6, 4)
    x, y = torch.randn(13, 5), torch.arange(13) % 4
    benchmark = benchmark_from_datasets(train=[_make_taskaware_tensor_classification_dataset(x, y)])
    strategy = build(strategy_class, TrainEvalModel(features, head, NCMClassifier()), **options)
    strategy.train(benchmark.train_stream)
    found = strategy.plugins[0].quadratic.weights
    assert set(found) >= {"feature_extractor.0.weight", "train_classifier.weight"}
    assert all(t.sum() > 0 for t in found.values())
    assert strategy.model.training


@pytest.mark.parametrize("measure", ["fisher", "mas"])
def test_kept_features_can_be_used_after_the_pass(measure):
    """What vmap leaves on the model may not be used outside of it."""
    data = _make_taskaware_tensor_classification_dataset(torch.randn(13, 5), torch.arange(13) % 4)
    body = nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6))
    model = FeatureExtractorModel(body, nn.Linear(6, 4))
    model(torch.ones(2, 5))
    before, tried = model.features, SimpleNamespace(calls=0)

    def note(layer, inputs, output):
        tried.calls += 1
        model.other = output

    model.train_classifier.register_forward_hook(note)
    if measure == "fisher":
        diagonal_fisher(model, data)
    else:
        MemoryAwareSynapses().compute_importances(model, data)
    assert tried.calls
    assert model.features is before
    assert not hasattr(model, "other")
    assert model.features.sum().isfinite()


def test_importances_of_batches_are_their_plain_mean_also_where_the_last_is_small():
    """13 samples in batches of 4: the one in the last batch counts as much as the four before."""
    x, y = torch.randn(13, 5), torch.arange(13) % 4
    data, model = _make_taskaware_tensor_classification_dataset(x, y), nn.Linear(5, 4)
    squares = []
    for start in range(0, 13, 4):
        batch = slice(start, start + 4)
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        squares.append([g**2 for g in torch.autograd.grad(loss, list(model.parameters()))])
    ewc = ElasticWeightConsolidation(1.0, fisher="batch")
    agent = SimpleNamespace(model=model, train_mb_size=4)
    ewc.post_adapt(agent, SimpleNamespace(dataset=data))
    for (name, _), *of_batches in zip(model.named_parameters(), *squares, strict=True):
        torch.testing.assert_close(ewc.quadratic.weights[name], sum(of_batches) / 4)
