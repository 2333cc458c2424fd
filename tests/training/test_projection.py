"""Gradient projections around their formulas: which parameters, which data, which moment."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avalanche.benchmarks import benchmark_from_datasets
from avalanche.benchmarks.utils import TransformGroups, as_classification_dataset
from avalanche.core import SupervisedPlugin
from avalanche.models import PNN, IncrementalClassifier, MTSimpleMLP
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.plugins.agem import AGEMPlugin
from avalanche.training.plugins.gem import GEMPlugin
from avalanche.training.regularization import episodic_memory
from avalanche.training.regularization.agem import AverageGradientEpisodicMemory
from avalanche.training.regularization.episodic_memory import EpisodicMemory
from avalanche.training.regularization.gem import GradientEpisodicMemory

PLUGINS = {"AGEM": lambda: AGEMPlugin(10, 8), "GEM": lambda: GEMPlugin(10, 0.5)}
each_plugin = pytest.mark.parametrize("make", PLUGINS.values(), ids=PLUGINS)


def loop(model, *plugins, optimizer=None, **options):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"train_mb_size": 8, "evaluator": None, **options}
    return Naive(model, optimizer, plugins=list(plugins), **options)


class MixedTypes(nn.Module):
    """A body in 16 bits and a head in 32."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(streams.FEATURES, 8).bfloat16()
        self.head = nn.Linear(8, streams.CLASSES)

    def forward(self, x):
        return self.head(self.body(x.flatten(1).bfloat16()).float())


@each_plugin
def test_parameters_of_several_types_are_one_vector_of_the_widest(make):
    torch.manual_seed(0)
    plugin = make()
    model = MixedTypes()
    loop(model, plugin).train(streams.class_incremental().train_stream)
    vectors = plugin.G if isinstance(plugin, GEMPlugin) else plugin.agem.reference
    assert vectors.dtype == torch.float32
    assert all(p.isfinite().all() for p in model.parameters())
    data = plugin.method.memory.batch(0, "cpu")
    parameters = list(model.parameters())
    found = torch.autograd.grad(F.cross_entropy(model(data[0]), data[1]), parameters)
    assert {g.dtype for g in found} == {torch.bfloat16, torch.float32}
    one = plugin.method.gradient(parameters, F.cross_entropy(model(data[0]), data[1]))
    torch.testing.assert_close(one, torch.cat([g.flatten().float() for g in found]))


OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "weight-decay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.5),
}


@each_plugin
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_unused_head_moves_only_where_a_correction_is_due(make, optimizer):
    torch.manual_seed(0)
    model = MTSimpleMLP(input_size=streams.FEATURES, hidden_size=8)
    plugin = make()
    strategy = loop(model, plugin, optimizer=optimizer(model.parameters()))
    stream = streams.task_incremental().train_stream
    strategy.train(stream[0])
    head = model.classifier.classifiers["0"].classifier.weight
    moments = []

    class Look(SupervisedPlugin):
        def before_update(self, strategy, **kwargs):
            self.before = head.detach().clone()

        def after_update(self, strategy, **kwargs):
            moments.append((due[-1], bool((head - self.before).any())))

    due = []
    project = plugin.method.project

    def watched(parameters):
        g = torch.cat([(p * 0 if p.grad is None else p.grad).flatten() for p in parameters])
        rows = plugin.G if isinstance(plugin, GEMPlugin) else plugin.agem.reference[None]
        due.append(bool((rows @ g < 0).any()))
        project(parameters)

    plugin.method.project = watched
    strategy.add_plugin(Look())
    for _ in range(20):  # until both cases have come
        strategy.train(stream[1])
        if len(set(due)) == 2:
            break
    assert {True, False} == {moved for _, moved in moments}
    assert all(was_due == moved for was_due, moved in moments)


@each_plugin
def test_patterns_of_frozen_columns_ask_for_nothing(make):
    """A progressive network freezes what earlier tasks use: the plugin changes no update."""
    ends = []
    for plugins in ([make()], []):
        torch.manual_seed(0)
        model = PNN(1, streams.FEATURES, 8)
        strategy = loop(model, *plugins)
        for seed, experience in enumerate(streams.task_incremental().train_stream):
            torch.manual_seed(seed)
            strategy.train(experience, shuffle=False)
        ends.append(dict(model.named_parameters()))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[1])


@each_plugin
def test_nothing_is_stale_after_an_interruption(make):
    """The head grows before the next training, and the memory is looked at anew."""

    class Interrupt(SupervisedPlugin):
        on = False

        def after_backward(self, strategy, **kwargs):
            if self.on and strategy.clock.train_exp_iterations == 1:
                raise KeyboardInterrupt

    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    plugin, interrupt = make(), Interrupt()
    strategy = loop(model, plugin, interrupt, accumulate=4)
    stream = streams.class_incremental().train_stream
    strategy.train(stream[0])
    interrupt.on = True
    with pytest.raises(KeyboardInterrupt):
        strategy.train(stream[1])
    interrupt.on = False
    strategy.train(stream[2])
    vector = plugin.G[0] if isinstance(plugin, GEMPlugin) else plugin.agem.reference
    assert len(vector) == sum(p.numel() for p in model.parameters())


class Named(torch.utils.data.Dataset):
    """Samples with names, which the loop takes and a memory of tensors does not."""

    targets = (0, 1, 0, 1)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        torch.rand(())
        return {"input": torch.zeros(3), "targets": self.targets[index]}


@each_plugin
def test_data_that_no_memory_can_read_is_refused_before_the_first_training(make):
    data = as_classification_dataset(Named())
    benchmark = benchmark_from_datasets(train=[data], test=[data])
    model = nn.Linear(3, 2)
    before = model.weight.clone()
    with pytest.raises(TypeError, match="of type dict; .* be tuples"):
        loop(model, make()).train(benchmark.train_stream)
    assert torch.equal(model.weight, before)
    state = torch.get_rng_state()
    with pytest.raises(TypeError, match="of type dict; .* be tuples"):
        EpisodicMemory(2).add(data)
    assert torch.equal(torch.get_rng_state(), state)


def of_size(size, classes=6, samples=20, transform=None):
    y = torch.arange(samples) % classes
    data = torch.utils.data.TensorDataset(torch.randn(samples, 1, size, size), y)
    data.targets = y.tolist()
    pair = (transform, None)
    return as_classification_dataset(data, TransformGroups({"train": pair, "eval": pair}))


@pytest.mark.parametrize("transform", [None, lambda x: x + torch.rand(())], ids=["kept", "random"])
@each_plugin
def test_experiences_with_images_of_several_sizes(make, transform):
    data = [of_size(size, transform=transform) for size in (8, 12, 4)]
    benchmark = benchmark_from_datasets(train=data, test=data)
    model = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16, 6))
    plugin = make()
    loop(model, plugin).train(benchmark.train_stream)
    shapes = [batch[0].shape[-1] for batch in plugin.method.memory.draw(30, "cpu")]
    assert shapes == [8, 12, 4]
    with pytest.raises(ValueError, match="several shapes"):
        plugin.method.memory.sample(30, "cpu")


def test_agem_takes_the_mean_over_patterns_of_several_sizes():
    torch.manual_seed(0)
    model = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16, 6))
    parameters = list(model.parameters())
    agem = AGEMPlugin(7, 100).agem
    for size, samples in ((8, 7), (12, 3)):
        agem.memory.add(of_size(size, samples=samples))
    agem.look_back(parameters, lambda batch: F.cross_entropy(model(batch[0]), batch[1]))
    batches = agem.memory.draw(100, "cpu")
    answers = torch.cat([model(batch[0]) for batch in batches])
    targets = torch.cat([batch[1] for batch in batches])
    want = torch.autograd.grad(F.cross_entropy(answers, targets), parameters)
    torch.testing.assert_close(agem.reference, torch.cat([g.flatten() for g in want]))


def test_all_patterns_together_are_kept_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(episodic_memory, "_KEPT_BYTES", 1500)
    memory = EpisodicMemory(5)
    for _ in range(8):
        memory.add(of_size(4, samples=5))  # of 64 + 8 bytes each: 360
    batches = [memory.batch(key, "cpu") for key in memory.data]
    kept = [columns for columns in memory._columns.values() if columns]
    assert len(kept) == 4
    assert sum(c.numel() * c.element_size() for columns in kept for c in columns) <= 1500
    assert all(torch.equal(a[0], memory.batch(k, "cpu")[0]) for k, a in enumerate(batches))
    assert len(memory.sample(40, "cpu")[1]) == 40
    assert not any(memory._columns.values())  # a sample reads all of it anew


@pytest.mark.parametrize(
    "component",
    [lambda: AverageGradientEpisodicMemory(4, 8), lambda: GradientEpisodicMemory(4)],
    ids=["AGEM", "GEM"],
)
def test_a_component_alone_keeps_patterns_of_every_experience_apart(component):
    method, stream = component(), streams.class_incremental().train_stream
    for experience in stream:
        method.post_adapt(None, experience)
    assert list(method.memory.data) == [0, 1, 2]
    for key, experience in enumerate(stream):
        targets = method.memory.batch(key, "cpu")[1].tolist()
        assert len(targets) == 4
        assert set(targets) <= set(experience.classes_in_this_experience)
