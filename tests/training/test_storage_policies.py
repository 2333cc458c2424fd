"""Memories as dictionaries, as in avalanche-lib 0.0.1."""

from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from scipy import stats
from torch.optim import SGD
from torch.utils.data import Subset, TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.benchmarks.utils import as_classification_dataset
from avalanche.core import SupervisedPlugin
from avalanche.models import SimpleMLP
from avalanche.training.plugins import (
    ClassBalancedStoragePolicy,
    ExperienceBalancedStoragePolicy,
    ReplayPlugin,
    StoragePolicy,
    StrategyCallbacks,
    StrategyPlugin,
)
from avalanche.training.storage_policy import ReservoirSamplingBuffer
from avalanche.training.strategies import BaseStrategy


def benchmark(n_experiences=2):
    data = TensorDataset(torch.arange(60.0).view(60, 1), torch.arange(60) % 6)
    return nc_benchmark(data, data, n_experiences, task_labels=False, shuffle=False)


def fill(policy):
    for experience in benchmark().train_stream:
        policy(SimpleNamespace(experience=experience))


def test_classes_share_equally():
    memory = {}
    policy = ClassBalancedStoragePolicy(memory, 12)
    fill(policy)
    assert policy.ext_mem is memory
    assert {key: len(data) for key, data in memory.items()} == dict.fromkeys(range(6), 2)
    assert all(set(data.targets) == {key} for key, data in memory.items())


def test_a_fixed_number_of_classes_leaves_room():
    memory = {}
    fill(ClassBalancedStoragePolicy(memory, 12, adaptive_size=False, total_num_classes=12))
    assert sum(map(len, memory.values())) == 6


def test_experiences_share_equally_and_use_all_places():
    memory = {}
    policy = ExperienceBalancedStoragePolicy(memory, 31)
    fill(policy)
    assert [len(memory[k]) for k in (0, 1)] == [16, 15]
    policy.resize(None, 7)
    assert len(policy.buffer) == 7


def test_samples_are_drawn_evenly():
    counts = Counter()
    for _ in range(300):
        memory = {}
        ExperienceBalancedStoragePolicy(memory, 10)(
            SimpleNamespace(experience=benchmark(1).train_stream[0])
        )
        counts.update(int(x) for x, *_ in memory[0])
    expected = 300 * 10 / 60
    chi2 = sum((counts[i] - expected) ** 2 / expected for i in range(60))
    assert chi2 < 103  # 0.9995 quantile of 59 degrees of freedom


def test_small_pieces():
    policy = ClassBalancedStoragePolicy({}, 5)
    assert policy.divide_remaining_samples({"a": 1, "b": 1, "c": 1}, 4) == {"a": 3, "b": 2, "c": 2}
    data = benchmark().train_stream[0].dataset
    assert len(policy.subsample_single(data, 4)) == 4
    assert policy.subsample_single(data, 100) is data


def test_state_round_trip():
    memory = {}
    policy = ClassBalancedStoragePolicy(memory, 12)
    fill(policy)
    parts = [part for e in benchmark().train_stream for part in e.dataset.parts]
    other = ClassBalancedStoragePolicy({}, 12)
    other.load_state_dict(policy.state_dict(), parts)
    for key, data in memory.items():
        assert [float(x) for x, *_ in other.ext_mem[key]] == [float(x) for x, *_ in data]


def test_wrong_arguments():
    with pytest.raises(TypeError, match="ext_mem=list: expected a dictionary"):
        ClassBalancedStoragePolicy([], 5)
    with pytest.raises(ValueError, match="fixed division needs"):
        ExperienceBalancedStoragePolicy({}, 5, adaptive_size=False)
    with pytest.raises(TypeError, match="abstract"):
        StoragePolicy()


def test_a_policy_serves_the_replay_plugin():
    memory = {}
    plugin = ReplayPlugin(10, ClassBalancedStoragePolicy(memory, 10))
    model = SimpleMLP(num_classes=6, input_size=1)
    strategy = BaseStrategy(
        model, SGD(model.parameters(), lr=0.01), torch.nn.CrossEntropyLoss(), 10,
        plugins=[plugin], evaluator=None)  # fmt: skip
    strategy.train(benchmark().train_stream)
    assert strategy.train_mb_size == 10
    assert sum(map(len, memory.values())) == 10
    assert len(memory) == 6


class FirstTen(StoragePolicy):
    """A policy of one's own: the first ten samples of every experience."""

    def __init__(self, ext_mem):
        self.ext_mem = ext_mem

    def __call__(self, strategy, **kwargs):
        number = strategy.experience.current_experience
        self.ext_mem[number] = strategy.adapted_dataset.subset(range(10))


@pytest.mark.parametrize("how", ["second", "by name", "assigned"])
def test_a_policy_of_one_s_own_serves_the_replay_plugin(how):
    seen = []

    class Plugin(SupervisedPlugin):
        def after_training_iteration(self, strategy, **kwargs):
            seen.append(len(strategy.mb_x))

    policy = FirstTen({})
    plugin = {
        "second": lambda: ReplayPlugin(40, policy),
        "by name": lambda: ReplayPlugin(40, storage_policy=policy),
        "assigned": lambda: ReplayPlugin(40),
    }[how]()
    if how == "assigned":
        plugin.storage_policy = policy
    assert plugin.storage_policy is policy
    model = SimpleMLP(num_classes=6, input_size=1)
    strategy = BaseStrategy(
        model, SGD(model.parameters(), lr=0.01), torch.nn.CrossEntropyLoss(), 10,
        plugins=[plugin, Plugin()], evaluator=None)  # fmt: skip
    stream = benchmark().train_stream
    strategy.train(stream[:2])
    assert {key: len(data) for key, data in plugin.ext_mem.items()} == {0: 10, 1: 10}
    assert max(seen) == 20  # as many of the memory as are new
    saved = strategy.state_dict()
    policy.ext_mem.clear()
    strategy.load_state_dict(saved, benchmark())
    assert {key: len(data) for key, data in policy.ext_mem.items()} == {0: 10, 1: 10}


def test_what_is_no_storage_policy_is_refused():
    class Nothing(StoragePolicy):
        def __call__(self, strategy, **kwargs):
            """Keeps nothing."""

    with pytest.raises(TypeError, match="Nothing has no attribute ext_mem"):
        ReplayPlugin(10, Nothing())
    with pytest.raises(TypeError, match="expected a buffer, such as ReservoirSamplingBuffer"):
        ReplayPlugin(10, storage_policy="reservoir")


def test_older_names_of_plugins():
    assert issubclass(ReplayPlugin, StrategyPlugin)

    class Count(StrategyCallbacks[int]):
        """A class that says what its callbacks give."""

    assert issubclass(Count, StrategyPlugin)


class Rebinding(FirstTen):
    """Makes a new dictionary each time, of plain subsets."""

    def __call__(self, strategy, **kwargs):
        number = strategy.experience.current_experience
        self.ext_mem = {**self.ext_mem, number: Subset(strategy.adapted_dataset, range(10))}


def test_a_policy_may_change_its_dictionary_for_another():
    policy = Rebinding({})
    plugin = ReplayPlugin(40, policy)
    model = SimpleMLP(num_classes=6, input_size=1)
    strategy = BaseStrategy(
        model, SGD(model.parameters(), lr=0.01), torch.nn.CrossEntropyLoss(), 10,
        plugins=[plugin], evaluator=None)  # fmt: skip
    strategy.train(benchmark().train_stream[:2])
    assert {key: len(data) for key, data in plugin.ext_mem.items()} == {0: 10, 1: 10}
    saved = strategy.state_dict()
    policy.ext_mem = {}
    strategy.load_state_dict(saved, benchmark())
    assert {key: len(data) for key, data in policy.ext_mem.items()} == {0: 10, 1: 10}


def test_subclasses_may_set_the_memory_of_the_replay_plugin():
    class After(ReplayPlugin):
        def __init__(self):
            super().__init__(50)
            self.storage_policy = ReservoirSamplingBuffer(20)

    class ByClass(ReplayPlugin):
        storage_policy = None

    for plugin in (After(), ByClass(20)):
        model = SimpleMLP(num_classes=6, input_size=1)
        strategy = BaseStrategy(
            model, SGD(model.parameters(), lr=0.01), torch.nn.CrossEntropyLoss(), 10,
            plugins=[plugin], evaluator=None)  # fmt: skip
        strategy.train(benchmark().train_stream)
        assert len(plugin.storage_policy.buffer) == 20


def class_that_comes_back(policy, n_experiences=5):
    """Experiences of 20 samples of one class; how many are stored of each."""
    data = TensorDataset(torch.arange(20.0 * n_experiences), torch.zeros(20 * n_experiences).long())
    whole = as_classification_dataset(data)
    for k in range(n_experiences):
        piece = SimpleNamespace(
            dataset=whole.subset(range(20 * k, 20 * k + 20)), current_experience=0
        )
        policy(SimpleNamespace(experience=piece))
    stored = policy.buffer.batch(range(len(policy.buffer)))[0]
    return torch.bincount(stored.long() // 20, minlength=n_experiences)


@pytest.mark.parametrize("make", [ClassBalancedStoragePolicy, ExperienceBalancedStoragePolicy])
def test_a_key_that_comes_back_keeps_its_past(make):
    counts = sum(class_that_comes_back(make({}, 20)) for _ in range(300)).tolist()
    assert sum(counts) == 300 * 20
    assert stats.chisquare(counts).pvalue > 0.001  # 4 of 20 for each experience


def test_what_somebody_else_stored_is_taken_as_seen():
    memory = {0: TensorDataset(torch.arange(100.0, 110.0), torch.zeros(10).long())}
    class_that_comes_back(ClassBalancedStoragePolicy(memory, 25), 1)
    assert len(memory[0]) == 25
    assert len({float(x) for x, *_ in memory[0]}) == 25


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (ClassBalancedStoragePolicy, "total_num_classes"),
        (ExperienceBalancedStoragePolicy, "num_experiences"),
    ],
)
def test_more_keys_than_a_fixed_division_expects_are_refused(make, name):
    memory = {}
    policy = make(memory, 10, adaptive_size=False, **{name: 1})
    first, second = benchmark(6 if name == "total_num_classes" else 2).train_stream[:2]
    policy(SimpleNamespace(experience=first))
    before = dict(memory)
    with pytest.raises(ValueError, match=f"{name}=1: there are 2 groups.*give {name}=2 or more"):
        policy(SimpleNamespace(experience=second))
    assert memory == before
    assert len(policy.buffer) == 10
