"""Resuming with classes that users write, and with the benchmark that they trained on."""

from collections import Counter

import pytest
import torch

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
    assert "not_plain" not in state
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


@pytest.mark.parametrize("other", [digits(2), digits(1, 2)], ids=["classes", "experiences"])
def test_experiences_of_another_split_are_refused(tmp_path, other):
    save_checkpoint(trained(digits(1), 3), tmp_path / "state.pt")
    fresh = trained(digits(1), 0)
    before = {name: p.clone() for name, p in fresh.model.state_dict().items()}
    with pytest.raises(ValueError, match="unique_objects: what was learnt last is experience 2 of"):
        maybe_load_checkpoint(fresh, tmp_path / "state.pt", unique_objects=other)
    assert all(torch.equal(p, before[name]) for name, p in fresh.model.state_dict().items())
    assert maybe_load_checkpoint(fresh, tmp_path / "state.pt", unique_objects=digits(1))[1] == 2


def test_a_strategy_of_flows_is_refused_by_its_true_reason(tmp_path):
    model = SimpleMLP()
    strategy = FlowNaive(model, "classifier", torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(TypeError, match="FlowNaive has no state_dict"):
        save_checkpoint(strategy, tmp_path / "state.pt")
    assert not list(tmp_path.iterdir())
