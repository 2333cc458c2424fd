"""Replay: what a batch holds, and which transforms it went through."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.benchmarks.utils import TransformGroups, _make_taskaware_classification_dataset
from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.training import ClassBalancedBuffer, Naive, Replay, ReservoirSamplingBuffer
from avalanche.training.plugins import ReplayPlugin


class Look(SupervisedPlugin):
    """Keeps the batches of the last experience."""

    def before_training_exp(self, strategy, **kwargs):
        self.batches = []

    def after_forward(self, strategy, **kwargs):
        self.batches.append([column.clone() for column in strategy.mbatch])


def make(strategy, width=streams.FEATURES, **options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(width, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return strategy(model, optimizer, train_mb_size=10, evaluator=None, **options)


def test_batches_hold_new_and_remembered_samples_from_the_second_experience_on():
    look, benchmark = Look(), streams.class_incremental()
    strategy = make(Replay, mem_size=12, plugins=[look])
    strategy.train(benchmark.train_stream[0])
    assert {len(y) for _, y, _ in look.batches} == {10}
    strategy.train(benchmark.train_stream[1])
    # The memory goes through in rounds of 10 + 2; no batch has a sample of it twice.
    assert [len(y) for _, y, _ in look.batches] == [20, 12, 20, 12]
    for x, y, _ in look.batches:
        new, old = y[:10], y[10:]
        assert len(torch.unique(x, dim=0)) == len(x)
        assert set(new.tolist()) <= {2, 3}
        assert set(old.tolist()) <= {0, 1}
    # Everything new was seen once, and the whole memory was in use.
    seen = torch.cat([x[:10] for x, _, _ in look.batches])
    assert len(torch.unique(seen, dim=0)) == 40
    for two in (look.batches[:2], look.batches[2:]):
        assert len(torch.unique(torch.cat([x[10:] for x, _, _ in two]), dim=0)) == 12


def test_a_memory_smaller_than_the_batch_is_in_every_batch_once():
    look, benchmark = Look(), streams.class_incremental()
    make(Replay, mem_size=4, plugins=[look]).train(benchmark.train_stream[:2])
    stored = [{tuple(row) for row in x[10:].tolist()} for x, _, _ in look.batches]
    assert [len(y) for _, y, _ in look.batches] == [14] * 4
    assert all(s == stored[0] and len(s) == 4 for s in stored)


def test_sizes_of_both_halves_are_options():
    look, benchmark = Look(), streams.class_incremental()
    plugin = ReplayPlugin(mem_size=12, batch_size=8, batch_size_mem=3)
    strategy = make(Naive, plugins=[plugin, look])
    strategy.train(benchmark.train_stream[:2])
    assert {len(y) for _, y, _ in look.batches} == {8 + 3}


def test_remembered_samples_have_a_transform_of_their_own():
    x, y = torch.zeros(40, 1), torch.arange(40) % 4
    groups = TransformGroups({"train": Add(1), "eval": None, "replay": Add(5)})
    data = _make_taskaware_classification_dataset(TensorDataset(x, y), transform_groups=groups)
    benchmark = nc_benchmark(data, data, 2, False, shuffle=False)
    look = Look()
    make(Naive, 1, plugins=[ReplayPlugin(8), look]).train(benchmark.train_stream)
    assert len(look.batches) == 2
    for x, _, _ in look.batches:
        assert x.flatten().tolist() == [1.0] * 10 + [5.0] * 8


class Add:
    def __init__(self, number):
        self.number = number

    def __call__(self, x):
        return x + self.number


def test_the_policy_may_stand_second_as_in_0_1_and_gives_ext_mem():
    plugin = ReplayPlugin(6, ClassBalancedBuffer(6))
    make(Naive, plugins=[plugin]).train(streams.class_incremental().train_stream)
    assert {c: len(d) for c, d in plugin.ext_mem.items()} == dict.fromkeys(range(6), 1)


def test_wrong_options():
    with pytest.raises(ValueError, match="mem_size=-3: expected a whole number of samples"):
        ReplayPlugin(-3)
    with pytest.raises(ValueError, match=r"mem_size=5: the storage policy holds max_size=6"):
        ReplayPlugin(5, storage_policy=ClassBalancedBuffer(6))
    with pytest.raises(ValueError, match="storage_policy='fifo': expected one of experience_bal"):
        make(Replay, storage_policy="fifo")


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "8"])
@pytest.mark.parametrize("name", ["batch_size", "batch_size_mem"])
def test_a_part_of_a_batch_has_at_least_one_sample(name, size):
    with pytest.raises(ValueError, match=f"{name}={size!r}: expected a whole number.*1 or more"):
        ReplayPlugin(10, **{name: size})
    with pytest.raises(ValueError, match=rf"{name}\[1\]={size!r}: expected a whole number"):
        ReplayPlugin(10, **{name: {0: 4, 1: size}})


def test_sizes_of_numpy_and_of_tasks():
    look, benchmark = Look(), streams.class_incremental()
    plugin = ReplayPlugin(np.int64(12), np.int64(8), batch_size_mem={0: 3})
    make(Naive, plugins=[plugin, look]).train(benchmark.train_stream[:2])
    assert {len(y) for _, y, _ in look.batches} == {8 + 3}


def test_a_memory_that_was_resized_is_loaded_into_the_plugin_as_it_was_built():
    def made(mem_size=20, memory=None):
        plugin = ReplayPlugin(mem_size, storage_policy=memory)
        return make(Naive, plugins=[plugin]), plugin

    benchmark = streams.class_incremental()
    strategy, plugin = made()
    strategy.train(benchmark.train_stream[0])
    plugin.storage_policy.resize(strategy, 6)
    state = strategy.state_dict()
    again, restored = made()
    again.load_state_dict(state, benchmark)
    assert len(restored.storage_policy.buffer) == restored.storage_policy.max_size == 6
    for one in (strategy, again):
        one.train(benchmark.train_stream[1])
    assert len(restored.storage_policy.buffer) == len(plugin.storage_policy.buffer) == 6
    other, untouched = made(6)
    with pytest.raises(ValueError, match="Buffer of 20 samples and this plugin has a .* of 6"):
        other.load_state_dict(state, benchmark)
    with pytest.raises(ValueError, match="build the plugin as it was"):
        made(20, ReservoirSamplingBuffer(20))[0].load_state_dict(state, benchmark)
    assert len(untouched.storage_policy.buffer) == 0


def test_older_states_tell_the_capacity_alone():
    state = ReplayPlugin(7).state_dict()
    del state["mem_size"]
    ReplayPlugin(7).check_state_dict(state)
    with pytest.raises(ValueError, match="Buffer of 7 samples and this plugin has a .* of 8"):
        ReplayPlugin(8).check_state_dict(state)
