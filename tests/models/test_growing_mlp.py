from types import SimpleNamespace

import pytest
import torch
from torch import nn

from avalanche.models import IncrementalMLP, MultiHeadMLP


def experience(*classes: int, task: int = 0) -> SimpleNamespace:
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


def test_only_classes_seen_so_far_have_probability() -> None:
    model, x = IncrementalMLP(num_classes=10, input_size=12, hidden_size=6), torch.rand(4, 3, 4)
    for classes, seen in (((3, 8), {3, 8}), ((0, 5), {0, 3, 5, 8})):
        model.classifier.adaptation(experience(*classes))
        out = model(x)
        assert out.shape == (4, 10)
        assert set(out[0].isfinite().nonzero().flatten().tolist()) == seen


def test_masked_units_get_no_gradient() -> None:
    model = IncrementalMLP(num_classes=4, input_size=5, hidden_size=6)
    model.classifier.adaptation(experience(0, 1))
    nn.functional.cross_entropy(model(torch.rand(3, 5)), torch.tensor([0, 1, 0])).backward()
    gradient = model.classifier.classifier.weight.grad
    assert gradient is not None
    assert gradient[:2].abs().sum() > 0
    assert gradient[2:].abs().sum() == 0


def test_the_layers_are_those_asked_for() -> None:
    torch.manual_seed(0)
    model, x = IncrementalMLP(3, input_size=4, hidden_size=5, hidden_layers=2), torch.rand(2, 4)
    first, second = (layer for layer in model.features if isinstance(layer, nn.Linear))
    by_hand = torch.relu(
        torch.relu(x @ first.weight.T + first.bias) @ second.weight.T + second.bias
    )
    assert torch.allclose(model.get_features(x), by_hand)
    assert not any(isinstance(m, nn.Dropout) for m in model.modules())
    with_dropout = MultiHeadMLP(4, 5, 3, drop_rate=0.25)
    assert [m.p for m in with_dropout.modules() if isinstance(m, nn.Dropout)] == [0.25] * 3


def test_each_task_has_its_own_head() -> None:
    model, x = MultiHeadMLP(input_size=4, hidden_size=5), torch.rand(2, 4)
    for task in range(2):
        model.adaptation(experience(0, 1, task=task))
        model.classifier.adaptation(experience(0, 1, task=task))
    one, two = (model(x, torch.full((2,), task)) for task in range(2))
    assert one.shape == two.shape == (2, 2)
    assert not torch.allclose(one, two)
    mixed = model(x, torch.tensor([1, 0]))
    assert torch.allclose(mixed, torch.stack([two[0], one[1]]))


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="hidden_layers=0: expected a whole number of at least 1"):
        IncrementalMLP(hidden_layers=0)
    with pytest.raises(ValueError, match="input_size=784: .*build it with input_size=4"):
        MultiHeadMLP()(torch.rand(2, 4), 0)


@pytest.mark.parametrize("cls", [IncrementalMLP, MultiHeadMLP], ids=["masked", "heads"])
def test_the_activation_is_an_option(cls):
    kinds = {
        name: {type(m) for m in cls(input_size=4, hidden_size=3, activation=name).modules()}
        for name in ("relu", "tanh")
    }
    assert nn.ReLU in kinds["relu"] - kinds["tanh"]
    assert nn.Tanh in kinds["tanh"] - kinds["relu"]
    with pytest.raises(ValueError, match="activation='gelu': expected 'relu' or 'tanh'"):
        cls(activation="gelu")
