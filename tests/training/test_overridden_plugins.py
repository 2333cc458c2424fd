"""Methods of plugins that users override are the ones that training calls."""

import pytest
import torch
from torch.utils.data import DataLoader

from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import Naive
from avalanche.training.plugins import AGEMPlugin, EvaluationPlugin, GEMPlugin


def ends(plugin):
    """The weights after the tiny stream."""
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[plugin], **k), train_epochs=1)
    learn(strategy, streams.class_incremental())
    return weights(strategy)


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


class PassingOn(AGEMPlugin):
    def update_memory(self, dataset, **kwargs):
        self.updates = getattr(self, "updates", 0) + 1
        super().update_memory(dataset, **kwargs)

    def sample_from_memory(self, *args):
        self.samples = getattr(self, "samples", 0) + 1
        return super().sample_from_memory(*args)


class AsIn2021(AGEMPlugin):
    """With a size, two values back."""

    def sample_from_memory(self, sample_size):
        patterns, targets = super().sample_from_memory(sample_size)
        self.sizes = {*getattr(self, "sizes", ()), len(targets)}
        return patterns, targets


class Blank(AGEMPlugin):
    """Shows empty images."""

    def sample_from_memory(self):
        x, y, t = super().sample_from_memory()
        return x[:2] * 0, y[:2], t[:2]


def test_agem_with_own_methods():
    stock = ends(AGEMPlugin(20, 10))
    own = PassingOn(20, 10)
    assert same(ends(own), stock)
    assert own.updates == 3
    assert own.samples > 3
    older = AsIn2021(20, 10)
    assert same(ends(older), stock)
    assert older.sizes == {10}
    assert not same(ends(Blank(20, 10)), stock)


class OwnMemory(AGEMPlugin):
    """Keeps what a loader of its own gives."""

    def update_memory(self, dataset):
        super().update_memory(DataLoader(dataset.subset(range(7)), batch_size=7))


def test_agem_with_a_memory_of_its_own():
    plugin = OwnMemory(20, 5)
    ends(plugin)
    assert [len(buffer) for buffer in plugin.buffers] == [7, 7, 7]


class OwnGEM(GEMPlugin):
    def update_memory(self, dataset, t, batch_size):
        self.known = [*getattr(self, "known", ()), (t, batch_size)]
        super().update_memory(dataset, t, batch_size)

    def solve_quadprog(self, g):
        self.solved = getattr(self, "solved", 0) + 1
        return super().solve_quadprog(g)


class Halting(GEMPlugin):
    """Makes no step where one would raise an earlier loss."""

    def solve_quadprog(self, g):
        return torch.zeros_like(g)


def test_gem_with_own_methods():
    stock = ends(GEMPlugin(20, 0.5))
    own = OwnGEM(20, 0.5)
    for name, value in ends(own).items():
        torch.testing.assert_close(value, stock[name])
    assert own.known == [(0, 8), (1, 8), (2, 8)]
    assert own.solved > 0
    assert not same(ends(Halting(20, 0.5)), stock)


def test_an_evaluator_with_callbacks_of_its_own():
    class Own(EvaluationPlugin):
        seen = ()

        def before_training_exp(self, strategy, **kwargs):
            super().before_training_exp(strategy, **kwargs)
            self.seen = (*self.seen, "training")

        def after_eval_exp(self, strategy, **kwargs):
            super().after_eval_exp(strategy, **kwargs)
            self.seen = (*self.seen, "evaluation")

    benchmark = streams.class_incremental()
    evaluator = Own(accuracy_metrics(stream=True))
    strategy = build(Naive, evaluator=evaluator)
    strategy.train(benchmark.train_stream[0])
    results = strategy.eval(benchmark.test_stream)
    assert evaluator.seen == ("training", *["evaluation"] * len(benchmark.test_stream))
    assert len(results) == 1


@pytest.mark.parametrize("event", ["after_training_iteration", "before_forward"])
def test_an_evaluator_without_callbacks_of_its_own_is_not_called_for_nothing(event):
    assert not EvaluationPlugin(accuracy_metrics(stream=True)).listens(event)


def test_memories_that_are_put_together_when_read_refuse_to_be_written_to():
    """As own methods for avalanche-lib 0.6 do; nothing would be remembered otherwise."""

    class Writes(GEMPlugin):
        def update_memory(self, dataset, t, batch_size):
            self.memory_x[t] = torch.zeros(2, streams.FEATURES)

    class Appends(AGEMPlugin):
        def update_memory(self, dataset, **kwargs):
            self.buffers.append(dataset)

    with pytest.raises(TypeError, match="does not support item assignment"):
        ends(Writes(20, 0.5))
    with pytest.raises(AttributeError, match="append"):
        ends(Appends(20, 5))
