"""Several methods on one strategy: the loss is the sum of their terms, each worked out by hand."""

import copy

import numpy as np
import pytest
import torch

from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn
from avalanche.training import Naive
from avalanche.training.plugins import (
    EWCPlugin,
    LwFPlugin,
    MASPlugin,
    ReplayPlugin,
    SynapticIntelligencePlugin,
)

LAMBDA, ALPHA, T, SI, MAS = 4.0, 2.0, 2.0, 3.0, 0.01

MAKE = {
    "ewc": lambda: EWCPlugin(LAMBDA, keep_importance_data=True, fisher="empirical"),
    "lwf": lambda: LwFPlugin(ALPHA, T),
    "si": lambda: SynapticIntelligencePlugin(SI, 0.1),
    "mas": lambda: MASPlugin(MAS),
    "replay": lambda: ReplayPlugin(mem_size=16),
}


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def squared_distance(importances, centers, model):
    """``sum F (theta - center)²`` in double precision, parameter by parameter."""
    return sum(
        (f.double() * (p.detach().double() - centers[n].double()) ** 2).sum().item()
        for n, p in model.named_parameters()
        if (f := importances.get(n)) is not None
    )


class Witness(SupervisedPlugin):
    """Works out, behind all other plugins, what the loss of every iteration must be."""

    def __init__(self, plugins):
        self.plugins = plugins
        self.pairs, self.sizes = [], []
        self.teacher, self.classes = None, set()

    def before_backward(self, strategy, **kwargs):
        out = strategy.mb_output.detach().double().numpy()
        y = strategy.mb_y.numpy()
        expected = -log_softmax(out)[np.arange(len(y)), y].mean()
        for name, plugin in self.plugins.items():
            expected += getattr(self, name)(plugin, strategy, out)
        self.pairs.append((strategy.loss.item(), expected))
        self.sizes.append((strategy.clock.train_exp_counter, len(y)))

    def ewc(self, plugin, strategy, out):
        terms = zip(plugin.importances.values(), plugin.saved_params.values(), strict=True)
        return LAMBDA / 2 * sum(squared_distance(f, c, strategy.model) for f, c in terms)

    def si(self, plugin, strategy, out):
        centers, importances = plugin.ewc_data
        return SI / 2 * squared_distance(importances, centers, strategy.model)

    def mas(self, plugin, strategy, out):
        if plugin.importance is None:
            return 0.0
        return MAS * squared_distance(plugin.importance, plugin.params, strategy.model)

    def lwf(self, plugin, strategy, out):
        if self.teacher is None:
            return 0.0
        units = sorted(self.classes)
        old = self.teacher(strategy.mb_x).detach().double().numpy()[:, units]
        log_p, log_q = log_softmax(old / T), log_softmax(out[:, units] / T)
        return ALPHA * (np.exp(log_p) * (log_p - log_q)).sum(axis=1).mean()

    def replay(self, plugin, strategy, out):
        return 0.0  # its samples are in the batch, so in the first term

    def after_training_exp(self, strategy, **kwargs):
        self.teacher = copy.deepcopy(strategy.model).eval()
        self.classes |= set(strategy.experience.classes_in_this_experience)


@pytest.mark.parametrize(
    "names",
    ["ewc+si", "lwf+ewc", "replay+ewc", "replay+ewc+lwf", "si+ewc+mas", "replay+si+lwf"],
)
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
def test_the_loss_is_the_sum_of_the_terms(names, backwards):
    plugins = {name: MAKE[name]() for name in names.split("+")}
    order = list(plugins.values())[:: -1 if backwards else 1]
    witness = Witness(plugins)
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[*order, witness], **k))
    strategy.optimizer.param_groups[0].update(lr=0.02)
    learn(strategy, streams.class_incremental())
    found, expected = torch.tensor(witness.pairs, dtype=torch.float64).T
    torch.testing.assert_close(found, expected, rtol=2e-4, atol=2e-4)
    later = {size for exp, size in witness.sizes if exp > 0}
    assert later == ({16} if "replay" in plugins else {8})


def test_two_plugins_of_one_kind_count_twice():
    ends = []
    for strengths in ((6.0,), (2.0, 4.0)):
        plugins = [EWCPlugin(s, fisher="empirical") for s in strengths]
        strategy = build(lambda m, o, p=plugins, **k: Naive(m, o, plugins=p, **k))
        learn(strategy, streams.class_incremental())
        ends.append(strategy.model[1].weight.detach())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-3, atol=1e-4)
