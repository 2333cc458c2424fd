"""Gradient projections around their formulas: which parameters, which data, which moment."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avalanche.core import SupervisedPlugin
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
