"""Training from scratch: the same as a new model for each experience."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from avalanche.benchmarks import split_online_stream
from avalanche.core import SupervisedPlugin
from avalanche.models import IncrementalClassifier, MTSimpleMLP
from avalanche.models.dynamic_modules import avalanche_model_adaptation
from avalanche.testing import streams
from avalanche.training import FromScratchTraining, GDumb, Naive
from avalanche.training.fresh_start import FreshStart
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


class Interrupt(SupervisedPlugin):
    """Ctrl-C between the model's growth and its training."""

    on = False

    def before_training_exp(self, strategy, **kwargs):
        if self.on:
            raise KeyboardInterrupt


def heads(kind):
    torch.manual_seed(0)
    if kind == "multi-head":
        model = MTSimpleMLP(input_size=streams.FEATURES, hidden_size=8)
        return model, streams.task_incremental(), "classifier.classifiers.0.classifier.weight"
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    return model, streams.class_incremental(), "1.classifier.weight"


@pytest.mark.parametrize("kind", ["growing", "multi-head"])
@pytest.mark.parametrize("method", [FromScratchTraining, GDumb], ids=["from scratch", "gdumb"])
def test_an_interruption_after_growth_can_be_trained_over(method, kind):
    model, benchmark, name = heads(kind)
    interrupt = Interrupt()
    strategy = method(
        model, SGD(model.parameters(), lr=0.1), train_mb_size=8, evaluator=None,
        plugins=[interrupt])  # fmt: skip
    strategy.train(benchmark.train_stream[0])
    start = strategy.plugins[1].fresh_start
    first = start.state_dict()["weights"][name]
    interrupt.on = True
    with pytest.raises(KeyboardInterrupt):
        strategy.train(benchmark.train_stream[1])
    interrupt.on = False
    grown = {n: v.clone() for n, v in model.state_dict().items() if torch.is_tensor(v)}
    strategy.train(benchmark.train_stream[1])
    second = start.state_dict()["weights"]
    assert torch.equal(second[name][:2], first)
    assert torch.equal(second[name][2:], grown[name][2:])
    added = [n for n in second if n.startswith("classifier.classifiers.1") and n in grown]
    assert bool(added) == (kind == "multi-head")
    assert all(torch.equal(second[n], grown[n]) for n in added)


def test_a_model_that_was_grown_by_hand_goes_back_in_its_first_rows():
    model, benchmark, name = heads("growing")
    agent, start = SimpleNamespace(model=model), FreshStart()
    start.pre_adapt(agent, benchmark.train_stream[0])
    first = model.state_dict()[name].clone()
    with torch.no_grad():
        model[1].classifier.weight += 1
    avalanche_model_adaptation(model, benchmark.train_stream[2])
    rows = model.state_dict()[name][2:].clone()
    start.restore(model)
    assert torch.equal(model.state_dict()[name], torch.cat([first, rows]))


def test_a_model_with_a_smaller_or_missing_layer_is_refused():
    model, start = nn.Sequential(nn.Linear(3, 4)), FreshStart()
    start.remember(model)
    for other in (nn.Linear(3, 2), nn.Identity()):
        model[0] = other
        before = {n: v.clone() for n, v in model.state_dict().items()}
        shape = r"\(2, 3\)" if before else "None"
        with pytest.raises(ValueError, match=rf"'0.weight' had .*\(4, 3\) .* has {shape} now"):
            start.restore(model)
        assert all(torch.equal(before[n], v) for n, v in model.state_dict().items())


@pytest.mark.parametrize("known", [True, False], ids=["known boundaries", "hidden boundaries"])
def test_online_streams_begin_anew_where_an_experience_begins(known):
    class Begin(SupervisedPlugin):
        def before_training_epoch(self, strategy, **kwargs):
            weight = strategy.model[1].weight.detach().clone()
            self.weights = [*getattr(self, "weights", []), weight]

    begin = Begin()
    model, optimizer = parts(SGD)
    strategy = FromScratchTraining(
        model, optimizer, train_mb_size=8, evaluator=None, plugins=[begin])  # fmt: skip
    stream = streams.class_incremental().train_stream
    strategy.train(split_online_stream(stream, 8, access_task_boundaries=known, seed=0))
    fresh = [torch.equal(w, begin.weights[0]) for w in begin.weights]
    assert fresh == ([True] + [False] * 4 if known else [True] * 5) * 3


def test_the_component_begins_anew_where_an_experience_begins():
    model, _ = parts()
    agent, start, fresh = SimpleNamespace(model=model), FreshStart(), []
    initial = model[1].weight.detach().clone()
    stream = streams.class_incremental().train_stream
    for exp in split_online_stream(stream, 20, access_task_boundaries=True, seed=0):
        start.pre_adapt(agent, exp)
        fresh.append(torch.equal(model[1].weight, initial))
        with torch.no_grad():
            model[1].weight += 1
    assert fresh == [True, False] * 3
