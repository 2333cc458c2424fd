"""Cosine layers against numpy; growth into old and new units."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from avalanche.benchmarks.classic import SplitDigits
from avalanche.models import (
    CosineIncrementalClassifier,
    CosineLinear,
    avalanche_model_adaptation,
)
from avalanche.models.cosine_layer import SplitCosineLinear
from avalanche.models.dynamic_optimizers import OptimizerSync
from avalanche.training import EWC


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
    assert torch.equal(head.fc.fc2.weight, state["fc.fc2.weight"])
    split = SplitCosineLinear(4, 2, 3)
    split.load_state_dict({k.removeprefix("fc."): v for k, v in state.items() if k[:2] == "fc"})
    assert torch.equal(split.fc2.weight, state["fc.fc2.weight"])


def grown(*experiences):
    head = CosineIncrementalClassifier(4)
    for classes in experiences:
        head.adaptation(experience(*classes))
    return head


def test_a_name_means_the_same_rows_after_growth():
    head = grown([0, 1], [2, 3])
    rows = {name: p.detach().clone() for name, p in head.named_parameters()}
    head.adaptation(experience(4, 5))
    for name, parameter in head.named_parameters():
        assert torch.equal(parameter[: len(rows[name])], rows[name]), name
    assert list(rows) == [name for name, _ in head.named_parameters()]


def test_momentum_stays_with_the_rows_that_earned_it():
    head = grown([0, 1], [2, 3])
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
    sync = OptimizerSync(optimizer, head)
    head(torch.randn(5, 4)).square().sum().backward()
    optimizer.step()
    before = optimizer.state[head.fc.weight]["momentum_buffer"].clone()
    head.adaptation(experience(4, 5))
    sync.sync(optimizer, head)
    now = optimizer.state[head.fc.weight]["momentum_buffer"]
    assert torch.equal(now[:4], before)
    assert now[4:].eq(0).all()
    assert len(optimizer.param_groups[0]["params"]) == 2


def test_ewc_holds_the_classes_it_learnt_and_no_new_ones():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), CosineIncrementalClassifier(8))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = EWC(model, optimizer, None, ewc_lambda=1.0, train_mb_size=64, evaluator=None)
    stream = SplitDigits(5, seed=0, fixed_class_order=list(range(10))).train_stream
    strategy.train(stream[:2])
    model.train()
    avalanche_model_adaptation(model, stream[2])
    model[2].fc.weight.data += 1.0
    (ewc,) = [p.ewc for p in strategy.plugins if hasattr(p, "ewc")]
    (gradient,) = torch.autograd.grad(ewc(model), model[2].fc.weight)
    assert gradient[:4].abs().sum(1).gt(0).all()
    assert gradient[4:].eq(0).all()


@pytest.mark.parametrize("saved", [(), ([0],), ([0], [1, 2]), ([0], [1, 2], [3])], ids=str)
@pytest.mark.parametrize("present", [(), ([0, 1],), ([0], [1, 2]), ([0], [1, 2], [3])], ids=str)
def test_a_saved_shape_is_taken_larger_or_smaller(saved, present):
    one, other = grown(*saved), grown(*present)
    other.load_state_dict(one.state_dict())
    x = torch.randn(3, 4)
    assert torch.equal(one(x), other(x))
    assert type(one.fc) is type(other.fc)
    if len(saved) > 1:
        assert one.fc.fc1.out_features == other.fc.fc1.out_features
    other.adaptation(experience(9))
    assert other(x).shape == (3, 10)


@pytest.mark.parametrize("saved", [([0], [1]), ([0], [1, 2])], ids=["same shape", "more units"])
def test_a_frozen_head_stays_frozen_when_it_grows_and_when_a_state_is_loaded(saved):
    head = grown([0], [1]).requires_grad_(False)
    before = head.fc.weight
    head.load_state_dict(grown(*saved).state_dict())
    assert (head.fc.weight is before) == (saved == ([0], [1]))
    head.adaptation(experience(5))
    assert not any(p.requires_grad for p in head.parameters())


def test_units_get_the_type_that_the_module_was_converted_to():
    head = CosineIncrementalClassifier(4).double()
    head.adaptation(SimpleNamespace(classes_in_this_experience=[0, 1]))
    assert head(torch.ones(2, 4, dtype=torch.float64)).dtype == torch.float64
