"""Every pair of plugins trains three tiny experiences together, or is refused with both names."""

import inspect
import itertools

import pytest
import torch
from arguments import LOOPS, PLUGINS

import avalanche.training.plugins as plugins
from avalanche.core import BasePlugin, SupervisedPlugin
from avalanche.core.events import EVENT_NAMES
from avalanche.testing import streams
from avalanche.testing.strategies import build, weights
from avalanche.training import Naive
from avalanche.training.plugins import (
    AGEMPlugin,
    EWCPlugin,
    GEMPlugin,
    LwFPlugin,
    ReplayPlugin,
    SynapticIntelligencePlugin,
)

# Every strategy carries these anyway.
CARRIED = {"Clock", "PeriodicEval", "EvaluationPlugin"}


def acts(cls):
    methods = (getattr(cls, name, None) for name in EVENT_NAMES)
    return any(m is not None and not getattr(m, "__is_noop__", False) for m in methods)


CLASSES = {
    name: cls
    for name in plugins.__all__
    if inspect.isclass(cls := getattr(plugins, name))
    and issubclass(cls, BasePlugin)
    and acts(cls)
    and name not in CARRIED
}
PAIRS = {f"{a}+{b}": (a, b) for a, b in itertools.combinations(CLASSES, 2)}


@pytest.fixture(scope="module")
def benchmark():
    return streams.class_incremental()


def together(names, **loop):
    """A strategy with these plugins, on the tiny model."""

    def factory(model, optimizer, **loop):
        made = []
        for name in names:
            own = PLUGINS.get(name, {})
            made.append(CLASSES[name](**(own(model, optimizer) if callable(own) else own)))
            loop.update(LOOPS.get(name, {}))
        return Naive(model, optimizer, plugins=made, **loop)

    return build(factory, train_mb_size=20, train_epochs=1, **loop)


def trains(strategy, benchmark):
    before = weights(strategy)
    for experience in benchmark.train_stream:
        strategy.train(experience)
    after = weights(strategy)
    assert strategy.clock.train_exp_counter == 3
    assert all(value.isfinite().all() for value in after.values())
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("pair", PAIRS)
def test_pairs(pair, benchmark):
    names = PAIRS[pair]
    shared = set(CLASSES[names[0]].owns) & set(CLASSES[names[1]].owns)
    if shared:
        with pytest.raises(ValueError, match=f"{names[0]} and {names[1]} each set the"):
            together(names)
        return
    trains(together(names), benchmark)


HYBRIDS = {
    "Replay+EWC+LwF": ("ReplayPlugin", "EWCPlugin", "LwFPlugin"),
    "Replay+SI+AGEM": ("ReplayPlugin", "SynapticIntelligencePlugin", "AGEMPlugin"),
    "Replay+EWC+GEM": ("ReplayPlugin", "EWCPlugin", "GEMPlugin"),
}


@pytest.mark.parametrize("names", HYBRIDS.values(), ids=HYBRIDS)
def test_hybrids_of_three(names, benchmark):
    trains(together(names), benchmark)


@pytest.mark.parametrize("kind", ["growing", "multi-head"])
def test_hybrids_with_growing_heads(kind):
    make = streams.task_incremental if kind == "multi-head" else streams.class_incremental
    made = [ReplayPlugin(20), SynapticIntelligencePlugin(0.1), AGEMPlugin(10, 8), LwFPlugin()]
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=made, **k), kind, train_epochs=1)
    trains(strategy, make())


def test_refusal_names_both_the_claim_and_the_remedy():
    with pytest.raises(
        ValueError,
        match=r"GEMPlugin and AGEMPlugin each set the direction of the gradients.*owns = \(\)",
    ):
        together(("GEMPlugin", "AGEMPlugin"))


def test_a_plugin_that_is_refused_later_is_not_attached():
    strategy = together(("GEMPlugin",))
    before = list(strategy.plugins)
    with pytest.raises(ValueError, match="GEMPlugin and AGEMPlugin"):
        strategy.add_plugin(AGEMPlugin(5, 5))
    assert strategy.plugins == before


def test_plugins_put_into_the_list_by_hand_are_refused_before_training(benchmark):
    strategy = together(("GEMPlugin",))
    strategy.plugins.append(GEMPlugin(5, 0.5))
    before = weights(strategy)
    with pytest.raises(ValueError, match="GEMPlugin and GEMPlugin"):
        strategy.train(benchmark.train_stream[0])
    assert all(torch.equal(before[name], value) for name, value in weights(strategy).items())


def test_plugins_of_users_are_never_refused(benchmark):
    """Two loaders of their own: they claim nothing, so it is their business."""

    class Mine(SupervisedPlugin):
        def before_training_exp(self, strategy, **kwargs):
            strategy.dataloader = strategy.dataloader

    class Yours(Mine):
        pass

    trains(
        build(lambda m, o, **k: Naive(m, o, plugins=[Mine(), Yours(), ReplayPlugin(20)], **k)),
        benchmark,
    )


def test_two_penalties_of_one_kind_add_up(benchmark):
    """Nothing is replaced, so nothing is refused; together they are one of both strengths."""

    def learnt(*strengths):
        made = [EWCPlugin(strength, fisher="empirical") for strength in strengths]
        strategy = build(lambda m, o, **k: Naive(m, o, plugins=made, **k))
        trains(strategy, benchmark)
        return weights(strategy)

    both = learnt(1.0, 2.0)
    torch.testing.assert_close(both, learnt(3.0), rtol=1e-3, atol=1e-4)
    for one in (1.0, 2.0):
        with pytest.raises(AssertionError):
            torch.testing.assert_close(both, learnt(one), rtol=1e-3, atol=1e-4)
