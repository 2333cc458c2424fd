"""Training from scratch: the same as a new model for each experience."""

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from avalanche.models import IncrementalClassifier
from avalanche.testing import streams
from avalanche.training import FromScratchTraining, Naive
from avalanche.training.plugins import FromScratchTrainingPlugin


def parts(optimizer=Adam):
    torch.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(streams.FEATURES, 8), nn.BatchNorm1d(8), nn.Linear(8, 6)]
    model = nn.Sequential(*layers)
    return model, optimizer(model.parameters(), lr=0.01)


def weights(strategy):
    return [v.clone() for v in strategy.model.state_dict().values()]


def test_each_experience_equals_a_new_model_on_it_alone():
    benchmark = streams.class_incremental()
    strategy = FromScratchTraining(*parts(), train_mb_size=8, evaluator=None)
    for number, exp in enumerate(benchmark.train_stream):
        torch.manual_seed(number)
        strategy.train(exp)
        alone = Naive(*parts(), train_mb_size=8, evaluator=None)
        torch.manual_seed(number)
        alone.train(exp)
        assert all(map(torch.equal, weights(strategy), weights(alone)))


def test_the_optimizer_may_go_on():
    benchmark = streams.class_incremental()
    for reset in (True, False):
        model, optimizer = parts()
        options = {"train_mb_size": 8, "evaluator": None}
        strategy = FromScratchTraining(model, optimizer, None, reset, **options)
        strategy.train(benchmark.train_stream)
        steps = optimizer.state[model[1].weight]["step"]
        assert steps == (5 if reset else 15)


def test_units_that_joined_later_go_back_to_where_they_joined():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    strategy = Naive(
        model, SGD(model.parameters(), lr=1.0), train_mb_size=8, evaluator=None,
        plugins=[FromScratchTrainingPlugin()])  # fmt: skip
    plugin, seen = strategy.plugins[0], []
    for exp in streams.class_incremental().train_stream:
        strategy.train(exp)
        seen.append(plugin.state_dict()["weights"]["1.classifier.weight"])
    assert [len(w) for w in seen] == [2, 4, 6]
    assert torch.equal(seen[2][:4], seen[1])
    assert torch.equal(seen[1][:2], seen[0])
    assert not torch.equal(model[1].classifier.weight, seen[2])


def test_initial_weights_are_those_before_any_training_also_after_loading():
    benchmark = streams.class_incremental()
    whole = FromScratchTraining(*parts(), train_mb_size=8, evaluator=None)
    whole.train(benchmark.train_stream[0])
    state = copy.deepcopy(whole.state_dict())
    resumed = FromScratchTraining(*parts(), train_mb_size=8, evaluator=None)
    with torch.no_grad():
        resumed.model[1].weight += 1  # begun elsewhere, the state must win
    resumed.load_state_dict(state, benchmark)
    for strategy in (whole, resumed):
        torch.manual_seed(1)
        strategy.train(benchmark.train_stream[1])
    assert all(map(torch.equal, weights(whole), weights(resumed)))


def test_wrong_use_is_refused():
    with pytest.raises(TypeError, match="reset_optimizer=3: expected True or False"):
        FromScratchTrainingPlugin(3)
