"""GEM and A-GEM: the projections against independent solutions, and what happens around them."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import Naive
from avalanche.training.plugins.agem import AGEMPlugin
from avalanche.training.plugins.gem import GEMPlugin
from avalanche.training.regularization.agem import AverageGradientEpisodicMemory
from avalanche.training.regularization.gem import GradientEpisodicMemory, solve_dual
from avalanche.training.supervised.agem import AGEM
from avalanche.training.supervised.gem import GEM

PLUGINS = {"AGEM": lambda: AGEMPlugin(10, 8), "GEM": lambda: GEMPlugin(10, 0.5)}
each_plugin = pytest.mark.parametrize("make", PLUGINS.values(), ids=PLUGINS)


def flat(tensors):
    return torch.cat([t.flatten() for t in tensors])


def primal_by_slsqp(gradients, g):
    """The nearest vector that agrees with all rows, by a general solver on the primal problem."""
    found = minimize(
        lambda z: 0.5 * ((z - g) ** 2).sum(),
        np.zeros_like(g),
        jac=lambda z: z - g,
        constraints={"type": "ineq", "fun": lambda z: gradients @ z, "jac": lambda z: gradients},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return found.x


@pytest.mark.parametrize("decades", [0, 4], ids=["alike", "of-four-decades"])
@pytest.mark.parametrize("experiences", [1, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_gem_projection_equals_a_general_solver(experiences, seed, decades):
    """Rows of any length: an experience that is long learnt has a small gradient."""
    random = np.random.default_rng(seed)
    gradients, g = random.normal(size=(experiences, 12)), random.normal(size=12)
    expected = primal_by_slsqp(gradients, g)  # the lengths of rows mean nothing to a constraint
    gem = GradientEpisodicMemory(1, memory_strength=0)
    lengths = 10.0 ** -np.linspace(0, decades, experiences)[:, None]
    gem.G = torch.from_numpy(gradients * lengths).float()
    found = gem.solve(torch.from_numpy(g).float()).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_gem_margin_counts_in_the_units_of_each_gradient():
    """Orthogonal rows, each by itself: v is the margin or what the constraint asks for."""
    gradients = np.diag([1.0, 1e-2, 1e-4])
    v = solve_dual(gradients @ gradients.T, gradients @ np.array([-2.0, 1.0, -1.0]), 0.5)
    np.testing.assert_allclose(v, [2.0, 0.5, 1e4])


@pytest.mark.parametrize("margin", [0.0, 0.5])
@pytest.mark.parametrize("rank", [1, 3, 6])
def test_gem_dual_satisfies_its_optimality_conditions(margin, rank):
    """v >= margin, the slope Pv + c >= 0, and one of the two is tight in every entry."""
    random = np.random.default_rng(rank)
    gradients = random.normal(size=(6, rank)) @ random.normal(size=(rank, 20))
    g = random.normal(size=20)
    gram, products = gradients @ gradients.T, gradients @ g
    v = solve_dual(gram, products, margin)
    slope = gram @ v + products
    tolerance = 1e-8 * np.abs(gram).max()
    assert (v >= margin).all()
    assert (slope >= -tolerance).all()
    assert np.abs((v - margin) * slope).max() < tolerance


def test_gem_dual_of_zero_gradients_is_the_margin():
    assert solve_dual(np.zeros((2, 2)), np.zeros(2), 0.3).tolist() == [0.3, 0.3]


def test_gem_leaves_gradients_that_agree_alone():
    model = nn.Linear(3, 1, bias=False)
    model.weight.grad = torch.tensor([[1.0, 2.0, 3.0]])
    gem = GradientEpisodicMemory(1, 0.5)
    gem.G = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    gem.project([model.weight])
    assert model.weight.grad.tolist() == [[1.0, 2.0, 3.0]]


def scalar(values):
    return nn.Parameter(torch.tensor(values[0]))


def matrix(values):
    return nn.Parameter(torch.tensor(values).view(2, 2))


def transposed(values):
    parameter = matrix(values)
    parameter.grad = torch.empty(2, 2).T  # a layout in memory that is not the parameter's
    return parameter


@pytest.mark.parametrize("kinds", [(scalar, matrix), (transposed, scalar), (matrix,)])
def test_gem_projects_gradients_of_any_shape_and_layout(kinds):
    random = np.random.default_rng(0)
    sizes = [1 if kind is scalar else 4 for kind in kinds]
    gradients, g = random.normal(size=(3, sum(sizes))), random.normal(size=sum(sizes))
    gem = GradientEpisodicMemory(1, memory_strength=0)
    for number in range(3):
        gem.memory.add(TensorDataset(torch.tensor([[float(number)]]), torch.tensor([number])))
    parameters = [kind([0.0] * size) for kind, size in zip(kinds, sizes, strict=True)]
    pieces = torch.from_numpy(g).float().split(sizes)
    for parameter, piece in zip(parameters, pieces, strict=True):
        if parameter.grad is None:
            parameter.grad = torch.empty_like(parameter)
        parameter.grad.copy_(piece.view_as(parameter))

    def loss_of(batch):  # linear, with the gradient of its experience
        row = torch.from_numpy(gradients[int(batch[1])]).float().split(sizes)
        return sum((p * r.view_as(p)).sum() for p, r in zip(parameters, row, strict=True))

    gem(parameters, loss_of)
    found = torch.cat([p.grad.flatten() for p in parameters])
    np.testing.assert_allclose(found, primal_by_slsqp(gradients, g), atol=1e-5)


def test_gem_projects_by_gradients_that_were_set():
    """As scripts of 0.6 may do, on a model of several parameters."""
    torch.manual_seed(0)
    model, gem = nn.Linear(3, 2), GradientEpisodicMemory(8, memory_strength=0)
    gem.memory.add(TensorDataset(torch.randn(8, 3), torch.arange(8) % 2))
    parameters = list(model.parameters())
    loss_of = lambda batch: F.cross_entropy(model(batch[0]), batch[1])  # noqa: E731
    gem.look_back(parameters, loss_of)
    row = torch.arange(8.0) - 3
    gem.G = row[None]
    for parameter, g in zip(parameters, (-torch.ones(2, 3), -torch.ones(2)), strict=True):
        parameter.grad = g
    gem.project(parameters)
    expected = -torch.ones(8) + row.sum() / (row @ row) * row  # the closed form of one row
    torch.testing.assert_close(flat(p.grad for p in parameters), expected)


@pytest.mark.parametrize("idle", ["from-the-start", "later"])
def test_gem_takes_nothing_from_a_loss_that_a_parameter_has_no_part_in(idle):
    """Neither a gradient of zeros, which weight decay would act on, nor one of an update before."""
    used, other = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    gem = GradientEpisodicMemory(1, memory_strength=0)
    gem.memory.add(TensorDataset(torch.ones(1, 2), torch.zeros(1)))
    if idle == "later":
        gem.look_back([used, other], lambda batch: (batch[0] * (used + other)).sum())
    used.grad = torch.tensor([-3.0, -1.0])
    gem([used, other], lambda batch: (batch[0] * used).sum())
    assert used.grad.tolist() == [-1.0, 1.0]  # on the plane of what is remembered, (1, 1)
    assert other.grad is None


def test_gem_is_as_exact_with_many_small_parameters_of_sixteen_bits():
    torch.manual_seed(0)
    rows, g = torch.randn(3, 64 * 200).bfloat16(), torch.randn(64 * 200).bfloat16()
    gem = GradientEpisodicMemory(1)
    gem._rows = list(rows.split(64, 1))
    exact = rows.double() @ g.double()
    found = torch.from_numpy(gem._products(g.split(64)))
    assert (found - exact).norm() < 2e-3 * exact.norm()


@each_plugin
def test_gradients_are_corrected_where_they_are(make):
    """Others may hold them: buckets of several processes, graphs of a device."""
    strategy, _, _ = trained(make())
    model, method = strategy.model, strategy.plugins[0].method
    loss_of = lambda batch: F.cross_entropy(model(batch[0]), batch[1])  # noqa: E731
    parameters = list(model.parameters())
    found = torch.autograd.grad(loss_of(method.memory.batch(0, "cpu")), parameters)
    held = [-g for g in found]  # against what is remembered, so that a correction is due
    for parameter, g in zip(parameters, held, strict=True):
        parameter.grad = g
    method(parameters, loss_of)
    assert all(p.grad is g for p, g in zip(parameters, held, strict=True))
    assert flat(held).norm() < flat(found).norm() / 2


def test_gem_on_gradients_that_are_not_finite_says_that_training_diverged():
    gem = GradientEpisodicMemory(1, 0.5)
    gem.G = torch.tensor([[1.0, float("nan")], [1.0, 0.0]])
    with pytest.raises(FloatingPointError, match="training has diverged"):
        gem.solve(torch.tensor([-1.0, 0.0]))


class Recorder(SupervisedPlugin):
    """Batches, weights before and gradients at every update."""

    def __init__(self):
        self.raw, self.updates = [], []

    def before_backward(self, strategy, **kwargs):
        parameters = list(strategy.model.parameters())
        found = torch.autograd.grad(strategy.loss, parameters, retain_graph=True)
        self.raw.append(flat(found))

    def before_update(self, strategy, **kwargs):
        self.updates.append(flat([p.grad for p in strategy.model.parameters()]).clone())


def trained(plugin, kind="plain", **options):
    """Two experiences of a linear model under a plugin, and what was recorded in the second."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    recorder = Recorder()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Naive(
        model,
        optimizer,
        train_mb_size=8,
        evaluator=None,
        plugins=[plugin, recorder],
        **options,
    )
    stream = streams.class_incremental().train_stream
    strategy.train(stream[0])
    recorder.raw, recorder.updates = [], []
    return strategy, stream[1], recorder


def by_hand(method, model, experience, memory, steps, strength=0.5):
    """Updates of plain SGD with the paper's correction, on the memory as a single batch."""
    model = copy.deepcopy(model)
    parameters = list(model.parameters())
    x_ref, y_ref = memory
    found = []
    data = experience.dataset
    for step in range(steps):
        x, y, *_ = data.batch(range(8 * step, 8 * step + 8))
        g = flat(torch.autograd.grad(F.cross_entropy(model(x), y), parameters))
        ref = flat(torch.autograd.grad(F.cross_entropy(model(x_ref), y_ref), parameters))
        if g @ ref < 0:
            if method == "AGEM":
                g = g - (g @ ref) / (ref @ ref) * ref
            else:  # one constraint: the dual has a closed form
                g = g + max(strength, float(-(g @ ref) / (ref @ ref))) * ref
        found.append(g)
        with torch.no_grad():
            for p, piece in zip(parameters, g.split([p.numel() for p in parameters]), strict=True):
                p -= 0.1 * piece.view_as(p)
    return found


@pytest.mark.parametrize("name", PLUGINS)
def test_updates_in_the_loop_equal_those_by_hand(name):
    plugin = {"AGEM": AGEMPlugin(10, 64), "GEM": GEMPlugin(10, 0.5)}[name]
    strategy, experience, recorder = trained(plugin)
    memory = plugin.memory_x[0], plugin.memory_y[0]
    before = copy.deepcopy(strategy.model)
    strategy.train(experience, shuffle=False)
    expected = by_hand(name, before, experience, memory, steps=5)
    pairs = zip(recorder.raw, recorder.updates, strict=True)
    assert any((a - b).abs().max() > 1e-4 for a, b in pairs)
    for got, want in zip(recorder.updates, expected, strict=True):
        torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-4)


def test_agem_is_one_projection_over_all_parameters():
    """Per parameter tensor, or per layer, it would be another vector."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    random = torch.Generator().manual_seed(0)
    parameters = list(model.parameters())
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=random)
    g = flat([p.grad for p in parameters])
    reference = -g + torch.randn(g.shape, generator=random)
    agem = AverageGradientEpisodicMemory(1, 1)
    agem.reference, agem._used = reference, [True] * 4
    agem.project(parameters)
    got = flat([p.grad for p in parameters])
    torch.testing.assert_close(got, g - (g @ reference) / (reference @ reference) * reference)
    assert abs(float(got @ reference)) < 1e-4


@each_plugin
def test_the_memory_leaves_no_gradient_behind(make):
    """Looking back fills no ``.grad``; the update is the corrected gradient and nothing else."""
    strategy, experience, _ = trained(make())
    seen = []

    class Look(SupervisedPlugin):
        def before_forward(self, strategy, **kwargs):
            seen.extend(p.grad for p in strategy.model.parameters())

    strategy.add_plugin(Look())
    strategy.train(experience)
    assert seen
    assert all(gradient is None for gradient in seen)


@each_plugin
def test_accumulated_batches_are_corrected_as_one(make):
    """The mean of the batches' gradients is corrected once, the rest of an epoch included."""
    plugin = make()
    strategy, experience, recorder = trained(plugin, accumulate=2)
    calls = []
    project = plugin.method.project
    plugin.method.project = lambda p: (calls.append(flat([q.grad for q in p])), project(p))
    strategy.train(experience, shuffle=False)
    assert len(recorder.raw) == 5
    means = [(recorder.raw[0] + recorder.raw[1]) / 2, (recorder.raw[2] + recorder.raw[3]) / 2]
    for got, want in zip(calls, [*means, recorder.raw[4]], strict=True):
        torch.testing.assert_close(got, want)


@each_plugin
def test_clipping_comes_after_the_correction(make):
    strategy, experience, recorder = trained(make(), clip_grad_norm=1e-3)
    after = []

    class Norm(SupervisedPlugin):
        def after_update(self, strategy, **kwargs):
            after.append(flat([p.grad for p in strategy.model.parameters()]))

    strategy.add_plugin(Norm())
    strategy.train(experience)
    assert len(after) == len(recorder.updates) == 5
    for clipped, corrected in zip(after, recorder.updates, strict=True):
        assert clipped.norm() == pytest.approx(1e-3, rel=1e-3)
        cosine = F.cosine_similarity(clipped, corrected, dim=0)
        assert cosine == pytest.approx(1.0, abs=1e-5)


@each_plugin
def test_half_precision_keeps_gradients_of_the_weights_own_type(make):
    """The model answers in 16 bits, for patterns as for the batch; gradients are in 32."""
    plugin = make()
    strategy, experience, recorder = trained(plugin, precision="bf16")
    for_patterns, answers = [], {True: set(), False: set()}
    look_back = plugin.method.look_back

    def watched(*args):
        for_patterns.append(True)
        look_back(*args)
        for_patterns.clear()

    plugin.method.look_back = watched
    strategy.model.register_forward_hook(
        lambda module, args, output: answers[bool(for_patterns)].add(output.dtype)
    )
    strategy.train(experience)
    assert answers == {True: {torch.bfloat16}, False: {torch.bfloat16}}
    assert all(g.dtype == torch.float32 and g.isfinite().all() for g in recorder.updates)


def test_sixteen_bits_of_accumulated_batches_are_refused(monkeypatch):
    strategy, experience, _ = trained(AGEMPlugin(10, 8), accumulate=2)
    monkeypatch.setattr(strategy.updates, "precision", "fp16")
    with pytest.raises(ValueError, match="precision='fp16', accumulate=2"):
        strategy.train(experience)


@each_plugin
def test_frozen_and_left_out_parameters_are_no_part_of_the_vector(make):
    """Only what the optimizer trains counts in the dot product."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(streams.FEATURES, 5), nn.Linear(5, 5), nn.Linear(5, streams.CLASSES)
    )
    model[1].requires_grad_(False)
    trainable = [*model[1].parameters(), *model[3].parameters()]
    plugin = make()
    optimizer = torch.optim.SGD(trainable, lr=0.1)
    strategy = Naive(model, optimizer, train_mb_size=8, evaluator=None, plugins=[plugin])
    middle = model[2].weight.clone()
    widths = []
    project = plugin.method.project
    plugin.method.project = lambda p: (widths.append(sum(q.numel() for q in p)), project(p))
    for experience in streams.class_incremental().train_stream[:2]:
        strategy.train(experience)
    assert set(widths) == {sum(p.numel() for p in model[3].parameters())}
    assert torch.equal(model[2].weight, middle)


def test_modes_that_the_user_chose_stay():
    """The memory is read by the model as it stands; nothing is switched to and fro."""
    strategy = build(lambda m, o, **k: GEM(m, o, None, 5, **k))
    experiences = streams.class_incremental().train_stream
    strategy.train(experiences[0])
    norm = strategy.model[2]
    modes = []

    class Freeze(SupervisedPlugin):
        def before_training_exp(self, strategy, **kwargs):
            norm.eval()

        def after_training_iteration(self, strategy, **kwargs):
            modes.append([m.training for m in strategy.model])

    strategy.add_plugin(Freeze())
    mean = norm.running_mean.clone()
    strategy.train(experiences[1])
    assert all(mode == [True, True, False, True, True, True] for mode in modes)
    assert torch.equal(norm.running_mean, mean)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True])
def test_wrong_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match="patterns_per_experience"):
        GEMPlugin(wrong, 0.5)
    with pytest.raises(ValueError, match="sample_size"):
        AGEMPlugin(5, wrong)


def test_wrong_strengths_are_refused():
    with pytest.raises(ValueError, match="memory_strength=-1"):
        GEMPlugin(5, -1)
    with pytest.raises(TypeError, match="memory_strength='1'"):
        GEMPlugin(5, "1")


def test_batches_of_another_form_are_refused():
    memory = AGEMPlugin(5, 5).method.memory
    with pytest.raises(TypeError, match="inputs and targets"):
        memory.add([torch.zeros(3)] * 4)
    with pytest.raises(ValueError, match="no batch"):
        memory.add(iter([]))


@pytest.mark.parametrize(
    ("strategy", "plugin"),
    [
        (lambda m, o, **k: AGEM(m, o, None, 10, 8, **k), "AGEM"),
        (lambda m, o, **k: GEM(m, o, None, 10, **k), "GEM"),
    ],
    ids=PLUGINS,
)
def test_the_strategy_is_the_loop_with_its_plugin(strategy, plugin):
    ends = []
    for factory in (strategy, lambda m, o, **k: Naive(m, o, plugins=[PLUGINS[plugin]()], **k)):
        made = build(factory)
        learn(made, streams.class_incremental())
        ends.append(weights(made))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
