"""SimpleCNN: shapes, a batch of one, names of saved weights, errors."""

import pytest
import torch
from torch import nn

from avalanche.models import MTSimpleCNN, SimpleCNN

LAYERS = ("features.0", "features.2", "features.6", "features.8", "features.12")


def test_names_of_the_weights():
    names = set(SimpleCNN().state_dict())
    assert names == {f"{n}.{k}" for n in (*LAYERS, "classifier.0") for k in ("weight", "bias")}


def test_it_is_the_network_it_says():
    model, x = SimpleCNN(num_classes=4).eval(), torch.randn(2, 3, 32, 32)
    f = nn.functional
    first, second, third, fourth, fifth = (model.get_submodule(name) for name in LAYERS)
    h = f.relu(f.conv2d(x, first.weight, first.bias, padding=1))
    h = f.max_pool2d(f.relu(f.conv2d(h, second.weight, second.bias)), 2)
    h = f.relu(f.conv2d(h, third.weight, third.bias, padding=1))
    h = f.max_pool2d(f.relu(f.conv2d(h, fourth.weight, fourth.bias)), 2)
    h = f.relu(f.conv2d(h, fifth.weight, fifth.bias)).amax((2, 3))
    head = model.classifier[0]
    torch.testing.assert_close(model(x), h @ head.weight.T + head.bias)
    torch.testing.assert_close(model.get_features(x), h)


@pytest.mark.parametrize("side", [10, 28, 32, 64])
def test_a_batch_of_one_keeps_its_batch(side):
    x = torch.zeros(1, 3, side, side)
    assert SimpleCNN()(x).shape == (1, 10)
    assert MTSimpleCNN()(x, torch.tensor([0])).shape == (1, 2)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 1, 28, 28), "in_channels=3: .*build it with in_channels=1"),
        ((2, 784), r"in_channels=3: expected images .* got shape \(2, 784\)$"),
        ((2, 3, 8, 8), "the images are 8 x 8 and the network needs at least 10 x 10"),
    ],
    ids=["grey", "flat", "small"],
)
def test_other_inputs_are_refused(shape, message):
    for model, more in ((SimpleCNN(), ()), (MTSimpleCNN(), (0,))):
        with pytest.raises(ValueError, match=message):
            model(torch.zeros(shape), *more)
