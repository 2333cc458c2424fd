"""EWC: Fisher information, the quadratic form, the penalty in training."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from unusual_linear import COMPUTED, mlp

from avalanche.benchmarks import split_online_stream
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
from avalanche.models import MTSimpleMLP, avalanche_model_adaptation
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import EWC, Naive
from avalanche.training.plugins import EWCPlugin
from avalanche.training.regularization import (
    ElasticWeightConsolidation,
    QuadraticPenalty,
    diagonal_fisher,
    per_sample,
)


def dataset(count=13, features=5, classes=4):
    x = torch.randn(count, features)
    return _make_taskaware_tensor_classification_dataset(x, torch.arange(count) % classes)


def fisher_by_hand(model, data):
    """Mean of squared gradients, one sample and one backward pass at a time."""
    total = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    for i in range(len(data)):
        x, y, *_ = data[i]
        model.zero_grad()
        F.cross_entropy(model(x[None]), torch.tensor([y])).backward()
        for n, p in model.named_parameters():
            total[n] += p.grad**2 / len(data)
    model.zero_grad()
    return total


class SharedLayer(nn.Module):
    """A layer used twice: the sum over its uses is squared, not the uses."""

    def __init__(self):
        super().__init__()
        self.first, self.loop, self.last = nn.Linear(5, 6), nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, x):
        x = self.loop(torch.relu(self.first(x)))
        return self.last(self.loop(torch.relu(x)))


def hooked():
    """A layer whose hook answers something else than its linear map."""
    model = mlp()
    model[2].register_forward_hook(lambda layer, inputs, output: F.normalize(output, dim=-1))
    return model


@pytest.mark.parametrize(
    "make",
    [
        *COMPUTED.values(),
        mlp,
        lambda: mlp(nn.ReLU(inplace=True)),
        lambda: mlp(nn.LayerNorm(6)),
        lambda: mlp(nn.BatchNorm1d(6)),
        SharedLayer,
        hooked,
    ],
    ids=[
        *COMPUTED,
        "linear layers",
        "in-place activation",
        "layer norm",
        "batch norm",
        "shared layer",
        "hook",
    ],
)
def test_fisher_is_the_mean_of_squared_per_sample_gradients(make):
    model, data = make(), dataset()
    model.train()
    found = diagonal_fisher(model, data, sampled=False, batch_size=4)
    assert model.training
    expected = fisher_by_hand(model.eval(), data)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-7)


def test_linear_layers_are_taken_apart_and_computed_weights_are_not(monkeypatch):
    """The fast way is taken where it is right."""
    taken = []
    real = per_sample.add_by_layer
    monkeypatch.setattr(
        per_sample, "add_by_layer", lambda *a, **k: taken.append(real(*a, **k)) or taken[-1]
    )
    diagonal_fisher(mlp(), dataset(), batch_size=4)
    assert taken == [True] * 4
    taken.clear()
    for make in COMPUTED.values():
        diagonal_fisher(make(), dataset(), batch_size=4)
    assert taken == [False] * 2  # tried once by each of the first two


@pytest.mark.parametrize("make", [mlp, lambda: mlp(nn.LayerNorm(6))])
def test_fisher_does_not_depend_on_the_batch_size(make):
    """Row 8: the square of a batch's mean gradient would shrink with the batch."""
    model, data = make(), dataset()
    ones = diagonal_fisher(model, data, sampled=False, batch_size=1)
    for size in (3, 13, 100):
        many = diagonal_fisher(model, data, sampled=False, batch_size=size)
        for name in ones:
            torch.testing.assert_close(many[name], ones[name], rtol=1e-4, atol=1e-8)


def test_sampled_labels_give_the_fisher_information():
    """With labels drawn from the model the mean approaches the expectation over all labels."""
    model = mlp().eval()
    data = dataset(40)
    expected = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    for i in range(len(data)):
        x = data[i][0][None]
        for label, p in enumerate(model(x).softmax(1)[0].tolist()):
            gradients = torch.autograd.grad(
                F.cross_entropy(model(x), torch.tensor([label])), list(model.parameters())
            )
            for n, g in zip(expected, gradients, strict=True):
                expected[n] += p * g**2 / len(data)
    draws = [diagonal_fisher(model, data) for _ in range(300)]
    for name, value in expected.items():
        mean = torch.stack([d[name] for d in draws]).mean(0)
        torch.testing.assert_close(mean, value, rtol=0.1, atol=0.02 * value.max().item())


def test_fisher_leaves_the_model_alone():
    """Running statistics do not move, no gradient stays, every mode comes back."""
    model = mlp(nn.BatchNorm1d(6), nn.Dropout(0.5)).train()
    model[0].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    diagonal_fisher(model, dataset())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert [m.training for m in model] == [False, True, True, True]
    assert all(p.grad is None for p in model.parameters())


def test_fisher_of_a_multi_head_model_uses_each_sample_s_head():
    model = MTSimpleMLP(input_size=5, hidden_size=6)
    for task in (0, 1):
        exp = SimpleNamespace(classes_in_this_experience=[0, 1], task_labels=[task])
        avalanche_model_adaptation(model, exp)
    x, y, t = torch.randn(9, 5), torch.arange(9) % 2, (torch.arange(9) // 2) % 2
    data = _make_taskaware_tensor_classification_dataset(x, y, task_labels=t.tolist())
    found = diagonal_fisher(model, data, sampled=False, batch_size=4)
    model.eval()
    expected = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    for i in range(9):
        model.zero_grad()
        F.cross_entropy(model(x[i : i + 1], int(t[i])), y[i : i + 1]).backward()
        for n, p in model.named_parameters():
            expected[n] += (p.grad if p.grad is not None else 0 * p) ** 2 / 9
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-8)


def terms(count):
    """Random importances and weights of several experiences."""
    shapes = {"0.weight": (6, 5), "0.bias": (6,), "2.weight": (4, 6), "2.bias": (4,)}
    importances = [{n: torch.rand(*s) for n, s in shapes.items()} for _ in range(count)]
    values = [{n: torch.randn(*s) for n, s in shapes.items()} for _ in range(count)]
    return importances, values


def by_hand(model, importances, values):
    return sum(
        (f[n] * (p - v[n]) ** 2).sum()
        for f, v in zip(importances, values, strict=True)
        for n, p in model.named_parameters()
    )


def test_the_quadratic_form_equals_the_sum_of_terms():
    model = mlp()
    importances, values = terms(5)
    penalty = QuadraticPenalty()
    for f, v in zip(importances, values, strict=True):
        penalty.add(f, v)
    expected = by_hand(model, importances, values)
    torch.testing.assert_close(penalty(model), expected, rtol=1e-4, atol=1e-4)
    gradients = torch.autograd.grad(expected, list(model.parameters()))
    found = torch.autograd.grad(penalty(model) * 1.0, list(model.parameters()))
    for a, b in zip(found, gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_its_size_does_not_grow_with_the_number_of_terms():
    penalty = QuadraticPenalty()
    sizes = []
    importances, values = terms(6)
    for f, v in zip(importances, values, strict=True):
        penalty.add(f, v)
        sizes.append(sum(t.numel() for d in (penalty.weights, penalty.centers) for t in d.values()))
    assert len(set(sizes)) == 1


def test_a_grown_layer_is_penalized_in_its_old_block():
    small, large = nn.Linear(3, 2), nn.Linear(3, 4)
    penalty = QuadraticPenalty()
    ones = {n: torch.ones_like(p) for n, p in small.named_parameters()}
    penalty.add(ones, {n: torch.zeros_like(p) for n, p in small.named_parameters()})
    expected = large.weight[:2].square().sum() + large.bias[:2].square().sum()
    torch.testing.assert_close(penalty(large), expected)
    penalty.add(
        {n: torch.ones_like(p) for n, p in large.named_parameters()},
        {n: p.detach() for n, p in large.named_parameters()},
    )
    torch.testing.assert_close(penalty(large), expected)


def test_the_penalty_is_half_lambda_times_the_sum():
    """Kirkpatrick et al., eq. 3."""
    ewc, model = ElasticWeightConsolidation(ewc_lambda=3.0), mlp()
    importances, values = terms(2)
    for f, v in zip(importances, values, strict=True):
        with torch.no_grad():
            for n, p in model.named_parameters():
                p.copy_(v[n])
        ewc.consolidate(model, f)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.5)
    expected = 1.5 * by_hand(model, importances, values)
    torch.testing.assert_close(ewc(model), expected, rtol=1e-4, atol=1e-4)


def test_online_mode_decays_and_anchors_the_latest_weights():
    ewc = ElasticWeightConsolidation(2.0, mode="online", decay_factor=0.5)
    model = mlp()
    importances, values = terms(3)
    for f, v in zip(importances, values, strict=True):
        with torch.no_grad():
            for n, p in model.named_parameters():
                p.copy_(v[n])
        ewc.consolidate(model, f)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3)
    decayed = {
        n: 0.25 * importances[0][n] + 0.5 * importances[1][n] + importances[2][n]
        for n in importances[0]
    }
    expected = by_hand(model, [decayed], [values[2]])
    torch.testing.assert_close(ewc(model), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"mode": "online", "decay_factor": 0.9}])
def test_a_strong_penalty_holds_the_weights(options):
    """Once wrong elsewhere: a penalty that is always 0, or never applied in online mode."""
    benchmark = streams.domain_incremental()
    moves = {}
    for strength in (0.0, 1e3):
        strategy = build(
            lambda m, o, strength=strength, **k: EWC(m, o, None, strength, **options, **k)
        )
        # Plain gradient descent with a small step: a stiff quadratic must not overshoot.
        strategy.optimizer.param_groups[0].update(lr=1e-3, momentum=0.0)
        strategy.train(benchmark.train_stream[0])
        before = weights(strategy)["1.weight"]
        strategy.train_epochs = 30
        strategy.train(benchmark.train_stream[1])
        moves[strength] = (weights(strategy)["1.weight"] - before).norm().item()
    assert moves[1e3] < 0.7 * moves[0.0]


@pytest.mark.parametrize("keep", [False, True])
def test_importances_of_the_last_experience_are_kept_or_of_all(keep):
    benchmark, plugin = streams.class_incremental(), EWCPlugin(1.0, keep_importance_data=keep)
    learn(build(lambda m, o, **k: Naive(m, o, plugins=[plugin], **k)), benchmark)
    assert list(plugin.importances) == list(plugin.saved_params) == ([0, 1, 2] if keep else [2])
    if not keep:
        with pytest.raises(KeyError, match="experience 0 nothing is kept.*keep_importance_data"):
            plugin.importances[0]


def test_importances_of_online_mode_are_the_decayed_sum():
    plugin, model = EWCPlugin(1.0, "online", 0.5), mlp()
    parts = terms(3)[0]
    for t, importances in enumerate(parts):
        plugin.compute_importances(model, nn.CrossEntropyLoss(), None, dataset(), "cpu", 4)
        plugin.update_importances(importances, t)
    assert list(plugin.importances) == [2]
    for name, value in plugin.importances[2].items():
        expected = 0.25 * parts[0][name] + 0.5 * parts[1][name] + parts[2][name]
        torch.testing.assert_close(value, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ewc_lambda": -1.0}, "ewc_lambda=-1.0: expected"),
        ({"ewc_lambda": float("nan")}, "ewc_lambda=nan: expected"),
        ({"ewc_lambda": 1.0, "mode": "on"}, "mode='on': expected 'separate' or 'online'"),
        ({"ewc_lambda": 1.0, "mode": "online"}, "decay_factor=None: online mode needs"),
        ({"ewc_lambda": 1.0, "decay_factor": 0.5}, "separate mode does not decay"),
        ({"ewc_lambda": 1.0, "fisher": "exact"}, "fisher='exact': expected one of"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        ElasticWeightConsolidation(**options)


def test_a_diverged_model_is_named_as_such():
    model = mlp()
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="training has diverged; lower the learning rate"):
        diagonal_fisher(model, dataset())


class Recurrent(nn.Module):
    """Reads its five features as a sequence."""

    def __init__(self, kind):
        super().__init__()
        self.rnn, self.last = kind(1, 6, batch_first=True), nn.Linear(6, 4)

    def forward(self, x):
        return self.last(self.rnn(x.unsqueeze(-1))[0][:, -1])


class Branching(nn.Module):
    """Does what vmap cannot follow: a branch on values, and a buffer written in forward."""

    def __init__(self):
        super().__init__()
        self.first, self.last, self.scale = nn.Linear(5, 6), nn.Linear(6, 4), nn.LayerNorm(6)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        hidden = self.scale(self.first(x))
        return self.last(hidden if x.sum() > 0 else -hidden)


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv1d(1, 3, 2), nn.Linear(12, 4)

    def forward(self, x):
        return self.last(torch.relu(self.conv(x.unsqueeze(1))).flatten(1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Recurrent(nn.GRU),
        lambda: Recurrent(nn.RNN),
        lambda: Recurrent(nn.LSTM),
        Branching,
        Convolutional,
    ],
    ids=["gru", "rnn", "lstm", "branching", "convolution"],
)
def test_fisher_of_models_that_are_no_plain_mlp(make):
    """Row 9 and its like: recurrent layers, control flow, convolutions."""
    model, data = make(), dataset()
    found = diagonal_fisher(model, data, sampled=False, batch_size=4)
    for name, value in fisher_by_hand(model.eval(), data).items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-7)


def test_class_weights_have_no_place_in_the_fisher_information():
    model, data = mlp(), dataset()
    found = []
    for criterion in (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(torch.full((4,), 10.0))):
        torch.manual_seed(0)
        ewc = ElasticWeightConsolidation(1.0)
        found.append(ewc.compute_importances(model, criterion, data, "cpu", 8))
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value)


def test_the_empirical_fisher_is_of_the_given_criterion():
    model, data = mlp().eval(), dataset()
    criterion = nn.CrossEntropyLoss(label_smoothing=0.2, ignore_index=1)
    found = diagonal_fisher(model, data, criterion=criterion, sampled=False)
    total = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    for i in range(len(data)):
        x, y, *_ = data[i]
        if y == 1:
            continue
        gradients = torch.autograd.grad(
            criterion(model(x[None]), torch.tensor([y])), list(model.parameters())
        )
        for n, g in zip(total, gradients, strict=True):
            total[n] += g**2 / len(data)
    for name, value in total.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-8)


def test_update_importances_takes_them_in_around_the_weights_of_their_computation():
    """Seed 004's two methods, in its order and by a subclass."""
    plugin, model = EWCPlugin(2.0, keep_importance_data=True), mlp()
    assert (plugin.mode, plugin.decay_factor) == ("separate", None)
    assert plugin.keep_importance_data
    with pytest.raises(RuntimeError, match="call compute_importances.model, .... before"):
        plugin.update_importances({}, 0)
    plugin.compute_importances(model, nn.CrossEntropyLoss(), None, dataset(), "cpu", 4)
    anchor = {n: p.detach().clone() for n, p in model.named_parameters()}
    given = terms(1)[0][0]
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.5)
    plugin.update_importances(given, 7)
    torch.testing.assert_close(plugin.ewc(model), by_hand(model, [given], [anchor]))
    assert list(plugin.importances) == list(plugin.saved_params) == [7]
    with pytest.raises(ValueError, match="importances of .'no'.: the model has no such"):
        plugin.update_importances({"no": torch.ones(1)}, 8)


def test_a_subclass_can_choose_the_importances():
    class Uniform(EWCPlugin):
        def compute_importances(self, model, *args, **kwargs):
            return {n: torch.ones_like(p) for n, p in model.named_parameters()}

    plugin = Uniform(1.0)
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[plugin], **k))
    learn(strategy, streams.class_incremental())
    assert all((t == 3).all() for t in plugin.quadratic.weights.values())


def test_the_parts_of_an_online_stream_are_one_experience_where_boundaries_are_known():
    benchmark, found = streams.class_incremental(), []
    online = split_online_stream(
        benchmark.train_stream, 8, shuffle=False, access_task_boundaries=True
    )
    for stream in (benchmark.train_stream, online):
        model = nn.Sequential(nn.Linear(streams.FEATURES, streams.CLASSES))
        nn.init.zeros_(model[0].weight)
        nn.init.zeros_(model[0].bias)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        strategy = EWC(
            model, optimizer, None, 5.0, train_mb_size=8, evaluator=None, fisher="empirical"
        )
        for experience in stream:
            strategy.train(experience, shuffle=False)
        assert strategy.plugins[0].ewc.experiences == 3
        found.append((strategy.plugins[0].quadratic.weights["0.weight"], model[0].weight))
    torch.testing.assert_close(found[0], found[1])


def test_without_boundaries_every_part_is_an_experience():
    online = split_online_stream(streams.class_incremental().train_stream, 20)
    strategy = build(lambda m, o, **k: EWC(m, o, None, 5.0, **k))
    strategy.train(online)
    assert strategy.plugins[0].ewc.experiences == 6


def test_batch_importances_are_those_of_avalanche_lib_0_6():
    """Squares of the mean gradients of the training batches; they shrink with the batch."""
    model, data = mlp().eval(), dataset(12)
    x, y, *_ = data.batch(range(12))
    sums = []
    for size in (4, 12):
        plugin = EWCPlugin(1.0, fisher="batch")
        agent = SimpleNamespace(model=model, train_mb_size=size, device="cpu")
        found = plugin.ewc.compute_importances(
            model, nn.CrossEntropyLoss(), data, "cpu", plugin.ewc.batch_size(agent)
        )
        total = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
        for a, b in zip(x.split(size), y.split(size), strict=True):
            loss = F.cross_entropy(model(a), b)
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            for n, g in zip(total, gradients, strict=True):
                total[n] += g**2 * size / 12
        for n, expected in total.items():
            torch.testing.assert_close(found[n], expected, rtol=1e-4, atol=1e-8)
        sums.append(sum(t.sum() for t in found.values()))
    assert sums[1] < sums[0]
    strategy = build(lambda m, o, **k: EWC(m, o, None, 1.0, fisher="batch", **k))
    learn(strategy, streams.class_incremental())
    assert strategy.plugins[0].ewc.batch_size(strategy) == 8
