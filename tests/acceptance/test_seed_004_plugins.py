"""Seed 004, the API reference of the plugins: every class, method and attribute."""

import importlib
import inspect
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader

import avalanche.training.plugins as plugins
from avalanche.benchmarks.classic import SplitMNIST
from avalanche.core.events import EVAL_EVENTS, TRAIN_EVENTS
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.models import SimpleMLP
from avalanche.training import Naive
from avalanche.training.plugins import (
    AGEMPlugin,
    ClassBalancedStoragePolicy,
    CoPEPlugin,
    CWRStarPlugin,
    EvaluationPlugin,
    EWCPlugin,
    ExperienceBalancedStoragePolicy,
    GDumbPlugin,
    GEMPlugin,
    LwFPlugin,
    PPPloss,
    ReplayPlugin,
    StoragePolicy,
    StrategyPlugin,
    SynapticIntelligencePlugin,
)

CALLBACKS = [event.name for event in TRAIN_EVENTS + EVAL_EVENTS]

# Class: submodule, constructor as documented, documented methods.
REFERENCE = {
    "AGEMPlugin": (
        "agem",
        "patterns_per_experience, sample_size",
        "before_training_iteration after_backward after_training_exp sample_from_memory "
        "update_memory",
    ),
    "CWRStarPlugin": (
        "cwr_star",
        "model, cwr_layer_name=None, freeze_remaining_model=True",
        "after_training_exp before_training_exp consolidate_weights set_consolidate_weights "
        "reset_weights get_cwr_layer freeze_other_layers",
    ),
    "EvaluationPlugin": (
        "evaluation",
        "*metrics, loggers=None, collect_all=True",
        "get_last_metrics get_all_metrics reset_last_metrics " + " ".join(CALLBACKS),
    ),
    "EWCPlugin": (
        "ewc",
        "ewc_lambda, mode='separate', decay_factor=None, keep_importance_data=False",
        "before_backward after_training_exp compute_importances update_importances",
    ),
    "GDumbPlugin": ("gdumb", "mem_size=200", "after_train_dataset_adaptation"),
    "GEMPlugin": (
        "gem",
        "patterns_per_experience, memory_strength",
        "before_training_iteration after_backward after_training_exp update_memory solve_quadprog",
    ),
    "LwFPlugin": ("lwf", "alpha=1, temperature=2", "penalty before_backward after_training_exp"),
    "ReplayPlugin": (
        "replay",
        "mem_size=200, storage_policy=None",
        "before_training_exp after_training_exp",
    ),
    "StoragePolicy": ("replay", "", "__call__"),
    "ClassBalancedStoragePolicy": (
        "replay",
        "ext_mem, mem_size, adaptive_size=True, total_num_classes=-1",
        "__call__ divide_remaining_samples cutoff_memory",
    ),
    "ExperienceBalancedStoragePolicy": (
        "replay",
        "ext_mem, mem_size, adaptive_size=True, num_experiences=-1",
        "subsample_single subsample_all_groups __call__",
    ),
    "StrategyPlugin": ("strategy_plugin", "", " ".join(CALLBACKS)),
    "SynapticIntelligencePlugin": (
        "synaptic_intelligence",
        "si_lambda, excluded_parameters=None, device='as_strategy'",
        "before_training_exp after_backward before_training_iteration after_training_iteration "
        "after_training_exp device create_syn_data extract_weights extract_grad init_batch "
        "pre_update post_update compute_ewc_loss update_ewc_data explode_excluded_parameters "
        "not_excluded_parameters allowed_parameters",
    ),
    "CoPEPlugin": (
        "cope",
        "mem_size=200, n_classes=10, p_size=100, alpha=0.99, T=0.1",
        "before_training before_training_exp after_forward after_training_exp after_eval_iteration",
    ),
    "PPPloss": ("cope", "p_mem, T=0.1", "__call__ attractor repellor"),
}


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_is_where_the_reference_has_it(name):
    submodule, _, methods = REFERENCE[name]
    cls = getattr(plugins, name)
    assert getattr(importlib.import_module(f"avalanche.training.plugins.{submodule}"), name) is cls
    missing = [method for method in methods.split() if not callable(getattr(cls, method, None))]
    assert not missing


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_takes_the_documented_arguments_with_their_defaults(name):
    documented = inspect.signature(eval(f"lambda {REFERENCE[name][1]}: None")).parameters
    actual = inspect.signature(getattr(plugins, name)).parameters
    for argument, parameter in documented.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            assert any(p.kind is p.VAR_POSITIONAL for p in actual.values())
            continue
        assert argument in actual
        assert actual[argument].default == parameter.default, argument


def test_plugins_are_strategy_plugins():
    for name in REFERENCE:
        cls = getattr(plugins, name)
        if name.endswith("Plugin"):
            assert issubclass(cls, plugins.SupervisedPlugin), name
    assert inspect.isabstract(StoragePolicy)
    assert issubclass(ClassBalancedStoragePolicy, StoragePolicy)
    assert issubclass(ExperienceBalancedStoragePolicy, StoragePolicy)


def network(outputs=10):
    torch.manual_seed(0)
    return SimpleMLP(num_classes=outputs, hidden_size=32)


TRAINED = {
    "AGEMPlugin": lambda model: AGEMPlugin(50, 20),
    "CWRStarPlugin": lambda model: CWRStarPlugin(model),
    "CWRStarPlugin, named layer": lambda model: CWRStarPlugin(model, "classifier", False),
    "EWCPlugin": lambda model: EWCPlugin(1.0),
    "EWCPlugin, online": lambda model: EWCPlugin(1.0, "online", 0.9, True),
    "GDumbPlugin": lambda model: GDumbPlugin(100),
    "GEMPlugin": lambda model: GEMPlugin(20, 0.5),
    "LwFPlugin": lambda model: LwFPlugin(1, 2),
    "LwFPlugin, a list": lambda model: LwFPlugin([0, 0.5], 2),
    "ReplayPlugin": lambda model: ReplayPlugin(100),
    "ReplayPlugin, a policy": lambda model: _replay(ClassBalancedStoragePolicy),
    "ReplayPlugin, another policy": lambda model: _replay(ExperienceBalancedStoragePolicy),
    "SynapticIntelligencePlugin": lambda model: SynapticIntelligencePlugin(1.0),
    "SynapticIntelligencePlugin, a layer left out": lambda model: SynapticIntelligencePlugin(
        1.0, ["features.0"], "as_strategy"
    ),
    "CoPEPlugin": lambda model: CoPEPlugin(100, 10, 10, 0.99, 0.1),
}


def _replay(policy):
    ext_mem = {}
    plugin = ReplayPlugin(100, policy(ext_mem, 100))
    assert plugin.ext_mem is ext_mem  # shared by reference
    return plugin


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_trains_on_mnist(name, mnist, capsys):
    benchmark = SplitMNIST(5, seed=1)
    model = network()
    plugin = TRAINED[name](model)
    strategy = Naive(
        model,
        SGD(model.parameters(), lr=0.05, momentum=0.9),
        nn.CrossEntropyLoss(),
        train_mb_size=128 if mnist == "real" else 10,
        train_epochs=1 if mnist == "real" else 4,
        eval_mb_size=500,
        plugins=[plugin],
        evaluator=EvaluationPlugin(accuracy_metrics(experience=True)),
    )
    for experience in benchmark.train_stream[:2]:
        strategy.train(experience)
    result = strategy.eval(benchmark.test_stream[:2])
    learnt = result["Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp001"]
    if name not in ("CoPEPlugin",):  # its learning is slow: one pass over the data, no more
        assert learnt > 0.4  # two classes of ten: a model that learnt nothing answers 0.1
    assert sum(result[key] for key in result) > 0.4


def data(count=60):
    torch.manual_seed(1)
    x = torch.randn(count, 784)
    return torch.utils.data.TensorDataset(x, torch.arange(count) % 3, torch.zeros(count).long())


def state(model, experience_data=None):
    return SimpleNamespace(
        model=model,
        device=torch.device("cpu"),
        experience=SimpleNamespace(dataset=experience_data),
        train_mb_size=8,
    )


@pytest.mark.parametrize("source", ["dataloader", "dataset"])
def test_agem_memory(source, small_mnist):
    """`update_memory(dataloader)` and `sample_from_memory(sample_size)`."""
    plugin = AGEMPlugin(patterns_per_experience=30, sample_size=8)
    dataset = SplitMNIST(5).train_stream[0].dataset
    plugin.update_memory(DataLoader(dataset, batch_size=8) if source == "dataloader" else dataset)
    patterns, targets = plugin.sample_from_memory(8)
    assert patterns.shape == (8, 1, 28, 28)
    assert set(targets.tolist()) <= set(dataset.targets)


def test_gem_memory_and_program(small_mnist):
    """`update_memory(dataset, t, batch_size)` and `solve_quadprog(g)`."""
    plugin = GEMPlugin(patterns_per_experience=15, memory_strength=0.0)
    stream = SplitMNIST(5).train_stream
    for t in (0, 1):
        plugin.update_memory(stream[t].dataset, t, 10)
    assert sorted(plugin.memory_x) == [0, 1]
    assert all(len(plugin.memory_x[t]) == len(plugin.memory_y[t]) == 15 for t in (0, 1))
    assert set(plugin.memory_y[1].tolist()) == set(stream[1].classes_in_this_experience)

    plugin.G = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    solution = plugin.solve_quadprog(torch.tensor([-2.0, 3.0, 1.0]))
    # The nearest vector whose product with both rows is not negative.
    torch.testing.assert_close(solution, torch.tensor([0.0, 3.0, 1.0]), atol=5e-3, rtol=0)


def test_cwr_star_methods():
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    plugin = CWRStarPlugin(model)
    assert plugin.get_cwr_layer() is model[2]
    plugin.reset_weights([0, 1])  # what is consolidated, nothing so far
    assert model[2].weight.abs().sum() == 0
    plugin.freeze_other_layers()
    assert not any(p.requires_grad for p in model[0].parameters())
    assert all(p.requires_grad for p in model[2].parameters())
    with pytest.raises(ValueError, match=r"nn\.Linear|linear"):
        CWRStarPlugin(nn.ReLU())


def test_ewc_methods(small_mnist):
    dataset = SplitMNIST(5).train_stream[0].dataset
    model, criterion = network(), nn.CrossEntropyLoss()
    plugin = EWCPlugin(0.4, "separate", None, True)
    optimizer = SGD(model.parameters(), lr=0.1)
    importances = plugin.compute_importances(model, criterion, optimizer, dataset, "cpu", 8)
    pairs = importances.items() if isinstance(importances, dict) else importances
    shapes = {name: tuple(getattr(value, "shape", ())) for name, value in pairs}
    assert shapes == {name: tuple(p.shape) for name, p in model.named_parameters()}
    plugin.update_importances(importances, 0)
    assert sorted(plugin.importances) == [0]


def test_lwf_penalty(small_mnist):
    """`penalty(out, x, alpha)`: 0 without a teacher, then the weighted distillation term."""
    stream = SplitMNIST(5).train_stream
    model = network()
    plugin = LwFPlugin(alpha=2, temperature=2)
    strategy = Naive(model, SGD(model.parameters(), lr=0.1), plugins=[plugin], evaluator=None,
                     train_mb_size=10)  # fmt: skip
    x = torch.rand(4, 1, 28, 28)
    assert plugin.penalty(model(x), x, 2.0) == 0
    strategy.train(stream[0])
    model.eval()
    units = sorted(stream[0].classes_in_this_experience)
    answer = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        teacher = torch.softmax(model(x)[:, units] / 2, 1)
        student = torch.log_softmax(answer[:, units] / 2, 1)
    expected = (teacher * (teacher.log() - student)).sum() / 4
    torch.testing.assert_close(plugin.penalty(answer, x, 2.0), 2 * expected)
    torch.testing.assert_close(plugin.penalty(answer, x, 0.5), expected / 2)


def test_synaptic_intelligence_by_hand():
    """The documented static methods, in the order in which the plugin calls them."""
    si = SynapticIntelligencePlugin
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = SGD(model.parameters(), lr=0.1)
    plugin = si(1.0, excluded_parameters=["bias"])
    excluded = si.explode_excluded_parameters({"bias"})
    assert excluded == {"bias", "bias.*"}
    assert [name for name, _ in si.not_excluded_parameters(model, excluded)] == ["weight"]
    assert [name for name, _ in si.allowed_parameters(model, excluded)] == ["weight"]

    ewc_data, syn_data = plugin.ewc_data, {}
    si.create_syn_data(model, ewc_data, syn_data, excluded)
    si.init_batch(model, ewc_data, syn_data, excluded)
    start, path = model.weight.detach().clone(), torch.zeros(2, 3)
    for step in range(3):
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        model(x).square().mean().backward()
        si.pre_update(model, syn_data, excluded)
        before = model.weight.detach().clone()
        optimizer.step()
        si.post_update(model, syn_data, excluded)
        path += model.weight.grad * (model.weight.detach() - before)
    si.update_ewc_data(model, ewc_data, syn_data, 1e9, excluded, 2.0)
    moved = model.weight.detach() - start
    expected = (-2.0 * path / (moved.square() + 1e-7)).clamp(min=0)

    def value(stored):
        tensor = getattr(stored, "data", stored)
        return tensor.detach().reshape(2, 3)

    torch.testing.assert_close(value(ewc_data[1]["weight"]), expected, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(value(ewc_data[0]["weight"]), model.weight.detach())
    assert set(ewc_data[0]) == {"weight"}

    assert si.compute_ewc_loss(model, ewc_data, excluded, "cpu", 1.0).item() == 0
    with torch.no_grad():
        model.weight += 1
    loss = si.compute_ewc_loss(model, ewc_data, excluded, "cpu", 3.0)
    torch.testing.assert_close(loss.item(), 3.0 / 2 * expected.sum().item(), rtol=1e-3, atol=1e-5)


def test_ppp_loss_is_made_of_its_documented_parts():
    torch.manual_seed(0)
    prototypes = {c: nn.functional.normalize(torch.randn(1, 4), dim=1) for c in range(3)}
    x = nn.functional.normalize(torch.randn(6, 4), dim=1)
    y = torch.tensor([0, 0, 1, 1, 1, 2])
    loss = PPPloss(prototypes, T=0.5)

    total = 0.0
    for c in (0, 1, 2):
        other = torch.cat([prototypes[k] for k in prototypes if k != c])
        total += loss.attractor(prototypes[c], other, x[y == c]).sum()
        total += loss.repellor(prototypes[c], other, x[y == c], x[y != c]).sum()
    torch.testing.assert_close(loss(x, y), -total / len(x))

    # The attractor of class 0: two samples, each the pseudo-prototype of the other.
    def similarity(a, b):
        return torch.exp(a @ b.flatten() / 0.5)

    other = torch.cat([prototypes[1], prototypes[2]])
    expected = 0.0
    for z, mate in ((x[0], x[1]), (x[1], x[0])):
        rest = similarity(z, prototypes[1]) + similarity(z, prototypes[2])
        chances = [similarity(z, p) / (similarity(z, p) + rest) for p in (prototypes[0], mate)]
        expected += torch.log(sum(chances) / 2)
    torch.testing.assert_close(loss.attractor(prototypes[0], other, x[:2]).sum(), expected)


def test_strategy_plugin_callbacks_do_nothing():
    assert len(CALLBACKS) == 26
    plugin = StrategyPlugin()
    assert all(getattr(plugin, name)(None, num_workers=0) is None for name in CALLBACKS)
    assert all(callable(getattr(plugins.StrategyCallbacks[int], name)) for name in CALLBACKS)


def test_evaluation_plugin_dictionaries(small_mnist):
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, stream=True), collect_all=True)
    assert isinstance(evaluator, plugins.SupervisedPlugin)
    benchmark = SplitMNIST(5)
    model = network()
    strategy = Naive(model, SGD(model.parameters(), lr=0.1), evaluator=evaluator, train_mb_size=10)
    for experience in benchmark.train_stream[:2]:
        strategy.train(experience)
        strategy.eval(benchmark.test_stream)
    last, curves = evaluator.get_last_metrics(), evaluator.get_all_metrics()
    key = "Top1_Acc_Stream/eval_phase/test_stream/Task000"
    steps, values = curves[key]
    assert len(steps) == len(values) == 2
    assert values[-1] == last[key]
    last.clear()
    assert evaluator.get_last_metrics()  # a copy was given
    evaluator.reset_last_metrics()
    assert evaluator.get_last_metrics() == {}
    silent = EvaluationPlugin(accuracy_metrics(stream=True), collect_all=False)
    assert silent.get_all_metrics() == {}
