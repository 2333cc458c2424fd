"""Resuming with classes that users write, and with the benchmark that they trained on."""

from collections import Counter, defaultdict, deque

import numpy as np
import pytest
import torch
from torch import nn

from avalanche.benchmarks import data_incremental_benchmark
from avalanche.benchmarks.classic import SplitDigits
from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.core import SupervisedPlugin
from avalanche.evaluation import PluginMetric
from avalanche.models import SimpleMLP
from avalanche.testing import streams
from avalanche.testing.strategies import tiny_model
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.strategies import FlowNaive


class Seen(SupervisedPlugin):
    def __init__(self):
        self.samples, self.classes, self.losses = 0, set(), []
        self.per_class, self.mean = Counter(), torch.zeros(())
        self.not_plain = object()

    def after_training_iteration(self, strategy, **kwargs):
        self.samples += len(strategy.mb_y)
        self.classes |= set(strategy.mb_y.tolist())
        self.per_class.update(strategy.mb_y.tolist())
        self.mean = 0.9 * self.mean + 0.1 * strategy.loss.detach()
        self.losses.append(strategy.loss.item())

    def plain(self):
        return self.samples, self.classes, self.losses, self.per_class, self.mean.item()


class Samples(PluginMetric):
    def __init__(self):
        super().__init__()
        self.count = 0

    def before_training_iteration(self, strategy):
        self.count += len(strategy.mb_y)

    def result(self):
        return self.count

    def reset(self):
        self.count = 0


class Prototypes(Naive):
    def __init__(self, *args, **kwargs):
        self.early = 0
        super().__init__(*args, **kwargs)
        self.learnt_classes = []

    def _after_training_exp(self, **kwargs):
        super()._after_training_exp(**kwargs)
        self.early += 1
        self.learnt_classes += self.experience.classes_in_this_experience


def own():
    torch.manual_seed(0)
    model, seen, count = tiny_model(), Seen(), Samples()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Prototypes(
        model, optimizer, train_mb_size=8, plugins=[seen], evaluator=EvaluationPlugin(count)
    )
    return strategy, seen, count


def test_classes_of_ones_own_go_on_where_they_were(tmp_path):
    stream = streams.class_incremental().train_stream
    whole, seen, count = own()
    for experience in stream[:2]:
        whole.train(experience)
    first, *_ = own()
    first.train(stream[0])
    save_checkpoint(first, tmp_path / "state.pt")
    resumed, seen_again, count_again = own()
    assert maybe_load_checkpoint(resumed, tmp_path / "state.pt")[1] == 1
    resumed.train(stream[1])
    assert seen_again.plain() == seen.plain()
    assert count_again.count == count.count > 0
    assert (resumed.early, resumed.learnt_classes) == (2, whole.learnt_classes)
    assert resumed.train_mb_size == 8


def test_a_state_does_not_change_with_the_plugin_it_was_taken_of():
    seen = Seen()
    state = seen.state_dict()
    assert "not_plain" not in state["own"]
    seen.losses.append(1.0)
    seen.per_class["a"] += 2
    seen.mean += 1
    other = Seen()
    other.load_state_dict(state)
    assert other.plain() == (0, set(), [], Counter(), 0.0)
    seen.load_state_dict(seen.state_dict())
    assert seen.per_class == Counter({"a": 2})


def digits(seed, experiences=5):
    return SplitDigits(experiences, seed=seed)


def trained(benchmark, number):
    model = SimpleMLP(num_classes=10, input_size=64, hidden_size=4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Naive(model, optimizer, train_mb_size=64, evaluator=None)
    for experience in benchmark.train_stream[1:][: number - 1] if number else ():
        strategy.train(experience)
    return strategy


def test_experiences_of_another_split_are_refused(tmp_path):
    save_checkpoint(trained(digits(1), 3), tmp_path / "state.pt")
    fresh = trained(digits(1), 0)
    before = {name: p.clone() for name, p in fresh.model.state_dict().items()}
    with pytest.raises(ValueError, match="unique_objects: what was learnt last is experience 2 of"):
        maybe_load_checkpoint(fresh, tmp_path / "state.pt", unique_objects=digits(2))
    assert all(torch.equal(p, before[name]) for name, p in fresh.model.state_dict().items())
    assert maybe_load_checkpoint(fresh, tmp_path / "state.pt", unique_objects=digits(1))[1] == 2


def test_a_stream_that_was_cut_from_the_benchmark_is_resumed_with_it(tmp_path):
    pieces = data_incremental_benchmark(digits(1), 100)
    save_checkpoint(trained(pieces, 8), tmp_path / "state.pt")
    fresh = trained(digits(1), 0)
    assert maybe_load_checkpoint(fresh, tmp_path / "state.pt", unique_objects=digits(1))[1] == 7


def test_what_belongs_to_a_model_or_to_the_constructor_is_left_alone():
    class Holds(SupervisedPlugin):
        def __init__(self, path, model):
            self.path = path
            self.parameters = list(model.parameters())
            self.scale = nn.Parameter(torch.ones(1))
            self.counts, self.sums = Counter(), defaultdict(float)
            self.last, self.array = deque(maxlen=2), np.zeros(2)
            self.seen = self.same = []
            self.itself = {}
            self.itself["itself"] = self.itself

    model = nn.Linear(2, 2)
    first = Holds("a", model)
    first.sums["x"] += 0.5
    first.counts["y"] += 2
    first.last.extend([1, 2, 3])
    first.array += 3
    first.seen.append(1)
    again = Holds("b", model)
    again.load_state_dict(first.state_dict())
    assert again.path == "b"
    assert again.parameters[0] is model.weight
    assert isinstance(again.scale, nn.Parameter)
    assert (again.sums["x"], again.sums["new"]) == (0.5, 0.0)
    assert again.counts == Counter(y=2)
    assert again.last == deque([2, 3], maxlen=2)
    assert again.last.maxlen == 2
    assert again.array.tolist() == [3, 3]
    assert again.seen is again.same
    assert again.seen == [1]
    assert again.itself["itself"] is again.itself


def test_a_class_that_adds_to_the_state_of_its_base_loads_its_own_part():
    class Adds(SupervisedPlugin):
        def __init__(self):
            self.memory, self.count = Seen(), 0

        def state_dict(self):
            return {**super().state_dict(), "memory": self.memory.state_dict()}

        def load_state_dict(self, state, **context):
            super().load_state_dict(state, **context)
            self.memory.load_state_dict(state["memory"])

    first, again = Adds(), Adds()
    first.memory.samples, first.count = 3, 2
    again.load_state_dict(first.state_dict())
    assert (again.memory.samples, again.count) == (3, 2)


def test_a_strategy_of_flows_is_refused_by_its_true_reason(tmp_path):
    model = SimpleMLP()
    strategy = FlowNaive(model, "classifier", torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(TypeError, match="FlowNaive has no state_dict"):
        save_checkpoint(strategy, tmp_path / "state.pt")
    assert not list(tmp_path.iterdir())
