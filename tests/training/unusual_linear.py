"""Models whose linear layers cannot be taken apart sample by sample: for tests of importances."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune


def mlp(*extra):
    return nn.Sequential(nn.Linear(5, 6), *(extra or [nn.ReLU()]), nn.Linear(6, 4))


class FoldedRows(nn.Module):
    """Parts of a sample are rows of the batch: each row is not a sample of its own."""

    def __init__(self):
        super().__init__()
        self.part, self.last = nn.Linear(1, 3), nn.Linear(15, 4)

    def forward(self, x):
        return self.last(torch.tanh(self.part(x.reshape(-1, 1))).reshape(len(x), -1))


class ReusedWeight(nn.Module):
    """The weight of a layer is used once by calling it and once as a plain tensor."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 6), nn.Linear(5, 4)

    def forward(self, x):
        return self.last(F.linear(torch.tanh(self.first(x)), self.first.weight.t()))


def computed(how):
    """A layer whose weight is computed from the parameter that is trained."""
    model = mlp()
    how(model[0])
    return model


def pruned(layer):
    prune.l1_unstructured(layer, "weight", amount=0.5)


COMPUTED = {
    "folded rows": FoldedRows,
    "reused weight": ReusedWeight,
    "spectral norm": lambda: computed(nn.utils.spectral_norm),
    "parametrization": lambda: computed(nn.utils.parametrizations.weight_norm),
    "pruning": lambda: computed(pruned),
}
