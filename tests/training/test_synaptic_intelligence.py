"""SI: the path integral and the penalty against a loop of plain PyTorch, and its options."""

import copy
import itertools
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avalanche.benchmarks import split_online_stream
from avalanche.core import SupervisedPlugin
from avalanche.models import IncrementalClassifier
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn
from avalanche.training import Naive, SynapticIntelligence
from avalanche.training.plugins import EWCPlugin, LwFPlugin, MASPlugin, SynapticIntelligencePlugin
from avalanche.training.regularization import QuadraticPenalty, SynapticIntelligencePenalty
from avalanche.training.regularization.synaptic_intelligence import allowed_parameters

LAMBDA, EPS, LR, MOMENTUM = 3.0, 0.05, 0.05, 0.8


def mlp(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(streams.FEATURES, 7), nn.Tanh(), nn.Linear(7, streams.CLASSES))


def batches(experience, size=8):
    x, y, *_ = experience.dataset.batch(range(len(experience.dataset)))
    return list(zip(x.split(size), y.split(size), strict=True))


def by_hand(model, benchmark, *, clip_norm=None, accumulate=1, epochs=2, rest=None, clip=None):
    """SI by the formulas of the paper, one parameter at a time; Omega and the final weights.

    ``rest(model, k)`` is a further penalty of experience ``k``; it must stay out of the path.
    """
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    parameters = [p for p in model.parameters() if p.requires_grad]
    momentum = [torch.zeros_like(p) for p in parameters]
    total = {n: torch.zeros_like(p) for n, p in zip(names, parameters, strict=True)}
    anchor = [p.detach().clone() for p in parameters]
    for k, experience in enumerate(benchmark.train_stream):
        path = [torch.zeros_like(p) for p in parameters]
        for _ in range(epochs):
            content = batches(experience)
            for start in range(0, len(content), accumulate):
                task = [torch.zeros_like(p) for p in parameters]
                whole = [torch.zeros_like(p) for p in parameters]
                window = content[start : start + accumulate]
                for x, y in window:
                    loss = F.cross_entropy(model(x), y)
                    g = torch.autograd.grad(loss, parameters)
                    extra = torch.zeros(())
                    for n, p, q in zip(names, parameters, anchor, strict=True):
                        extra = extra + LAMBDA / 2 * (total[n] * (p - q) ** 2).sum()
                    if rest is not None:
                        extra = extra + rest(model, k)
                    h = torch.autograd.grad(extra, parameters)
                    for i in range(len(parameters)):
                        task[i] += g[i] / len(window)
                        whole[i] += (g[i] + h[i]) / len(window)
                if clip_norm is not None:
                    norm = torch.sqrt(sum((g**2).sum() for g in whole))
                    whole = [g * min(1.0, clip_norm / (norm + 1e-6)) for g in whole]
                for i, p in enumerate(parameters):
                    momentum[i] = MOMENTUM * momentum[i] + whole[i]
                    step = -LR * momentum[i]
                    path[i] -= task[i] * step
                    p.data += step
        for i, (n, p) in enumerate(zip(names, parameters, strict=True)):
            moved = p.detach() - anchor[i]
            total[n] = total[n] + torch.relu(path[i]) / (moved**2 + EPS)
            if clip is not None:
                total[n] = total[n].clamp(max=clip)
            anchor[i] = p.detach().clone()
    return total, dict(zip(names, anchor, strict=True))


def ours(model, benchmark, make=None, **loop):
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    options = {"train_mb_size": 8, "train_epochs": 2, "evaluator": None, **loop}
    if make is not None:
        strategy = make(model, optimizer, **options)
    else:
        strategy = SynapticIntelligence(model, optimizer, None, LAMBDA, EPS, **options)
    for experience in benchmark.train_stream:
        strategy.train(experience, shuffle=False)
    plugin = next(p for p in strategy.plugins if isinstance(p, SynapticIntelligencePlugin))
    return plugin.ewc_data[1], plugin.ewc_data[0]


def assert_same(found, expected, tolerance=1e-3):
    for a, b in zip(found, expected, strict=True):
        assert a.keys() == b.keys()
        for name, value in b.items():
            torch.testing.assert_close(a[name], value, rtol=tolerance, atol=tolerance * 1e-2)


@pytest.mark.parametrize(
    ("loop", "reference"),
    [
        ({}, {}),
        ({"clip_grad_norm": 0.3}, {"clip_norm": 0.3}),
        ({"accumulate": 3}, {"accumulate": 3}),
        ({"accumulate": 2, "clip_grad_norm": 0.3}, {"accumulate": 2, "clip_norm": 0.3}),
    ],
    ids=["plain", "clipped gradients", "accumulated", "both"],
)
def test_the_path_integral_of_three_experiences(loop, reference):
    benchmark = streams.class_incremental()
    expected = by_hand(mlp(), benchmark, **reference)
    assert_same(ours(mlp(), benchmark, **loop), expected)
    assert max(t.max() for t in expected[0].values()) > 0.1


def test_a_clip_limits_importances_from_above_only():
    def make(model, optimizer, **loop):
        return SynapticIntelligence(model, optimizer, None, LAMBDA, EPS, clip=0.02, **loop)

    benchmark = streams.class_incremental()
    found = ours(mlp(), benchmark, make)
    assert_same(found, by_hand(mlp(), benchmark, clip=0.02))
    assert max(t.max() for t in found[0].values()) == pytest.approx(0.02)


def quadratic(importances, centers, strength):
    return lambda m: (
        strength
        * sum(
            (f * (p - c) ** 2).sum()
            for f, p, c in zip(importances, m.parameters(), centers, strict=True)
        )
    )


@pytest.mark.parametrize("si_comes_first", [True, False], ids=["before", "after"])
def test_penalties_of_other_plugins_stay_out_of_the_path(si_comes_first):
    """EWC with SI: the path is of the task's gradient, the update of all."""
    benchmark = streams.class_incremental()
    torch.manual_seed(5)
    model = mlp()
    importances = [torch.rand_like(p) for p in model.parameters()]
    centers = [torch.randn_like(p) for p in model.parameters()]
    rest = quadratic(importances, centers, 2.0)

    def make(model, optimizer, **loop):
        ewc, si = EWCPlugin(4.0), SynapticIntelligencePlugin(LAMBDA, EPS)
        names = [n for n, _ in model.named_parameters()]
        ewc.quadratic.add(*(dict(zip(names, t, strict=True)) for t in (importances, centers)))
        ewc.ewc.experiences = 1
        ewc.after_training_exp = lambda strategy, **kwargs: None
        plugins = [si, ewc] if si_comes_first else [ewc, si]
        return Naive(model, optimizer, plugins=plugins, **loop)

    expected = by_hand(mlp(), benchmark, rest=lambda m, k: rest(m))
    assert_same(ours(mlp(), benchmark, make), expected)


def test_frozen_parameters_and_unused_ones_take_no_part():
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused, self.frozen = (nn.Linear(12, 6) for _ in range(3))
            self.frozen.requires_grad_(False)

        def forward(self, x):
            return self.used(x) + self.frozen(x)

    model = Partly()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)
    strategy = SynapticIntelligence(model, optimizer, None, 1.0, train_mb_size=8, evaluator=None)
    strategy.train(streams.class_incremental().train_stream)
    importances = strategy.plugins[0].ewc_data[1]
    assert sorted(importances) == ["unused.bias", "unused.weight", "used.bias", "used.weight"]
    assert importances["used.weight"].max() > 0
    assert importances["unused.weight"].abs().max() == 0


def test_a_head_that_grows():
    """New units are free at first and get importances of their own."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(streams.FEATURES, 7), nn.ReLU(), IncrementalClassifier(7))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    strategy = SynapticIntelligence(
        model, optimizer, None, 1.0, train_mb_size=8, evaluator=None, train_epochs=2
    )
    si, rows = strategy.plugins[0].si, []
    for experience in streams.class_incremental().train_stream:
        strategy.train(experience)
        importances = si.quadratic.weights["2.classifier.weight"]
        rows.append(importances.clone())
        assert si.quadratic.centers["2.classifier.weight"].equal(model[2].classifier.weight)
    assert [len(r) for r in rows] == [2, 4, 6]
    for before, after in itertools.pairwise(rows):
        old = after[: len(before)]
        assert (old >= before - 1e-7).all()
        assert after[len(before) :].max() > 0


def test_the_component_alone_is_the_plugin():
    benchmark, model = streams.class_incremental(), mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    si, agent = SynapticIntelligencePenalty(LAMBDA, EPS), SimpleNamespace(model=model)
    for experience in benchmark.train_stream:
        si.pre_update(experience, agent)
        for _ in range(2):
            for x, y in batches(experience):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y) + si(model)
                loss.backward()
                si.before_step(model)
                optimizer.step()
                si.after_step(model)
        si.post_update(experience, agent)
    expected = ours(mlp(), benchmark)
    assert_same((si.quadratic.weights, si.quadratic.centers), expected, 1e-6)


def test_the_parts_of_an_online_stream_are_one_experience_where_boundaries_are_known():
    benchmark = streams.class_incremental()
    whole = mlp()
    expected = ours(whole, benchmark, train_epochs=1)
    online = split_online_stream(
        benchmark.train_stream, 8, shuffle=False, access_task_boundaries=True
    )
    parts = mlp()
    found = ours(parts, SimpleNamespace(train_stream=online), train_epochs=1)
    assert_same(found, expected, 1e-6)
    torch.testing.assert_close(whole[0].weight, parts[0].weight, rtol=0, atol=0)


def test_saved_in_the_middle_of_an_experience():
    """A state between two parts holds the path so far."""
    stream = streams.class_incremental().train_stream
    online = list(split_online_stream(stream, 8, shuffle=False, access_task_boundaries=True))

    def make():
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
        return SynapticIntelligence(model, optimizer, None, LAMBDA, train_mb_size=8, evaluator=None)

    one, two = make(), make()
    for part in online[:7]:
        one.train(part)
    assert one.plugins[0].si.path
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for strategy in (one, two):
        for part in online[7:12]:
            strategy.train(part, shuffle=False)
    assert_same(one.plugins[0].ewc_data, two.plugins[0].ewc_data, 0)


def test_one_strength_per_experience_the_last_one_staying():
    si, model = SynapticIntelligencePenalty([5.0, 1.0, 3.0]), nn.Linear(2, 2)
    found = []
    for _ in range(4):
        found.append(si.strength)
        si.pre_adapt(SimpleNamespace(model=model), "e")
        si.post_adapt(SimpleNamespace(model=model), "e")
    assert found == [5.0, 1.0, 3.0, 3.0]


def test_importances_on_a_device_of_their_own():
    benchmark = streams.class_incremental()

    def make(model, optimizer, **loop):
        plugin = SynapticIntelligencePlugin(LAMBDA, EPS, device="cpu")
        strategy = Naive(model, optimizer, plugins=[plugin], **loop)
        assert plugin.device(strategy) == "cpu"
        return strategy

    assert_same(ours(mlp(), benchmark, make), ours(mlp(), benchmark), 1e-7)
    plugin = SynapticIntelligencePlugin(1.0)
    assert plugin.device(SimpleNamespace(device=torch.device("meta"))) == torch.device("meta")


def test_mixed_precision_and_sparse_gradients():
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(4, streams.CLASSES, sparse=True)

        def forward(self, x):
            return self.table((x[:, 0] > 0).long())

    for model in (Words(), mlp()):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        strategy = SynapticIntelligence(
            model, optimizer, None, 1.0, train_mb_size=8, evaluator=None, precision="bf16"
        )
        strategy.train(streams.class_incremental().train_stream)
        importances = strategy.plugins[0].ewc_data[1]
        assert all(t.isfinite().all() for t in importances.values())
        assert max(t.max() for t in importances.values()) > 0


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"]),
        ({"batch_norm": False}, ["0.weight", "0.bias", "2.weight", "2.bias"]),
        ({"excluded_parameters": ["0", "2.b*"]}, ["1.weight", "1.bias", "2.weight"]),
    ],
    ids=["all", "without norms", "by name"],
)
def test_parameters_that_take_part(options, names):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    si = SynapticIntelligencePenalty(1.0, **options)
    si.pre_adapt(SimpleNamespace(model=model), "e")
    assert list(si.path) == names
    model[0].weight.requires_grad_(False)
    assert "0.weight" not in dict(allowed_parameters(model))
    assert "0.weight" in dict(allowed_parameters(model, frozen=True))


def test_the_strategy_in_the_order_of_either_generation():
    def made(*more, **named):
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        strategy = SynapticIntelligence(
            model, optimizer, nn.CrossEntropyLoss(), 0.1, *more, evaluator=None, **named
        )
        eps = next(p.eps for p in strategy.plugins if isinstance(p, SynapticIntelligencePlugin))
        return eps, strategy.train_mb_size, strategy.train_epochs, strategy.eval_mb_size

    assert made(1e-7, 32, 4, 64) == (1e-7, 32, 4, 64)
    assert made(32, 4, 64) == (0.1, 32, 4, 64)  # releases up to 0.2 had no eps
    assert made(1.0) == (1.0, 1, 1, 1) == made(eps=1)
    for wrong in ({}, {"train_mb_size": 8}):
        with pytest.raises(TypeError, match=r"eps=32: write eps=32.0 .* name train_mb_size=32"):
            made(eps=32, **wrong)
    with pytest.raises(ValueError, match="eps=0"):
        made(eps=0)


def test_the_second_argument_of_either_generation():
    new = SynapticIntelligencePlugin(1.0, 0.5, ["a"])
    assert (new.eps, new.excluded_parameters) == (0.5, {"a"})
    old = SynapticIntelligencePlugin(1.0, ["a", "b"])
    assert (old.eps, old.excluded_parameters) == (0.1, {"a", "b"})
    third = SynapticIntelligencePlugin(1.0, ["a"], "cpu")
    assert third.device(SimpleNamespace(device="cuda")) == "cpu"
    assert SynapticIntelligencePlugin(1.0, None).excluded_parameters == set()
    with pytest.raises(TypeError, match="excluded_parameters=.* is given as well"):
        SynapticIntelligencePlugin(1.0, ["a"], ["b"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"si_lambda": -1.0}, ValueError, "si_lambda=-1.0: expected a strength of 0 or more"),
        ({"si_lambda": []}, ValueError, "si_lambda=.*: expected a strength of 0 or more"),
        ({"si_lambda": [1.0, "x"]}, ValueError, "si_lambda=.*a list with one per experience"),
        ({"si_lambda": "much"}, TypeError, "si_lambda='much': expected a number"),
        ({"si_lambda": 1.0, "eps": 0.0}, ValueError, "eps=0.0: expected a number above 0"),
        ({"si_lambda": 1.0, "clip": "no"}, TypeError, "clip='no': expected a number above 0"),
        ({"si_lambda": 1.0, "excluded_parameters": "a"}, TypeError, "write .'a'."),
    ],
    ids=["negative", "empty", "text in list", "text", "eps", "clip", "one name"],
)
def test_wrong_options(options, error, message):
    with pytest.raises(error, match=message):
        SynapticIntelligencePenalty(**options)


def test_steps_out_of_order_are_named():
    si, model = SynapticIntelligencePenalty(1.0), nn.Linear(2, 2)
    for step in (si.before_step, lambda m: si.post_adapt(SimpleNamespace(model=m), "e")):
        with pytest.raises(RuntimeError, match="call pre_adapt.agent, experience. first"):
            step(model)


def test_divergence_and_scaled_losses_are_refused():
    si, model = SynapticIntelligencePenalty(1.0), nn.Linear(2, 2)
    agent = SimpleNamespace(model=model)
    si.pre_adapt(agent, "e")
    with torch.no_grad():
        model.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="training has diverged; lower the learning rate"):
        si.post_adapt(agent, "e")
    half = SimpleNamespace(updates=SimpleNamespace(precision="fp16"))
    with pytest.raises(ValueError, match="precision='fp16': updates whose scaled"):
        SynapticIntelligencePlugin(1.0).before_training(half)


def test_penalties_record_only_while_si_listens():
    """No gradient is held for nobody."""
    plugins = [SynapticIntelligencePlugin(1.0), EWCPlugin(1.0), MASPlugin(0.01), LwFPlugin()]
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=plugins, **k))
    learn(strategy, streams.class_incremental())
    assert [p.quadratic.recorded for p in plugins[:3]] == [None] * 3
    penalty = QuadraticPenalty()
    penalty.add({"weight": torch.ones(1, 1)}, {"weight": torch.zeros(1, 1)})
    penalty.recorded = {}
    model = nn.Linear(1, 1, bias=False)
    for _ in range(2):
        (penalty(model) * 0.5).backward()
    assert penalty.recorded["weight"].equal(model.weight.grad)


@pytest.mark.parametrize("place", ["before", "after", "strategy"])
def test_gradients_are_seen_before_another_plugin_changes_them(place):
    class Doubles(SupervisedPlugin):
        def after_backward(self, strategy, **kwargs):
            for p in strategy.model.parameters():
                p.grad.mul_(2)

    benchmark, doubles = streams.class_incremental(), Doubles()
    model = mlp()
    expected = copy.deepcopy(model)
    si = SynapticIntelligencePlugin(0.0, EPS)
    options = {"train_mb_size": 8, "evaluator": None}
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    if place == "strategy":
        strategy = SynapticIntelligence(
            model, optimizer, None, 0.0, EPS, plugins=[doubles], **options
        )
    else:
        plugins = [doubles, si] if place == "after" else [si, doubles]
        strategy = Naive(model, optimizer, plugins=plugins, **options)
    experience = benchmark.train_stream[0]
    strategy.train(experience, shuffle=False)
    path = [torch.zeros_like(p) for p in expected.parameters()]
    start = [p.detach().clone() for p in expected.parameters()]
    for x, y in batches(experience):
        loss = F.cross_entropy(expected(x), y)
        found = torch.autograd.grad(loss, list(expected.parameters()))
        for so_far, p, g in zip(path, expected.parameters(), found, strict=True):
            so_far += g * LR * 2 * g
            p.data -= LR * 2 * g
    plugin = next(p for p in strategy.plugins if isinstance(p, SynapticIntelligencePlugin))
    for (name, p), moved, begin in zip(expected.named_parameters(), path, start, strict=True):
        omega = moved / ((p.detach() - begin) ** 2 + EPS)
        torch.testing.assert_close(plugin.ewc_data[1][name], omega, rtol=1e-3, atol=1e-5)
