"""Cosine layers against numpy; growth into old and new units."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avalanche.models import CosineIncrementalClassifier, CosineLinear
from avalanche.models.cosine_layer import SplitCosineLinear


def cosines(x, weight):
    x, weight = x.detach().numpy(), weight.detach().numpy()
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weight, axis=1)[None]
    return torch.from_numpy(x @ weight.T / lengths)


def experience(*classes):
    return SimpleNamespace(classes_in_this_experience=list(classes))


@pytest.mark.parametrize("sigma", [True, False], ids=["scaled", "plain"])
def test_logits_are_scaled_cosines(sigma):
    layer, x = CosineLinear(4, 3, sigma=sigma), torch.randn(5, 4)
    scale = 1.0
    if sigma:
        assert layer.sigma.item() == 1
        layer.sigma.data.fill_(scale := 7.0)
    torch.testing.assert_close(layer(x), scale * cosines(x, layer.weight))
    assert layer.weight.abs().max() <= 0.5


def test_a_split_layer_is_both_side_by_side():
    layer, x = SplitCosineLinear(4, 2, 3), torch.randn(5, 4)
    layer.sigma.data.fill_(3.0)
    torch.testing.assert_close(layer(x), 3 * cosines(x, layer.weight))
    assert layer.weight.shape == (5, 4)


def test_old_units_keep_their_weights_and_the_scale():
    head, x = CosineIncrementalClassifier(4), torch.randn(5, 4)
    assert head(x).tolist() == [[0.0, 0.0]] * 5
    head.adaptation(experience(0, 1))
    head.fc.sigma.data.fill_(5.0)
    for classes in ([2, 3, 4, 5], [6], [0, 2]):
        before = head(x)
        head.adaptation(experience(*classes))
        torch.testing.assert_close(head(x)[:, : before.shape[1]], before)
    assert (head.fc.fc1.out_features, head.fc.fc2.out_features) == (6, 1)


def test_units_in_between_that_were_never_trained_are_masked():
    head = CosineIncrementalClassifier(4)
    head.adaptation(experience(1, 3))
    assert head(torch.randn(1, 4)).isinf().tolist() == [[True, False, True, False]]


def test_weights_of_avalanche_0_6_load():
    head = CosineIncrementalClassifier(4)
    state = {"fc.sigma": torch.ones(1), "fc.fc1.weight": torch.randn(2, 4)}
    state["fc.fc2.weight"] = torch.randn(3, 4)
    head.load_state_dict(state)
    assert head(torch.randn(2, 4)).isfinite().all()
    assert torch.equal(head.fc.fc1.weight, state["fc.fc1.weight"])
