"""Small building blocks."""

import copy
import pickle

import pytest
import torch
from torch import nn

from avalanche.models import (
    MLP,
    BaseModel,
    FeatureExtractorBackbone,
    FeatureExtractorModel,
    Flatten,
    TrainEvalModel,
)
from avalanche.testing.streams import FEATURES, class_incremental
from avalanche.training import LwF, Naive


def test_flatten():
    assert Flatten()(torch.zeros(2, 3, 4)).shape == (2, 12)


@pytest.mark.parametrize(("last", "count"), [(True, 6), (False, 4)], ids=["to the end", "linear"])
def test_layers_and_names_of_an_mlp(last, count):
    model = MLP([3, 4, 5], last_activation=last)
    names = ["Linear_0", "BatchNorm_0", "ReLU_0", "Linear_1", "BatchNorm_1", "ReLU_1"]
    assert [name for name, _ in model.mlp.named_children()] == names[:count]
    assert model(torch.zeros(2, 3)).shape == (2, 5)


def test_an_mlp_has_an_input_and_an_output():
    with pytest.raises(ValueError, match=r"hidden_size=\[3\]: expected at least input and output"):
        MLP([3])


def test_features_of_the_last_batch_are_kept():
    model = FeatureExtractorModel(nn.Flatten(), nn.Linear(6, 2))
    x = torch.randn(4, 2, 3)
    out = model(x)
    assert torch.equal(model.features, x.flatten(1))
    assert torch.equal(out, model.train_classifier(x.flatten(1)))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
def test_a_model_that_keeps_features_can_be_copied_after_a_batch(copied):
    model, x = FeatureExtractorModel(nn.Linear(6, 3), nn.Linear(3, 2)), torch.randn(4, 6)
    out = model(x)
    other = copied(model)
    assert other.features is None
    assert torch.equal(other(x), out)
    model.features.sum().backward()  # those of the model itself are still of its graph
    assert model.feature_extractor.weight.grad is not None


@pytest.mark.parametrize(
    "make",
    [
        lambda m, o: Naive(m, o, evaluator=None),
        lambda m, o: LwF(m, o, None, alpha=1.0, temperature=2.0, evaluator=None),
    ],
    ids=["Naive", "LwF"],
)
def test_a_model_that_keeps_features_trains_on_and_loads_its_state(make):
    model = FeatureExtractorModel(nn.Linear(FEATURES, 3), nn.Linear(3, 6))
    benchmark = class_incremental()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = make(model, optimizer)
    strategy.train(benchmark.train_stream[:2])
    strategy.load_state_dict(strategy.state_dict(), benchmark)


def test_one_classifier_for_training_and_one_for_evaluation():
    model = TrainEvalModel(nn.Identity(), nn.Linear(2, 3), nn.Linear(2, 4))
    assert model(torch.zeros(1, 2)).shape == (1, 3)
    assert model.eval()(torch.zeros(1, 2)).shape == (1, 4)


def test_features_of_an_earlier_batch_are_not_given_for_a_layer_that_is_not_called():
    class Sometimes(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            return self.layer(x) if self.training else x

    backbone = FeatureExtractorBackbone(Sometimes(), "layer")
    assert backbone(torch.ones(3, 2)).shape == (3, 2)
    with pytest.raises(RuntimeError, match="never called"):
        backbone.eval()(torch.ones(5, 2))


def test_a_layer_that_answers_with_a_tuple_is_refused_by_name():
    with pytest.raises(TypeError, match="output_layer_name='0': the layer answers with a tuple"):
        FeatureExtractorBackbone(nn.Sequential(nn.LSTM(2, 3)), "0")(torch.ones(1, 4, 2))


def test_a_model_written_for_avalanche_0_6():
    class Net(nn.Module, BaseModel):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 3)

        def get_features(self, x):
            return self.layer(x)

    assert Net().get_features(torch.ones(1, 2)).shape == (1, 3)

    class Without(nn.Module, BaseModel):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Without()
