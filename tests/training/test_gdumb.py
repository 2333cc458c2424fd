"""GDumb: what the memory holds, what a model is trained on, and from which weights."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam
from torch.utils.data import TensorDataset

from avalanche.benchmarks import benchmark_from_datasets, nc_benchmark
from avalanche.benchmarks.utils import (
    _make_taskaware_classification_dataset,
    _make_taskaware_tensor_classification_dataset,
    as_classification_dataset,
)
from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.core import SupervisedPlugin
from avalanche.models import IncrementalClassifier
from avalanche.testing import streams
from avalanche.training import GDumb, Naive
from avalanche.training.plugins import GDumbPlugin
from avalanche.training.storage_policy import GreedyBalancingBuffer


def experience(labels, task=None):
    y = torch.as_tensor(labels)
    x = torch.arange(len(y)).float()[:, None]
    if task is None:
        data = TensorDataset(x, y)
        data.targets = y
        return SimpleNamespace(experience=SimpleNamespace(dataset=as_classification_dataset(data)))
    tasks = [task] * len(y)
    data = _make_taskaware_tensor_classification_dataset(x, y, task_labels=tasks)
    return SimpleNamespace(experience=SimpleNamespace(dataset=data))


def greedy_balancing_sampler(stream, capacity):
    """Algorithm 1 of the paper, sample by sample: class to number of stored samples."""
    counts = {}
    for y in stream:
        share = capacity / max(1, len(counts))
        if y not in counts or counts[y] < share:
            if sum(counts.values()) >= capacity:
                counts[max(counts, key=counts.get)] -= 1
            counts[y] = counts.get(y, 0) + 1
    return counts


@pytest.mark.parametrize("capacity", [6, 20, 40, 60])
def test_classes_have_the_shares_of_algorithm_1(capacity):
    random = np.random.default_rng(0)
    batches = [random.permutation(np.repeat(c, 60)) for c in ([0, 1], [1, 2, 3], [4, 5], [0, 5])]
    expected = greedy_balancing_sampler(np.concatenate(batches).tolist(), capacity)
    buffer = GreedyBalancingBuffer(capacity)
    for labels in batches:
        buffer.update(experience(labels))
    stored = buffer.buffer.targets.count
    assert sum(stored.values()) == sum(expected.values()) == capacity
    assert stored.keys() == expected.keys()
    assert all(abs(stored[c] - expected[c]) <= 1 for c in expected)


def test_every_task_has_a_memory_of_its_own():
    buffer = GreedyBalancingBuffer(10)
    for task in (0, 1, 0, 2):
        buffer.update(experience([0, 1] * 20, task))
    assert buffer.buffer.targets_task_labels.count == {0: 10, 1: 10, 2: 10}
    assert buffer.tasks[1].buffer.targets.count == {0: 5, 1: 5}
    buffer.resize(None, 4)
    assert len(buffer.buffer) == 12
    with pytest.raises(AttributeError, match="divided by tasks"):
        buffer.buffer = buffer.buffer


class Look(SupervisedPlugin):
    """Keeps the inputs and the first weights of the last experience."""

    def before_training_exp(self, strategy, **kwargs):
        self.x, self.y = [], []
        self.first = [p.detach().clone() for p in strategy.model.parameters()]
        self.optimizer_state = len(strategy.optimizer.state)

    def after_forward(self, strategy, **kwargs):
        self.x.append(strategy.mb_x.clone())
        self.y.append(strategy.mb_y.clone())


def make(head=None, optimizer=SGD, **options):
    torch.manual_seed(0)
    head = nn.Linear(8, streams.CLASSES) if head is None else head
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(streams.FEATURES, 8), nn.BatchNorm1d(8), nn.ReLU(), head
    )
    look = Look()
    options = {"train_mb_size": 5, "evaluator": None, "plugins": [look], "mem_size": 12, **options}
    return GDumb(model, optimizer(model.parameters(), lr=0.1), **options), look


def test_training_sees_the_memory_and_nothing_else():
    strategy, look = make()
    for number, exp in enumerate(streams.class_incremental().train_stream, start=1):
        strategy.train(exp)
        x, y = torch.cat(look.x), torch.cat(look.y)
        assert len(torch.unique(x, dim=0)) == 12
        assert torch.bincount(y).tolist() == [12 // (2 * number)] * (2 * number)


@pytest.mark.parametrize("optimizer", [SGD, Adam], ids=["sgd", "adam"])
def test_weights_and_optimizer_begin_anew_in_place(optimizer):
    strategy, look = make(optimizer=optimizer)
    model, objects = strategy.model, [id(p) for p in strategy.model.parameters()]
    initial = {k: v.clone() for k, v in model.state_dict().items()}
    for exp in streams.class_incremental().train_stream:
        strategy.train(exp)
        assert strategy.model is model
        assert [id(p) for p in model.parameters()] == objects
        for name, first in zip(dict(model.named_parameters()), look.first, strict=True):
            assert torch.equal(first, initial[name])
        assert look.optimizer_state == 0
        assert not torch.equal(model[1].weight, initial["1.weight"]), "nothing was learnt"
        # The statistics of the norm are those of this experience alone.
        assert model[2].num_batches_tracked == strategy.clock.train_exp_iterations


def test_a_second_run_on_the_same_memory_learns_the_same():
    """What was learnt before leaves no trace: only the memory counts."""
    ends = []
    for lead in (0, 1):
        strategy, _ = make()
        benchmark = streams.class_incremental()
        plugin = next(p for p in strategy.plugins if isinstance(p, GDumbPlugin))
        if lead:
            strategy.train(benchmark.train_stream[0])
            plugin.storage_policy.tasks.clear()
        torch.manual_seed(5)
        strategy.train(benchmark.train_stream[1])
        ends.append([p.detach().clone() for p in strategy.model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


@pytest.mark.parametrize("first_units", [2, streams.CLASSES])
def test_a_growing_head_keeps_the_classes_of_the_memory(first_units):
    strategy, look = make(IncrementalClassifier(8, initial_out_features=first_units))
    first = strategy.model[4].classifier.weight[:2].detach().clone()
    joined = {}
    for exp in streams.class_incremental().train_stream:
        strategy.train(exp)
        weight = look.first[-2]
        assert torch.equal(weight[:2], first)
        for row in range(len(weight)):
            joined.setdefault(row, weight[row].clone())
            assert torch.equal(weight[row], joined[row]), "a later unit begins where it joined"
        assert strategy.loss.isfinite()
    assert strategy.model[4].active_units.tolist() == [1] * streams.CLASSES
    assert len(look.y[0]) == 5


def test_learning_rates_begin_anew():
    strategy, _ = make()
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[0])
    strategy.optimizer.param_groups[0]["lr"] = 1e-9
    strategy.train(benchmark.train_stream[1])
    assert strategy.optimizer.param_groups[0]["lr"] == 0.1


def test_it_learns_all_classes():
    data = streams.class_incremental()
    strategy, _ = make(mem_size=60, train_epochs=10)
    strategy.train(data.train_stream)
    strategy.model.eval()
    rows = [exp.dataset.batch(range(len(exp.dataset))) for exp in data.test_stream]
    x, y = (torch.cat([row[i] for row in rows]) for i in (0, 1))
    assert (strategy.model(x).argmax(1) == y).float().mean() > 0.85


def test_as_a_plugin_with_one_memory_for_each_task():
    strategy, _ = make()
    plugin = GDumbPlugin(8)
    naive = Naive(strategy.model, strategy.optimizer, train_mb_size=4, plugins=[plugin],
                  evaluator=None)  # fmt: skip
    x, y = torch.randn(40, streams.FEATURES), torch.arange(40) % 4
    data = TensorDataset(x, y)
    naive.train(nc_benchmark(data, data, 2, task_labels=True).train_stream)
    assert {t: len(m.buffer) for t, m in plugin.storage_policy.tasks.items()} == {0: 8, 1: 8}


def test_an_interrupted_experience_is_in_the_memory_once(tmp_path):
    class Interrupts(Look):
        armed = False

        def after_training_iteration(self, strategy, **kwargs):
            if self.armed:
                raise KeyboardInterrupt

    def memory(strategy):
        return next(p for p in strategy.plugins if isinstance(p, GDumbPlugin)).storage_policy

    benchmark = streams.class_incremental()
    first, second = benchmark.train_stream[:2]
    look = Interrupts()
    strategy, _ = make(mem_size=1000, plugins=[look])
    strategy.train(first)
    look.armed = True
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            strategy.train(second)
    save_checkpoint(strategy, tmp_path / "x.pt")
    later, _ = make(mem_size=1000, plugins=[look])
    maybe_load_checkpoint(later, tmp_path / "x.pt", unique_objects=benchmark)
    look.armed = False
    assert memory(later).buffer.targets.count == first.dataset.targets.count
    for resumed in (strategy, later):
        resumed.train(second)
        both = first.dataset.concat(second.dataset)
        assert memory(resumed).buffer.targets.count == both.targets.count
        assert len(torch.unique(torch.cat(look.x), dim=0)) == len(both)


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="mem_size=0: GDumb trains on the memory alone"):
        GDumbPlugin(0)
    with pytest.raises(ValueError, match="mem_size=2.5: expected a whole number"):
        GDumbPlugin(2.5)
    plugin = GDumbPlugin(3)
    with pytest.raises(ValueError, match="mem_size=3: the state is of a memory of 5 samples"):
        plugin.check_state_dict(GDumbPlugin(5).state_dict())


def test_an_experience_that_was_learnt_stays_whatever_comes_after_training():
    class Fails(Look):
        armed, states = False, ()

        def after_training_exp(self, strategy, **kwargs):
            self.states = (*self.states, copy.deepcopy(strategy.state_dict()))
            if self.armed:
                raise OSError("disk full")

    def classes(strategy):
        plugin = next(p for p in strategy.plugins if isinstance(p, GDumbPlugin))
        return set(plugin.storage_policy.buffer.targets.uniques)

    benchmark = streams.class_incremental()
    look = Fails()
    strategy, _ = make(mem_size=1000, plugins=[look])
    strategy.train(benchmark.train_stream[0])
    look.armed = True
    with pytest.raises(OSError, match="disk full"):
        strategy.train(benchmark.train_stream[1])
    other = Fails()
    restored, _ = make(mem_size=1000, plugins=[other])
    restored.load_state_dict(look.states[-1], benchmark)
    look.armed = other.armed = False
    for going_on in (strategy, restored):
        going_on.train(benchmark.train_stream[2])
        assert classes(going_on) == set(range(6))


def test_a_memory_that_was_resized_is_loaded_into_the_plugin_as_it_was_built():
    def plugin(strategy):
        return next(p for p in strategy.plugins if isinstance(p, GDumbPlugin))

    benchmark = streams.class_incremental()
    strategy, _ = make(mem_size=np.int64(20), train_mb_size=6)
    strategy.train(benchmark.train_stream[0])
    plugin(strategy).storage_policy.resize(strategy, 6)
    state = strategy.state_dict()
    again, _ = make(mem_size=20, train_mb_size=6)
    again.load_state_dict(state, benchmark)
    again.train(benchmark.train_stream[1])
    assert len(plugin(again).storage_policy.buffer) == plugin(again).mem_size == 6
    other, _ = make(mem_size=6)
    with pytest.raises(ValueError, match="mem_size=6: the state is of a memory of 20 samples"):
        other.load_state_dict(state, benchmark)


class Plain(torch.utils.data.Dataset):
    """Samples of one class that are read one at a time."""

    def __init__(self, label):
        self.targets = [label] * 12

    def __len__(self):
        return 12

    def __getitem__(self, index):
        return torch.full((streams.FEATURES,), float(index)), self.targets[index]


def marked(samples):
    x, y = (torch.stack([torch.as_tensor(s[i]) for s in samples]) for i in (0, 1))
    return [x + 1000, y, torch.zeros(len(samples), dtype=torch.int64)]


def test_a_resumed_run_collates_as_before(tmp_path):
    def benchmark():
        sets = [
            _make_taskaware_classification_dataset(
                Plain(label), targets=[label] * 12, task_labels=[0] * 12, collate_fn=marked
            )
            for label in range(2)
        ]
        return benchmark_from_datasets(train=sets, test=sets)

    strategy, _ = make()
    strategy.train(benchmark().train_stream[0])
    save_checkpoint(strategy, tmp_path / "x.pt")
    resumed, look = make()
    again = benchmark()
    maybe_load_checkpoint(resumed, tmp_path / "x.pt", unique_objects=again)
    resumed.train(again.train_stream[1])
    assert set(torch.cat(look.y).tolist()) == {0, 1}
    assert torch.cat(look.x).min() >= 1000
