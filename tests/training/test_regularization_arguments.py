"""Arguments of penalties: what is refused, in one form for all of them."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

from avalanche.training.plugins import (
    EWCPlugin,
    LwFPlugin,
    MASPlugin,
    SynapticIntelligencePlugin,
)
from avalanche.training.regularization import SynapticIntelligencePenalty

NAN, INF = float("nan"), float("inf")
STRENGTHS = [
    (EWCPlugin, "ewc_lambda", False),
    (SynapticIntelligencePlugin, "si_lambda", True),
    (MASPlugin, "lambda_reg", False),
    (LwFPlugin, "alpha", True),
    (LwFPlugin, "task_weight", True),
]
NAMES = [name for _, name, _ in STRENGTHS]


@pytest.mark.parametrize(("plugin", "name", "many"), STRENGTHS, ids=NAMES)
def test_strengths_are_finite_numbers_of_0_or_more(plugin, name, many):
    for value in (-1, NAN, INF):
        with pytest.raises(ValueError, match=rf"^{name}={value}: expected a \w+ of 0 or more"):
            plugin(**{name: value})
    for value in (True, "2", None):
        with pytest.raises(TypeError, match=rf"^{name}={value!r}: expected a number, a \w+ of 0"):
            plugin(**{name: value})
    for value in ([], [1, NAN], [1, INF], [True], [1, "2"]) if many else ():
        with pytest.raises(ValueError, match=rf"^{name}=\[.*\]: .*or a list with one per exp"):
            plugin(**{name: value})
    plugin(**{name: np.float32(0.5)})
    if many:
        plugin(**{name: (0, 0.5)})


@pytest.mark.parametrize("value", [0, -1, NAN, INF], ids=str)
@pytest.mark.parametrize("name", ["temperature", "eps", "clip"])
def test_some_numbers_are_above_0(name, value):
    method = LwFPlugin if name == "temperature" else SynapticIntelligencePenalty
    for wrong, error in ((value, ValueError), ("2", TypeError), (True, TypeError)):
        with pytest.raises(error, match=rf"^{name}={wrong!r}: expected a number above 0"):
            method(1.0, **{name: wrong})


@pytest.mark.parametrize(
    ("value", "error"),
    [("0.5", TypeError), (True, TypeError), (1.5, ValueError), (NAN, ValueError)],
    ids=["text", "truth", "above 1", "nan"],
)
def test_shares_are_between_0_and_1(value, error):
    with pytest.raises(error, match=rf"^decay_factor={value!r}: expected a number between 0 and 1"):
        EWCPlugin(1.0, "online", value)
    with pytest.raises(error, match=rf"^alpha={value!r}: expected a .*share between 0 and 1"):
        MASPlugin(alpha=value)


@pytest.mark.parametrize("value", [-1, NAN, INF, True, "2"], ids=str)
def test_a_strength_that_is_set_later_is_checked_too(value):
    for plugin, name in ((EWCPlugin, "ewc_lambda"), (SynapticIntelligencePlugin, "si_lambda")):
        built = plugin(1.0)
        with pytest.raises((TypeError, ValueError), match=rf"^{name}={value!r}: expected a "):
            setattr(built, name, value)
        assert getattr(built, name) == 1.0
        setattr(built, name, 2)
        assert getattr(built, name) == 2


def test_excluded_names_that_match_nothing_are_warned_of_once():
    model = nn.ModuleDict({"features": nn.Linear(2, 3), "classifier": nn.Linear(3, 2)})
    agent = SimpleNamespace(model=model)
    si = SynapticIntelligencePenalty(1.0, excluded_parameters=["clasifier", "features.w*"])
    with pytest.warns(UserWarning, match="'clasifier' matches no .* did you mean 'classifier'"):
        si.pre_adapt(agent, "first")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        si.pre_adapt(agent, "second")
        known = SynapticIntelligencePenalty(1.0, excluded_parameters=["classifier", "*.bias"])
        known.pre_adapt(agent, "first")
    assert known.path.keys() == {"features.weight"}
