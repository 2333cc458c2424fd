"""Dropout: how many values it keeps, what it makes of them, and where it is PyTorch's own."""

import copy
import warnings

import pytest
import torch
from scipy.stats import binomtest
from torch import nn

from avalanche.models import MTSimpleCNN, MTSimpleMLP, SimpleCNN, SimpleMLP
from avalanche.models.dropout import Dropout

PROBABILITIES = [0.5, 0.25, 0.1, 0.9, 1 / 256, 3 / 1024, 3e-4]


@pytest.mark.parametrize("p", PROBABILITIES)
def test_each_value_is_dropped_with_its_probability(p):
    torch.manual_seed(0)
    shape = (301, 999)  # no multiple of the values that one word decides on
    dropped = int((Dropout(p)(torch.ones(shape)) == 0).sum())
    assert binomtest(dropped, 301 * 999, p).pvalue > 1e-3


@pytest.mark.parametrize("p", PROBABILITIES)
def test_what_is_kept_grows_so_that_the_mean_stays(p):
    torch.manual_seed(0)
    x = torch.randn(100, 1000, dtype=torch.float64)
    y = Dropout(p)(x)
    kept = y != 0
    torch.testing.assert_close(y[kept], x[kept] / (1 - p), rtol=2**-17 / (1 - p), atol=0)


@pytest.mark.parametrize("p", [0.25, 0.3], ids=["8-bits", "16-bits"])
def test_values_are_dropped_independently(p):
    torch.manual_seed(0)
    kept = (Dropout(p)(torch.ones(40_000, 8)) > 0).double()
    together = torch.corrcoef(torch.cat([kept, kept.roll(1, 0)], 1).T)
    assert (together - torch.eye(16)).abs().max() < 0.03


def test_the_gradient_is_the_mask_that_was_drawn():
    x = torch.randn(50, 20, requires_grad=True)
    y = Dropout(0.3)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad * x, y)


def test_a_seed_gives_the_same_masks_and_a_second_pass_others():
    layer, x = Dropout(0.5), torch.ones(100)
    torch.manual_seed(3)
    first, second = layer(x), layer(x)
    torch.manual_seed(3)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_type_stays(dtype):
    y = Dropout(0.5)(torch.ones(3, 7, dtype=dtype))
    assert y.dtype == dtype
    assert set(y.flatten().tolist()) <= {0.0, 2.0}


@pytest.mark.parametrize(("p", "value"), [(0, 1.0), (0.0, 1.0), (1, 0.0), (1e-9, 1.0)])
def test_the_ends_of_the_range(p, value):
    assert Dropout(p)(torch.ones(200)).tolist() == [value] * 200


@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (2, 3, 4, 5)])
def test_any_shape(shape):
    assert Dropout(0.5)(torch.ones(shape)).shape == shape


def test_evaluation_and_in_place_are_those_of_pytorch():
    x = torch.randn(9)
    assert Dropout(0.5).eval()(x) is x
    torch.manual_seed(0)
    y = x.clone()
    assert Dropout(0.5, inplace=True)(y) is y
    torch.manual_seed(0)
    assert torch.equal(y, nn.functional.dropout(x, 0.5))


def test_whole_numbers_are_refused_as_by_pytorch():
    with pytest.raises(RuntimeError, match=r"[Ff]loat"):
        Dropout(0.3)(torch.ones(3, dtype=torch.int64))


def test_masks_are_drawn_where_the_input_is():
    x = torch.ones(8)
    with torch.device("meta"):
        assert Dropout(0.5)(x).device.type == "cpu"


def test_programs_of_torch_script():
    layer, x = Dropout(0.5), torch.ones(100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls them outdated
        scripted = torch.jit.script(layer)
        traced = torch.jit.trace(layer, x, check_trace=False)  # two runs draw two masks
        evaluated = torch.jit.trace(layer.eval(), x)
    for program in (scripted.train(), traced):
        first, second = program(x), program(x)
        assert set(first.tolist()) == {0.0, 2.0}
        assert not torch.equal(first, second)
    assert torch.equal(evaluated(x), x)


def test_a_non_contiguous_input():
    x = torch.randn(30, 40).T
    y = Dropout(0.5)(x)
    assert torch.equal(y[y != 0], 2 * x[y != 0])


def test_samples_of_a_vmapped_network_draw_each_for_itself():
    """Per-sample gradients ask for this."""
    draw = torch.func.vmap(Dropout(0.5), randomness="different")
    masks = draw(torch.ones(4, 64)) > 0
    assert len({tuple(mask.tolist()) for mask in masks}) == 4


@pytest.mark.parametrize("make", [SimpleMLP, MTSimpleMLP, SimpleCNN, MTSimpleCNN])
def test_models_have_it_as_a_dropout_layer_and_can_be_copied(make):
    layers = [m for m in copy.deepcopy(make()).modules() if isinstance(m, nn.Dropout)]
    assert layers
    assert all(type(layer) is Dropout for layer in layers)


def test_a_probability_outside_of_the_range_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Dropout(1.5)
