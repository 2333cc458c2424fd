"""SimpleMLP: shapes, names of saved weights, errors."""

import pytest
import torch
from torch import nn

from avalanche.models import SimpleMLP


def test_names_of_the_weights():
    names = set(SimpleMLP(hidden_layers=2).state_dict())
    assert names == {
        f"{layer}.{kind}"
        for layer in ("features.0", "features.3.0", "classifier")
        for kind in ("weight", "bias")
    }


def test_it_is_the_network_it_says():
    model = SimpleMLP(num_classes=4, input_size=6, hidden_size=5).eval()
    first, last = model.features[0], model.classifier
    x = torch.randn(3, 2, 3)
    expected = nn.functional.relu(x.flatten(1) @ first.weight.T + first.bias) @ last.weight.T
    torch.testing.assert_close(model(x), expected + last.bias)


def test_a_wrong_input_size_says_what_to_change():
    with pytest.raises(ValueError, match="input_size=784.*build it with input_size=64"):
        SimpleMLP()(torch.zeros(2, 1, 8, 8))


def test_at_least_one_hidden_layer():
    with pytest.raises(ValueError, match="hidden_layers=0"):
        SimpleMLP(hidden_layers=0)
