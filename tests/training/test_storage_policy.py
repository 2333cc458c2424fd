"""Buffers: capacity, sampling law, quotas, state."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_data import dataset, experience
from scipy import stats

from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.plugins import ReplayPlugin
from avalanche.training.storage_policy import (
    BalancedExemplarsBuffer,
    ClassBalancedBuffer,
    ClosestToCenterSelectionStrategy,
    ExemplarsBuffer,
    ExperienceBalancedBuffer,
    HerdingSelectionStrategy,
    ParametricBuffer,
    ReservoirSamplingBuffer,
)
from avalanche.training.storage_policy.grouped import fill_shares


def ids(buffer):
    data = buffer.buffer
    return [] if len(data) == 0 else data.batch(torch.arange(len(data)))[0].int().tolist()


MAKERS = [
    ReservoirSamplingBuffer,
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
    ParametricBuffer,
]


@pytest.mark.parametrize("make", MAKERS)
@given(
    size=st.integers(0, 12),
    stream=st.lists(st.lists(st.integers(0, 3), max_size=9), max_size=5),
    new_size=st.integers(0, 12),
)
@settings(max_examples=40, deadline=None)
def test_capacity_holds_and_is_used(make, size, stream, new_size):
    buffer, seen = make(size), 0
    assert len(buffer.buffer) == 0
    for targets in stream:
        buffer.update(SimpleNamespace(experience=experience(targets, seen)))
        seen += len(targets)
        assert len(buffer.buffer) == min(size, seen)
        assert len(set(ids(buffer))) == len(buffer.buffer)
    buffer.resize(None, new_size)
    assert len(buffer.buffer) == min(size, seen, new_size)


def test_every_sample_is_kept_with_equal_probability():
    """Chi-square of how often each of 5 experiences of 20 is stored: 4 of 20 slots each."""
    counts = np.zeros(5)
    pieces = [dataset([0] * 20, first_id=20 * k) for k in range(5)]
    for _ in range(2000):
        buffer = ReservoirSamplingBuffer(20)
        for piece in pieces:
            buffer.update_from_dataset(piece)
        counts += np.bincount(np.array(ids(buffer)) // 20, minlength=5)
    assert counts.sum() == 2000 * 20
    # Sampling without replacement: the variance is below the multinomial's, so this is strict.
    assert stats.chisquare(counts).pvalue > 0.01


def test_single_samples_are_kept_with_equal_probability():
    counts = np.zeros(12)
    for _ in range(2000):
        buffer = ReservoirSamplingBuffer(3)
        for start in (0, 5, 6):
            width = {0: 5, 5: 1, 6: 6}[start]
            buffer.update_from_dataset(dataset([0] * width, first_id=start))
        counts[ids(buffer)] += 1
    assert stats.chisquare(counts).pvalue > 0.01


def test_shrinking_keeps_a_uniform_sample():
    counts = np.zeros(10)
    for _ in range(2000):
        buffer = ReservoirSamplingBuffer(6)
        buffer.update_from_dataset(dataset([0] * 10))
        buffer.resize(None, 2)
        counts[ids(buffer)] += 1
    assert stats.chisquare(counts).pvalue > 0.01


def test_the_quota_of_a_rare_class_is_given_to_others():
    """Row 32: 100 slots, one class with 5 samples: the buffer is full all the same."""
    buffer = ClassBalancedBuffer(100)
    buffer.update_from_dataset(dataset([0] * 5 + [1] * 500 + [2] * 500))
    assert len(buffer.buffer) == 100
    count = buffer.buffer.targets.count
    assert count[0] == 5
    assert {count[1], count[2]} == {47, 48}


def test_classes_are_balanced_as_they_arrive():
    buffer = ClassBalancedBuffer(10)
    buffer.update_from_dataset(dataset([0] * 50 + [1] * 50))
    assert buffer.buffer.targets.count == {0: 5, 1: 5}
    buffer.update_from_dataset(dataset([7] * 50, first_id=100))
    assert sorted(buffer.buffer.targets.count.values()) == [3, 3, 4]
    assert buffer.seen_classes == {0, 1, 7}


def test_fixed_shares_leave_room_for_classes_to_come():
    buffer = ClassBalancedBuffer(10, adaptive_size=False, total_num_classes=5)
    buffer.update_from_dataset(dataset([0] * 50 + [1] * 50))
    assert buffer.buffer.targets.count == {0: 2, 1: 2}


def test_experiences_have_equal_shares():
    buffer = ExperienceBalancedBuffer(9)
    for k in range(3):
        buffer.update(SimpleNamespace(experience=experience([k] * 20, 20 * k)))
    assert [len(g.buffer) for g in buffer.buffer_groups.values()] == [3, 3, 3]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 60))
def test_shares_are_as_equal_as_possible(stored, capacity):
    """Water-filling: full use, and no group gets more while a smaller share could grow."""
    base, extra = divmod(capacity, len(stored))
    kept = fill_shares(stored, [base + (i < extra) for i in range(len(stored))])
    assert sum(kept) == min(capacity, sum(stored))
    assert all(k <= s for k, s in zip(kept, stored, strict=True))
    unsatisfied = [k for k, s in zip(kept, stored, strict=True) if k < s]
    if unsatisfied:
        assert max(kept) <= min(unsatisfied) + 1


@pytest.mark.parametrize("make", MAKERS)
def test_state_round_trip(make):
    data = dataset([0, 1] * 20)
    buffer = make(7)
    buffer.update(SimpleNamespace(experience=SimpleNamespace(dataset=data)))
    other = make(3)
    other.load_state_dict(buffer.state_dict(), data.parts)
    assert ids(other) == ids(buffer)
    assert other.buffer.targets.values.tolist() == buffer.buffer.targets.values.tolist()
    for b in (buffer, other):
        torch.manual_seed(3)
        b.update(SimpleNamespace(experience=experience([2] * 30, 100)))
    assert ids(other) == ids(buffer)


def test_a_subclass_in_the_style_of_0_6():
    class ByParity(BalancedExemplarsBuffer):
        def post_adapt(self, agent, exp):
            targets = exp.dataset.targets.values
            lengths = self.get_group_lengths(2)
            for parity in (0, 1):
                group = self.buffer_groups.setdefault(
                    parity, ReservoirSamplingBuffer(lengths[parity])
                )
                chosen = (targets % 2 == parity).nonzero().flatten()
                group.update_from_dataset(exp.dataset.subset(chosen))

    buffer = ByParity(5)
    buffer.update(SimpleNamespace(experience=experience([0, 1, 2, 3] * 5)))
    assert [len(d) for d in buffer.buffer_datasets] == [3, 2]


class FirstComeUpdate(ExemplarsBuffer):
    """The first samples of the last experience, by ``update``, as older releases have it."""

    def update(self, strategy, **kwargs):
        self.buffer = strategy.experience.dataset.subset(range(self.max_size))

    def resize(self, strategy, new_size):
        self.max_size = new_size
        self.buffer = self.buffer.subset(range(min(new_size, len(self.buffer))))


class FirstComePostAdapt(FirstComeUpdate):
    """The same by ``post_adapt``."""

    update = ExemplarsBuffer.update

    def post_adapt(self, agent_state, exp):
        self.buffer = exp.dataset.subset(range(self.max_size))


class NeverLearns(ExemplarsBuffer):
    def resize(self, strategy, new_size):
        self.max_size = new_size


class SuperUpdate(FirstComeUpdate):
    def update(self, strategy, **kwargs):
        ExemplarsBuffer.update(self, strategy, **kwargs)  # does nothing, as in 0.6
        super().update(strategy, **kwargs)


class SuperPostAdapt(FirstComePostAdapt):
    def post_adapt(self, agent_state, exp):
        ExemplarsBuffer.post_adapt(self, agent_state, exp)  # does nothing either
        super().post_adapt(agent_state, exp)


OWN = [FirstComeUpdate, FirstComePostAdapt, SuperUpdate, SuperPostAdapt]


@pytest.mark.parametrize("make", OWN)
def test_a_buffer_of_ones_own_needs_one_way_to_learn_and_resize(make):
    first, second = experience([0] * 9), experience([1] * 9, 100)
    buffer = make(4)
    assert ids(buffer) == []
    buffer.update(SimpleNamespace(experience=first))
    assert ids(buffer) == [0, 1, 2, 3]
    buffer.post_adapt(None, second)
    assert ids(buffer) == [100, 101, 102, 103]
    buffer.post_update(first, None)
    assert ids(buffer) == [0, 1, 2, 3]
    buffer.resize(None, 3)
    assert ids(buffer) == [0, 1, 2]


@pytest.mark.parametrize("make", OWN)
def test_a_buffer_of_ones_own_is_saved_and_replayed(make):
    benchmark = streams.class_incremental()
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(streams.FEATURES, 6))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    plugin = ReplayPlugin(mem_size=5, storage_policy=make(5))
    strategy = Naive(model, optimizer, train_mb_size=10, plugins=[plugin], evaluator=None)
    strategy.train(benchmark.train_stream[:2])
    stored = plugin.storage_policy
    again = make(2)
    again.load_state_dict(stored.state_dict(), benchmark.train_stream[1].dataset.parts)
    assert again.max_size == 5
    assert again.buffer == stored.buffer
    assert len(again.buffer) == 5


def test_a_buffer_without_a_way_to_learn_says_so():
    message = "NeverLearns: .*define post_adapt.* or update"
    with pytest.raises(NotImplementedError, match=message):
        NeverLearns(3).update(SimpleNamespace(experience=experience([0])))
    with pytest.raises(NotImplementedError, match=message):
        NeverLearns(3).post_adapt(None, experience([0]))


@pytest.mark.parametrize("size", [-1, 2.5, True])
@pytest.mark.parametrize("make", MAKERS)
def test_capacity_must_be_a_whole_number(make, size):
    with pytest.raises(ValueError, match="max_size=.*expected a whole number of samples"):
        make(size)


def test_fixed_shares_need_the_number_of_groups():
    with pytest.raises(ValueError, match="adaptive_size=False.*how many groups"):
        ClassBalancedBuffer(10, adaptive_size=False)


@pytest.mark.parametrize("groupby", [None, "class", "task", "experience"])
def test_the_parametric_buffer_keeps_every_sample_with_equal_probability(groupby):
    """Row 31: not 0, .15, .35, 2.7 and 16.8 of 20 for five experiences, but 4 each."""
    counts = np.zeros(5)
    experiences = [SimpleNamespace(experience=experience([0] * 20, 20 * k)) for k in range(5)]
    for _ in range(2000):
        buffer = ParametricBuffer(20, groupby)
        for one in experiences:
            buffer.update(one)
        counts += np.bincount(np.array(ids(buffer)) // 20, minlength=5)
    assert counts.sum() == 2000 * 20
    assert stats.chisquare(counts).pvalue > 0.01


def test_more_experiences_than_places_all_have_the_same_chance():
    counts = np.zeros(12)
    for _ in range(2000):
        buffer = ExperienceBalancedBuffer(3)
        for k in range(12):
            buffer.update(SimpleNamespace(experience=experience([0] * 2, 2 * k)))
        assert len(buffer.buffer_groups) == len(buffer._precedence) == 3
        counts[[i // 2 for i in ids(buffer)]] += 1
    assert stats.chisquare(counts).pvalue > 0.01


class Identity(torch.nn.Module):
    """A model whose feature is its input."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Identity()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.layer(x)


def points(values, targets=None):
    x = torch.tensor(values, dtype=torch.float32)
    y = torch.zeros(len(values), dtype=torch.int64) if targets is None else torch.tensor(targets)
    return _make_taskaware_tensor_classification_dataset(x, y)


def herding_by_hand(values):
    """Greedy choice with numpy, all sums written out."""
    values, chosen = np.array(values), []
    for count in range(1, len(values) + 1):
        best = min(
            (i for i in range(len(values)) if i not in chosen),
            key=lambda i: np.linalg.norm(values.mean(0) - (values[[*chosen, i]].sum(0)) / count),
        )
        chosen.append(best)
    return chosen


def test_herding_against_the_definition():
    values = np.random.default_rng(0).normal(size=(15, 3)).tolist()
    found = HerdingSelectionStrategy(Identity(), "layer").make_sorted_indices(None, points(values))
    assert found == herding_by_hand(values)


def test_herding_has_no_limit_on_the_number_of_samples():
    values = np.random.default_rng(0).normal(size=(1200, 2)).tolist()
    found = HerdingSelectionStrategy(Identity(), "layer").make_sorted_indices(None, points(values))
    assert sorted(found) == list(range(1200))


def test_closest_to_the_center():
    selection = ClosestToCenterSelectionStrategy(Identity(), "layer")
    assert selection.make_sorted_indices(None, points([[0.0], [10.0], [4.0], [5.0]])) == [
        3,
        2,
        0,
        1,
    ]


def test_a_selection_decides_what_each_class_keeps():
    selection = ClosestToCenterSelectionStrategy(Identity(), "layer")
    buffer = ParametricBuffer(4, "class", selection)
    buffer.update_from_dataset(points([[0.0], [9.0], [5.0], [4.0]], [0, 0, 0, 0]))
    buffer.update_from_dataset(points([[1.0], [8.0], [3.0], [3.5]], [1, 1, 1, 1]))
    assert sorted(buffer.buffer.batch(range(4))[0].flatten().tolist()) == [3.0, 3.5, 4.0, 5.0]


def test_an_unknown_layer_names_the_nearest():
    with pytest.raises(ValueError, match="output_layer_name='layr'.*did you mean layer"):
        HerdingSelectionStrategy(Identity(), "layr")


def test_an_unknown_grouping_is_refused():
    with pytest.raises(ValueError, match="groupby='classes': expected 'class', 'task'"):
        ParametricBuffer(3, "classes")


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS)
def test_the_state_does_not_grow_over_many_updates(make):
    """2,000 online experiences of 5 samples: what a checkpoint holds stays what it was."""
    data = dataset((np.arange(10_000) % 10).tolist())
    buffer, sizes = make(100), []
    for k in range(2000):
        piece = data.subset(torch.arange(5 * k, 5 * k + 5))
        buffer.update(SimpleNamespace(experience=SimpleNamespace(dataset=piece)))
        if k in (200, 1999):
            sizes.append(len(repr(buffer.state_dict())))
    assert sizes[1] < sizes[0] * 1.1
    assert len(buffer.buffer) == 100
