"""The steps of SI on dictionaries, with numbers worked out by hand."""

import pytest
import torch
from torch import nn

from avalanche.training.plugins import SynapticIntelligencePlugin as Plugin

FIELDS = ["cum_trajectory", "grad", "new_theta", "old_theta", "trajectory"]


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))


def move(module, by):
    """In place, as an optimizer does."""
    with torch.no_grad():
        for p in module.parameters():
            p.add_(by)


def begun(module, excluded=frozenset()):
    ewc, syn = ({}, {}), {}
    Plugin.create_syn_data(module, ewc, syn, set(excluded))
    Plugin.init_batch(module, ewc, syn, set(excluded))
    return ewc, syn


def test_the_steps_of_an_experience():
    module = model()
    ewc, syn = begun(module)
    assert sorted(syn) == FIELDS
    start = module[2].bias.detach().clone()
    Plugin.pre_update(module, syn, set())
    module(torch.randn(3, 2)).sum().backward()  # the gradient of the last bias is 3
    move(module, 0.1)
    Plugin.post_update(module, syn, set())
    torch.testing.assert_close(syn["trajectory"]["2.bias"], torch.tensor([0.3]))
    torch.testing.assert_close(syn["old_theta"]["2.bias"], start)
    torch.testing.assert_close(syn["new_theta"]["2.bias"], start + 0.1)
    syn["trajectory"]["2.bias"].fill_(-2.0)
    move(module, 0.1)
    Plugin.update_ewc_data(module, ewc, syn, 100.0, set(), c=0.5, eps=0.46)
    # 0.5 * 2 / (0.2^2 + 0.46)
    torch.testing.assert_close(ewc[1]["2.bias"], torch.tensor([2.0]))
    torch.testing.assert_close(ewc[0]["2.bias"], start + 0.2)
    Plugin.init_batch(module, ewc, syn, set())
    assert syn["trajectory"]["2.bias"].item() == 0
    syn["trajectory"]["2.bias"].fill_(-2.0)
    Plugin.update_ewc_data(module, ewc, syn, 3.0, set(), c=0.46, eps=0.46)
    torch.testing.assert_close(ewc[1]["2.bias"], torch.tensor([3.0]))  # 2 + 2, clipped


def test_moves_that_raised_the_loss_add_nothing():
    module = model()
    ewc, syn = begun(module)
    syn["trajectory"]["2.bias"].fill_(5.0)
    Plugin.update_ewc_data(module, ewc, syn, 100.0, set())
    assert ewc[1]["2.bias"].item() == 0


def test_weights_and_gradients_are_copies():
    module, target = model(), {}
    Plugin.extract_weights(module, target, set())
    before = {n: t.clone() for n, t in target.items()}
    move(module, 1.0)
    assert all(torch.equal(before[n], t) for n, t in target.items())
    gradients = {}
    Plugin.extract_grad(module, gradients, set())
    assert all((t == 0).all() for t in gradients.values())
    module(torch.randn(3, 2)).sum().backward()
    Plugin.extract_grad(module, gradients, set())
    module.zero_grad(set_to_none=False)
    assert gradients["2.bias"].item() == 3


def test_the_loss_is_half_lambda_times_the_weighted_distance():
    module = model()
    ewc, _ = begun(module)
    for tensor in ewc[1].values():
        tensor.fill_(1.0)
    assert Plugin.compute_ewc_loss(module, ewc, set(), "cpu").item() == 0
    move(module, 0.2)
    loss = Plugin.compute_ewc_loss(module, ewc, set(), "cpu", lambd=1.0)
    torch.testing.assert_close(loss, torch.tensor(0.5 * 9 * 0.2**2))  # 9 weights, no norm
    loss.backward()
    torch.testing.assert_close(module[2].bias.grad, torch.tensor([0.2]))
    part = Plugin.compute_ewc_loss(module, ewc, {"0.*"}, "cpu", lambd=1.0)
    torch.testing.assert_close(part, torch.tensor(0.5 * 3 * 0.2**2))


@pytest.mark.parametrize(
    ("excluded", "names"),
    [
        (set(), ["0.weight", "0.bias", "2.weight", "2.bias"]),
        ({"0.weight"}, ["0.bias", "2.weight", "2.bias"]),
        ({"0"}, ["2.weight", "2.bias"]),
        ({"*.bias"}, ["0.weight", "2.weight"]),
    ],
    ids=["none", "parameter", "module", "wildcard"],
)
def test_names_that_are_left_out(excluded, names):
    module = model()
    patterns = Plugin.explode_excluded_parameters(excluded)
    assert patterns == excluded | {f"{name}.*" for name in excluded}
    assert [n for n, _ in Plugin.not_excluded_parameters(module, patterns)] == names
    module[2].bias.requires_grad_(False)
    trained = [n for n in names if n != "2.bias"]
    assert [n for n, _ in Plugin.allowed_parameters(module, patterns)] == trained
