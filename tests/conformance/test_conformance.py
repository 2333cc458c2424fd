"""Every public class passes the checks of its role; classes are found by introspection."""

import inspect

import pytest
import torch
from arguments import LOOPS, MODELS, PLUGINS, SKIP, STRATEGIES
from torch import nn
from torch.optim import SGD

import avalanche.training.plugins as plugins
import avalanche.training.storage_policy as policies
import avalanche.training.supervised as supervised
from avalanche.benchmarks import classic
from avalanche.core import BasePlugin
from avalanche.core.events import EVENT_NAMES
from avalanche.testing import STRATEGY_CHECKS, check_benchmark, check_buffer, streams
from avalanche.testing.strategies import build, learn, tiny_model, weights
from avalanche.training import Naive
from avalanche.training.ppp_loss import PPPloss
from avalanche.training.storage_policy import ExemplarsBuffer
from avalanche.training.templates import BaseTemplate
from avalanche.training.templates.checks import REQUIRED


def public(module, base):
    """Concrete public classes of a module that derive from ``base``."""
    found = (getattr(module, name) for name in module.__all__)
    return [c for c in found if inspect.isclass(c) and issubclass(c, base)]


STRATEGY_CLASSES = public(supervised, BaseTemplate)


def acts(cls):
    """Whether a class has a callback of its own; bases to derive from have none."""
    methods = (getattr(cls, name, None) for name in EVENT_NAMES)
    return any(m is not None and not getattr(m, "__is_noop__", False) for m in methods)


# Every strategy carries these anyway.
CARRIED = {"Clock", "PeriodicEval"}
PLUGIN_CLASSES = [c for c in public(plugins, BasePlugin) if acts(c) and c.__name__ not in CARRIED]
ABSTRACT_BUFFERS = {"ExemplarsBuffer", "BalancedExemplarsBuffer", "GroupedBuffer"}
BUFFERS = [c for c in public(policies, ExemplarsBuffer) if c.__name__ not in ABSTRACT_BUFFERS]
CHECKS = {check.__name__: check for check in STRATEGY_CHECKS}


def not_skipped(cls, check):
    reason = SKIP.get(cls.__name__, {}).get(check)
    if reason:
        pytest.skip(reason)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cls", STRATEGY_CLASSES, ids=lambda c: c.__name__)
def test_strategies(cls, check):
    not_skipped(cls, check)
    own = STRATEGIES.get(cls.__name__, {})

    def factory(model, optimizer, **loop):
        if cls.__name__ in MODELS:
            model = MODELS[cls.__name__]()
            optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
        return cls(model, optimizer, **own, **loop)

    CHECKS[check](factory)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cls", PLUGIN_CLASSES, ids=lambda c: c.__name__)
def test_plugins(cls, check):
    not_skipped(cls, check)
    own = PLUGINS.get(cls.__name__, {})

    def factory(model, optimizer, **loop):
        plugin = cls(**(own(model, optimizer) if callable(own) else own))
        loop.update(LOOPS.get(cls.__name__, {}))
        loop["plugins"] = [*(loop.get("plugins") or ()), plugin]
        return Naive(model, optimizer, **loop)

    CHECKS[check](factory)


PAIRS = [c for c in STRATEGY_CLASSES if f"{c.__name__}Plugin" in plugins.__all__]


@pytest.mark.parametrize("cls", PAIRS, ids=lambda c: c.__name__)
def test_strategy_and_plugin_are_the_same_method_and_not_naive(cls):
    name = f"{cls.__name__}Plugin"
    own = PLUGINS.get(name, {})

    def with_plugin(model, optimizer, **loop):
        arguments = own(model, optimizer) if callable(own) else own
        return Naive(model, optimizer, plugins=[getattr(plugins, name)(**arguments)], **loop)

    def strategy(model, optimizer, **loop):
        return cls(model, optimizer, **STRATEGIES.get(cls.__name__, {}), **loop)

    benchmark, ends = streams.class_incremental(), []
    for factory in (strategy, with_plugin, Naive):
        made = build(factory)
        learn(made, benchmark)
        ends.append(weights(made)["1.weight"])
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


@pytest.mark.parametrize("cls", BUFFERS, ids=lambda c: c.__name__)
def test_buffers(cls):
    check_buffer(cls)


# Benchmarks that need no files. Those that do are checked in tests/benchmarks, on small files.
@pytest.mark.parametrize("options", [{}, {"return_task_id": True}, {"n_experiences": 2}])
def test_split_digits(options):
    check_benchmark(lambda seed: classic.SplitDigits(seed=seed, **options))


@pytest.mark.parametrize("cls", STRATEGY_CLASSES, ids=lambda c: c.__name__)
def test_strategies_need_no_criterion(cls):
    model = MODELS.get(cls.__name__, tiny_model)()
    strategy = cls(model, SGD(model.parameters(), lr=0.1), **STRATEGIES.get(cls.__name__, {}))
    assert isinstance(strategy._criterion, (nn.CrossEntropyLoss, PPPloss))


MISSING = [
    (cls, p.name)
    for cls in STRATEGY_CLASSES
    for p in inspect.signature(cls).parameters.values()
    if p.default is REQUIRED
]


def test_some_strategies_have_an_argument_without_a_default():
    assert ("EWC", "ewc_lambda") in [(cls.__name__, name) for cls, name in MISSING]


@pytest.mark.parametrize(("cls", "missing"), MISSING, ids=lambda v: getattr(v, "__name__", v))
def test_strategies_say_which_argument_is_missing(cls, missing):
    model = tiny_model()
    given = {k: v for k, v in STRATEGIES[cls.__name__].items() if k != missing}
    with pytest.raises(TypeError, match=f"{cls.__name__} has no default for {missing}"):
        cls(model, SGD(model.parameters(), lr=0.1), **given)


@pytest.mark.parametrize("cls", STRATEGY_CLASSES, ids=lambda c: c.__name__)
def test_strategies_say_which_argument_is_misspelt(cls):
    model = MODELS.get(cls.__name__, tiny_model)()
    given = {**STRATEGIES.get(cls.__name__, {}), "train_mb_sise": 3}
    with pytest.raises(TypeError, match="has no argument 'train_mb_sise'; did you mean train_mb_"):
        cls(model, SGD(model.parameters(), lr=0.1), **given)


def test_own_arguments_are_among_the_nearest_names():
    model = tiny_model()
    with pytest.raises(TypeError, match="GEM has no argument 'memory_strenght'; did you mean mem"):
        supervised.GEM(model, SGD(model.parameters(), lr=0.1), None, 10, memory_strenght=1)
