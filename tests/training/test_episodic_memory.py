"""The patterns that GEM and A-GEM remember: how they are read, replaced, saved."""

from collections import Counter

import pytest
import torch
from scipy.stats import chisquare
from torch.utils.data import DataLoader, TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.testing import streams
from avalanche.training.plugins.agem import AGEMPlugin
from avalanche.training.plugins.gem import GEMPlugin
from avalanche.training.regularization.episodic_memory import EpisodicMemory, _steady_columns

PLUGINS = {"AGEM": lambda: AGEMPlugin(10, 8), "GEM": lambda: GEMPlugin(10, 0.5)}
each_plugin = pytest.mark.parametrize("make", PLUGINS.values(), ids=PLUGINS)


def with_random_transform():
    def noisy(x):
        return x + torch.rand(())

    points = [torch.utils.data.TensorDataset(*streams._points(range(4), seed=s)) for s in (0, 1)]
    return nc_benchmark(*points, 2, False, train_transform=noisy)


@each_plugin
def test_random_transforms_are_drawn_anew_and_others_read_once(make):
    for benchmark, reads in ((with_random_transform(), True), (streams.class_incremental(), False)):
        memory = make().method.memory
        memory.add(benchmark.train_stream[0].dataset)
        first, second = memory.batch(0, "cpu")[0], memory.batch(0, "cpu")[0]
        assert torch.equal(first, second) != reads
        assert (first.data_ptr() != second.data_ptr()) == reads
        assert memory.sample(4, "cpu")[0].shape[0] == 4


def test_reading_patterns_leaves_the_random_state_alone():
    memory = AGEMPlugin(10, 8).method.memory
    memory.add(with_random_transform().train_stream[0].dataset)
    before = torch.get_rng_state()
    assert _steady_columns(memory.data[0], 1 << 20) is None
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_memory_from_a_loader_is_saved_and_restored(plugin):
    loader = torch.utils.data.DataLoader(
        streams.class_incremental().train_stream[0].dataset, batch_size=7
    )
    first, second = PLUGINS[plugin](), PLUGINS[plugin]()
    update = (lambda p: p.update_memory(loader, 0, 7)) if plugin == "GEM" else None
    (update or (lambda p: p.update_memory(loader)))(first)
    second.load_state_dict(first.state_dict(), parts=[])
    assert torch.equal(first.memory_x[0], second.memory_x[0])
    assert torch.equal(first.memory_y[0], second.memory_y[0])
    assert first.memory_tid[0].tolist() == [0] * 10


def test_gem_memory_of_one_experience_is_replaced_under_its_number():
    plugin = GEMPlugin(5, 0.5)
    stream = streams.class_incremental().train_stream
    plugin.update_memory(stream[0].dataset, 0, 4)
    plugin.update_memory(stream[1].dataset, 0, 4)
    assert set(plugin.memory_y[0].tolist()) <= set(stream[1].classes_in_this_experience)
    assert len(plugin.method.memory) == 5


def test_agem_sample_in_both_older_forms():
    plugin = AGEMPlugin(10, 6)
    with pytest.raises(RuntimeError, match="update_memory"):
        plugin.sample_from_memory(4)
    plugin.update_memory(streams.task_incremental().train_stream[1].dataset)
    assert [len(column) for column in plugin.sample_from_memory(4)] == [4, 4]
    x, y, tasks = plugin.sample_from_memory()
    assert len(x) == len(y) == 6
    assert tasks.tolist() == [1] * 6
    assert [len(data) for data in plugin.buffers] == [10]


def test_samples_without_labels_are_of_task_zero():
    plugin = AGEMPlugin(10, 6)
    plugin.update_memory(streams.without_labels().train_stream[0].dataset)
    assert plugin.sample_from_memory()[2].tolist() == [0] * 6


@each_plugin
def test_state_of_another_size_is_refused(make):
    state = make().state_dict()
    state["patterns_per_experience"] = 3
    with pytest.raises(ValueError, match="memory of 3 patterns"):
        make().check_state_dict(state)


@pytest.mark.parametrize(
    "source", [lambda d: d, lambda d: DataLoader(d, 7)], ids=["data", "loader"]
)
def test_every_pattern_is_kept_equally_often(source):
    """Draws without replacement vary less than the test supposes, so it errs on the safe side."""
    numbers, counts = TensorDataset(torch.arange(20), torch.zeros(20)), Counter()
    for seed in range(200):
        torch.manual_seed(seed)
        memory = EpisodicMemory(5)
        memory.add(source(numbers))
        kept = memory.batch(0, "cpu")[0].tolist()
        assert len(set(kept)) == len(kept) == 5
        counts.update(kept)
    assert chisquare([counts[number] for number in range(20)]).pvalue > 1e-3
