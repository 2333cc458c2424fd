"""Gradient projections around their formulas: which parameters, which data, which moment."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avalanche.core import SupervisedPlugin
from avalanche.models import PNN, IncrementalClassifier, MTSimpleMLP
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.plugins.agem import AGEMPlugin
from avalanche.training.plugins.gem import GEMPlugin

PLUGINS = {"AGEM": lambda: AGEMPlugin(10, 8), "GEM": lambda: GEMPlugin(10, 0.5)}
each_plugin = pytest.mark.parametrize("make", PLUGINS.values(), ids=PLUGINS)


def loop(model, *plugins, optimizer=None, **options):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"train_mb_size": 8, "evaluator": None, **options}
    return Naive(model, optimizer, plugins=list(plugins), **options)


class MixedTypes(nn.Module):
    """A body in 16 bits and a head in 32."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(streams.FEATURES, 8).bfloat16()
        self.head = nn.Linear(8, streams.CLASSES)

    def forward(self, x):
        return self.head(self.body(x.flatten(1).bfloat16()).float())


@each_plugin
def test_parameters_of_several_types_are_one_vector_of_the_widest(make):
    torch.manual_seed(0)
    plugin = make()
    model = MixedTypes()
    loop(model, plugin).train(streams.class_incremental().train_stream)
    vectors = plugin.G if isinstance(plugin, GEMPlugin) else plugin.agem.reference
    assert vectors.dtype == torch.float32
    assert all(p.isfinite().all() for p in model.parameters())
    data = plugin.method.memory.batch(0, "cpu")
    parameters = list(model.parameters())
    found = torch.autograd.grad(F.cross_entropy(model(data[0]), data[1]), parameters)
    assert {g.dtype for g in found} == {torch.bfloat16, torch.float32}
    one = plugin.method.gradient(parameters, F.cross_entropy(model(data[0]), data[1]))
    torch.testing.assert_close(one, torch.cat([g.flatten().float() for g in found]))


OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "weight-decay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.5),
}


@each_plugin
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_unused_head_moves_only_where_a_correction_is_due(make, optimizer):
    torch.manual_seed(0)
    model = MTSimpleMLP(input_size=streams.FEATURES, hidden_size=8)
    plugin = make()
    strategy = loop(model, plugin, optimizer=optimizer(model.parameters()))
    stream = streams.task_incremental().train_stream
    strategy.train(stream[0])
    head = model.classifier.classifiers["0"].classifier.weight
    moments = []

    class Look(SupervisedPlugin):
        def before_update(self, strategy, **kwargs):
            self.before = head.detach().clone()

        def after_update(self, strategy, **kwargs):
            moments.append((due[-1], bool((head - self.before).any())))

    due = []
    project = plugin.method.project

    def watched(parameters):
        g = torch.cat([(p * 0 if p.grad is None else p.grad).flatten() for p in parameters])
        rows = plugin.G if isinstance(plugin, GEMPlugin) else plugin.agem.reference[None]
        due.append(bool((rows @ g < 0).any()))
        project(parameters)

    plugin.method.project = watched
    strategy.add_plugin(Look())
    for _ in range(2):
        strategy.train(stream[1])
    assert {True, False} == {moved for _, moved in moments}
    assert all(was_due == moved for was_due, moved in moments)


@each_plugin
def test_patterns_of_frozen_columns_ask_for_nothing(make):
    """A progressive network freezes what earlier tasks use: the plugin changes no update."""
    ends = []
    for plugins in ([make()], []):
        torch.manual_seed(0)
        model = PNN(1, streams.FEATURES, 8)
        strategy = loop(model, *plugins)
        for seed, experience in enumerate(streams.task_incremental().train_stream):
            torch.manual_seed(seed)
            strategy.train(experience, shuffle=False)
        ends.append(dict(model.named_parameters()))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[1])


@each_plugin
def test_nothing_is_stale_after_an_interruption(make):
    """The head grows before the next training, and the memory is looked at anew."""

    class Interrupt(SupervisedPlugin):
        on = False

        def after_backward(self, strategy, **kwargs):
            if self.on and strategy.clock.train_exp_iterations == 1:
                raise KeyboardInterrupt

    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    plugin, interrupt = make(), Interrupt()
    strategy = loop(model, plugin, interrupt, accumulate=4)
    stream = streams.class_incremental().train_stream
    strategy.train(stream[0])
    interrupt.on = True
    with pytest.raises(KeyboardInterrupt):
        strategy.train(stream[1])
    interrupt.on = False
    strategy.train(stream[2])
    vector = plugin.G[0] if isinstance(plugin, GEMPlugin) else plugin.agem.reference
    assert len(vector) == sum(p.numel() for p in model.parameters())
