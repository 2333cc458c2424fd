"""GEM and A-GEM where they are known to be wrong elsewhere, row by row."""

import copy

import pytest
import torch
import torch.nn.functional as F
from scipy.stats import chisquare
from torch import nn

from avalanche.core import SupervisedPlugin
from avalanche.models import MTSimpleMLP
from avalanche.testing import streams
from avalanche.training import AGEM, Naive
from avalanche.training.plugins import AGEMPlugin, GEMPlugin


def loop(model, *plugins, **options):
    options = {"train_mb_size": 8, "evaluator": None, **options}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Naive(model, optimizer, plugins=list(plugins), **options)


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))


# Row 22


def test_row_22_agem_runs_with_more_experiences_than_patterns_in_a_sample():
    model = linear()
    strategy = AGEM(
        model,
        torch.optim.SGD(model.parameters(), 0.1),
        None,
        4,
        2,
        train_mb_size=20,
        evaluator=None,
    )
    sizes = []

    class Sizes(SupervisedPlugin):
        def before_forward(self, strategy, **kwargs):
            memory = strategy.plugins[1].agem.memory
            sizes.append(len(memory.sample(2, "cpu")[1]) if len(memory) else None)

    strategy.plugins.insert(0, Sizes())
    for experience in streams.domain_incremental(experiences=5).train_stream:
        strategy.train(experience)
    assert set(sizes[2:]) == {2}


@pytest.mark.parametrize("sample_size", [3, 7, 16])
def test_row_22_agem_draws_a_sample_of_the_size_that_was_asked_for(sample_size):
    plugin = AGEMPlugin(20, sample_size)
    for count, experience in enumerate(streams.domain_incremental(6).train_stream, start=1):
        plugin.update_memory(experience.dataset)
        assert len(plugin.sample_from_memory()[0]) == min(sample_size, 20 * count)


def test_row_22_agem_draws_uniformly_from_the_whole_memory():
    """A large and a small experience: patterns count the same, experiences do not."""
    plugin = AGEMPlugin(30, 6)
    large = torch.utils.data.TensorDataset(torch.arange(30.0)[:, None], torch.zeros(30).long())
    small = torch.utils.data.TensorDataset(torch.arange(30.0, 36)[:, None], torch.ones(6).long())
    plugin.update_memory(large)
    plugin.update_memory(small)
    torch.manual_seed(0)
    drawn = torch.cat([plugin.sample_from_memory(6)[0].flatten() for _ in range(1200)])
    counts = torch.bincount(drawn.long(), minlength=36)
    assert chisquare(counts.numpy()).pvalue > 1e-3
    one_draw = plugin.sample_from_memory(36)[0].flatten()
    assert len(set(one_draw.tolist())) == 36  # each at most once


# Once wrong: a projection per parameter, and unused heads


def flat(tensors):
    return torch.cat([t.flatten() for t in tensors])


def test_fixed_agem_projects_by_one_global_dot_product_pr791():
    """One layer agrees with the memory and one does not: both move, or neither."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False))
    plugin = AGEMPlugin(1, 1)
    parameters = list(model.parameters())
    first, second = parameters
    first.grad, second.grad = torch.full((2, 2), 1.0), torch.full((1, 2), -3.0)
    plugin.agem.reference = torch.ones(6)
    plugin.agem._used = [True, True]
    plugin.agem.project(parameters)
    # g.r = 4 - 6 = -2 and r.r = 6: all entries grow by a third, those that agreed included.
    torch.testing.assert_close(first.grad, torch.full((2, 2), 4 / 3))
    torch.testing.assert_close(second.grad, torch.full((1, 2), -8 / 3))
    # In total they agree: nothing is changed, though one layer by itself does not.
    first.grad, second.grad = torch.full((2, 2), 1.0), torch.full((1, 2), -1.0)
    plugin.agem.project(parameters)
    assert flat([first.grad, second.grad]).tolist() == [1.0] * 4 + [-1.0] * 2


def test_fixed_agem_counts_unused_heads_as_zeros_pr791():
    """Two heads: the batch uses one, the memory the other, and the body decides.

    Where a correction is due the head of the memory takes part in it; else nothing touches it.
    """
    torch.manual_seed(0)
    model = MTSimpleMLP(input_size=streams.FEATURES, hidden_size=6)
    model.features = nn.Sequential(*(m for m in model.features if not isinstance(m, nn.Dropout)))
    plugin = AGEMPlugin(40, 40)
    strategy = loop(model, plugin, train_mb_size=8, train_epochs=6)
    stream = streams.task_incremental().train_stream
    strategy.train(stream[0])
    memory = plugin.agem.memory.batch(0, "cpu")
    found, due = {}, set()

    class Compare(SupervisedPlugin):
        def before_backward(self, strategy, **kwargs):
            names, parameters = zip(*strategy.model.named_parameters(), strict=True)
            ask = {"allow_unused": True, "materialize_grads": True}
            g = torch.autograd.grad(strategy.loss, parameters, retain_graph=True, **ask)
            twin = copy.deepcopy(strategy.model)
            loss = F.cross_entropy(twin(memory[0], memory[2]), memory[1])
            r = torch.autograd.grad(loss, list(twin.parameters()), **ask)
            product, norm = flat(g) @ flat(r), flat(r) @ flat(r)
            share = min(0.0, float(product / norm))
            found["expected"] = {n: a - share * b for n, a, b in zip(names, g, r, strict=True)}
            due.add(share < 0)
            found["due"] = share < 0
            found["unused"] = [n for n, a in zip(names, g, strict=True) if not a.any()]

        def before_update(self, strategy, **kwargs):
            found["got"] = {n: p.grad for n, p in strategy.model.named_parameters()}
            for name, want in found["expected"].items():
                got = found["got"][name]
                if name in found["unused"] and not found["due"]:
                    assert got is None
                    continue
                torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-3)
            assert any("classifiers.0" in name for name in found["unused"])

    strategy.add_plugin(Compare())
    strategy.train(stream[1])
    assert due == {True, False}


# Once wrong: loaders that hang, workers that die


@pytest.mark.parametrize(
    "make", [lambda: AGEMPlugin(10, 8), lambda: GEMPlugin(10, 0.5)], ids=["AGEM", "GEM"]
)
def test_fixed_memories_are_read_by_index_without_loaders_841_950(make, monkeypatch):
    """No loader, no worker process and no endless iterator takes part in an update."""
    plugin = make()
    strategy = loop(linear(), plugin)
    stream = streams.class_incremental().train_stream
    strategy.train(stream[0])
    import torch.utils.data as data

    from avalanche.benchmarks.utils.loader_base import PlanLoader

    def refuse(*args, **kwargs):
        raise AssertionError("a loader was made for the memory")

    look_back = plugin.method.look_back

    def watched(*args):
        with monkeypatch.context() as patch:
            patch.setattr(data.DataLoader, "__init__", refuse)
            patch.setattr(PlanLoader, "__init__", refuse)
            look_back(*args)

    monkeypatch.setattr(plugin.method, "look_back", watched)
    strategy.train(stream[1])
    assert len(plugin.method.memory) == 20


# Seen in rivals: GEM trained on its memory, and took every experience in twice


def test_fixed_gem_takes_an_experience_in_once_and_never_trains_on_memory():
    plugin = GEMPlugin(10, 0.0)
    strategy = loop(linear(), plugin)
    batches = []

    class Count(SupervisedPlugin):
        def before_forward(self, strategy, **kwargs):
            batches.append(set(strategy.mb_y.tolist()))

    strategy.add_plugin(Count())
    for experience in streams.class_incremental().train_stream:
        batches.clear()
        strategy.train(experience)
        assert set().union(*batches) == set(experience.classes_in_this_experience)
        assert len(batches) == 5
    assert {k: len(v) for k, v in plugin.memory_x.items()} == {0: 10, 1: 10, 2: 10}


def test_fixed_gem_solves_where_the_gradients_of_experiences_are_alike():
    """Twice the same experience: the matrix of the dual is singular."""
    plugin = GEMPlugin(4, 0.0)
    plugin.G = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    solution = plugin.solve_quadprog(torch.tensor([-2.0, 0.0, 5.0]))
    torch.testing.assert_close(solution, torch.tensor([-1.0, 1.0, 5.0]))
