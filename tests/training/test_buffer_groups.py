"""Groups of memories: what they may keep, what removes them, what assignment does to them."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from memory_data import dataset, experience
from scipy import stats
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.training.storage_policy import (
    BalancedExemplarsBuffer,
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
    GreedyBalancingBuffer,
    ParametricBuffer,
    ReservoirSamplingBuffer,
)


def ids(data):
    return data.batch(torch.arange(len(data)))[0].int().tolist() if len(data) else []


def labels(data):
    return data.targets.values.tolist()


class OneOfEachClass(BalancedExemplarsBuffer):
    """A reservoir for each class, in the style of 0.6."""

    def post_adapt(self, agent, exp):
        for key, rows in exp.dataset.targets.val_to_idx.items():
            group = self.buffer_groups.setdefault(key, ReservoirSamplingBuffer(self.max_size))
            group.update_from_dataset(exp.dataset.subset(rows))
        self.resize_groups(agent)


# ------------------------------------------------------------------- groups as a mapping


@pytest.mark.parametrize("make", [ClassBalancedBuffer, lambda n: ParametricBuffer(n, "class")])
@pytest.mark.parametrize("how", ["del", "pop", "clear"])
def test_removing_a_group_removes_its_samples(make, how):
    buffer = make(10)
    buffer.update_from_dataset(dataset([0] * 10 + [1] * 10))
    before = ids(buffer.buffer_groups[1].buffer)
    groups = buffer.buffer_groups
    if how == "del":
        del groups[0]
    elif how == "pop":
        assert labels(groups.pop(0).buffer) == [0] * 5
    else:
        groups.clear()
    left = [] if how == "clear" else before
    assert ids(buffer.buffer) == left
    assert list(groups) == list(buffer.buffer_groups) == ([1] if left else [])
    assert len(groups) == len(list(groups))
    assert 0 not in groups
    with pytest.raises(KeyError):
        del groups[0]
    buffer.update_from_dataset(dataset([2] * 10, 100))
    assert set(left) <= set(ids(buffer.buffer))
    assert buffer.buffer.targets.count == ({1: 5, 2: 5} if left else {2: 10})


def test_a_copy_keeps_the_groups_that_were_removed():
    buffer = ClassBalancedBuffer(10)
    buffer.update_from_dataset(dataset([0] * 10 + [1] * 10))
    twin = deepcopy(buffer)
    del buffer.buffer_groups[0]
    assert (list(twin.buffer_groups), len(twin.buffer)) == ([0, 1], 10)


def test_what_groups_may_keep():
    buffer = ClassBalancedBuffer(100)
    buffer.update_from_dataset(dataset([0] * 5 + [1] * 5))
    assert {k: g.max_size for k, g in buffer.buffer_groups.items()} == {0: 50, 1: 50}
    buffer.update_from_dataset(dataset([1] * 500, 100))
    assert {k: len(g.buffer) for k, g in buffer.buffer_groups.items()} == {0: 5, 1: 95}
    assert {k: g.max_size for k, g in buffer.buffer_groups.items()} == {0: 50, 1: 95}
    fixed = ClassBalancedBuffer(100, adaptive_size=False, total_num_classes=5)
    fixed.update_from_dataset(dataset([0] * 5 + [1] * 500))
    assert {k: g.max_size for k, g in fixed.buffer_groups.items()} == {0: 20, 1: 20}


def test_what_a_group_cannot_do_is_said():
    buffer = ClassBalancedBuffer(10)
    buffer.update_from_dataset(dataset([0] * 10))
    groups, advice = buffer.buffer_groups, "resize.*del buffer_groups.*BalancedExemplarsBuffer"
    with pytest.raises(TypeError, match="buffer_groups.3.: .*update_from_dataset"):
        groups[3] = ReservoirSamplingBuffer(3)
    with pytest.raises(TypeError, match="BalancedExemplarsBuffer"):
        groups.setdefault(3, ReservoirSamplingBuffer(3))
    group = groups[0]
    with pytest.raises(AttributeError, match=f"resize: .*{advice}"):
        group.resize(None, 2)
    with pytest.raises(AttributeError, match=f"buffer: .*{advice}"):
        group.buffer = dataset([0])
    with pytest.raises(AttributeError, match=f"max_size: .*{advice}"):
        group.max_size = 3
    assert len(deepcopy(group).buffer) == 10
    assert len(buffer.buffer) == 10


# ------------------------------------------------------------------- assignment


@pytest.mark.parametrize("make", [ClassBalancedBuffer, lambda n: ParametricBuffer(n, "class")])
def test_assigned_samples_are_in_their_groups(make):
    buffer = make(10)
    buffer.update_from_dataset(dataset([0] * 10 + [1] * 10))
    stored = buffer.buffer
    buffer.buffer = stored.subset((stored.targets.values == 1).nonzero().flatten())
    assert labels(buffer.buffer) == [1] * 5
    assert list(buffer.buffer_groups) == [1]
    buffer.update_from_dataset(dataset([2] * 10, 100))
    assert {k: labels(g.buffer) for k, g in buffer.buffer_groups.items()} == {
        1: [1] * 5,
        2: [2] * 5,
    }
    buffer.resize(None, 4)
    assert buffer.buffer.targets.count == {1: 2, 2: 2}


ASSIGNABLE = [
    ReservoirSamplingBuffer,
    ClassBalancedBuffer,
    ParametricBuffer,
    lambda n: ParametricBuffer(n, "task"),
]


@pytest.mark.parametrize("make", ASSIGNABLE)
def test_assignment_cuts_to_the_capacity_and_goes_on(make):
    buffer = make(6)
    buffer.buffer = dataset([7] * 4, 1000)
    assert sorted(ids(buffer.buffer)) == [1000, 1001, 1002, 1003]
    buffer.update_from_dataset(dataset([0, 1]))
    assert sorted(ids(buffer.buffer)) == [0, 1, 1000, 1001, 1002, 1003]
    buffer.buffer = dataset([7] * 30, 1000)
    assert len(set(ids(buffer.buffer))) == 6
    buffer.resize(None, 3)
    assert len(buffer.buffer) == 3
    buffer.buffer = AvalancheDataset([])
    assert len(buffer.buffer) == 0
    buffer.update_from_dataset(dataset([0] * 9))
    assert len(buffer.buffer) == 3


@pytest.mark.parametrize("make", ASSIGNABLE)
def test_assigned_samples_have_the_chance_of_those_seen(make):
    counts = np.zeros(3)
    for _ in range(400):
        buffer = make(10)
        buffer.buffer = dataset([0] * 20)
        buffer.update_from_dataset(dataset([0] * 40, 20))
        counts += np.bincount(np.array(ids(buffer.buffer)) // 20, minlength=3)
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize(
    "make", [ExperienceBalancedBuffer, lambda n: ParametricBuffer(n, "experience")]
)
def test_samples_assigned_to_a_memory_of_experiences_are_refused(make):
    buffer = make(10)
    for first in (0, 100):
        buffer.post_adapt(None, experience([0] * 10, first))
    before = ids(buffer.buffer)
    with pytest.raises(AttributeError, match="do not say which experience.*post_adapt"):
        buffer.buffer = dataset([0])
    assert ids(buffer.buffer) == before
    del buffer.buffer_groups[0]
    assert min(ids(buffer.buffer)) >= 100
    buffer.buffer = AvalancheDataset([])
    buffer.post_adapt(None, experience([0] * 30, 300))
    assert min(ids(buffer.buffer)) >= 300
    assert len(buffer.buffer) == 10


# ------------------------------------------------------------------- buffers made of buffers


def test_small_groups_of_reservoirs_grow_to_their_share():
    buffer = OneOfEachClass(100)
    for k in range(6):
        buffer.post_adapt(None, experience([0, 1] * 5, 10 * k))
        stored = min(5 * (k + 1), 50)
        groups = buffer.buffer_groups.values()
        assert [(len(g.buffer), g.max_size) for g in groups] == [(stored, 50)] * 2
    buffer.resize(None, 7)
    assert [(len(g.buffer), g.max_size) for g in groups] == [(4, 4), (3, 3)]


def test_groups_of_reservoirs_never_exceed_the_capacity_however_they_grow():
    buffer = OneOfEachClass(100)
    buffer.post_adapt(None, experience([0] * 5 + [1] * 500 + [2] * 500))
    buffer.buffer_groups[0].update_from_dataset(dataset([0] * 500, 2000))
    assert [len(g.buffer) for g in buffer.buffer_groups.values()] == [34, 33, 33]


def test_loading_drops_groups_that_the_state_does_not_have():
    first, second = experience([0] * 10), experience([1] * 10, 100)
    buffer = OneOfEachClass(10)
    buffer.post_adapt(None, first)
    state = buffer.state_dict()
    kept = ids(buffer.buffer)
    buffer.post_adapt(None, second)
    group = buffer.buffer_groups[0]
    buffer.load_state_dict(state, first.dataset.parts)
    assert list(buffer.buffer_groups) == [0]
    assert buffer.buffer_groups[0] is group
    assert ids(buffer.buffer) == kept


# ------------------------------------------------------------------- fixed divisions


def test_more_groups_than_a_fixed_division_expects_are_refused():
    by_class = ClassBalancedBuffer(10, adaptive_size=False, total_num_classes=2)
    by_class.update_from_dataset(dataset([0, 1] * 10))
    before = ids(by_class.buffer), by_class.seen_classes
    with pytest.raises(ValueError, match="total_num_classes=2: there are 4.*total_num_classes=4"):
        by_class.update_from_dataset(dataset([2, 3] * 10, 100))
    assert (ids(by_class.buffer), by_class.seen_classes) == before

    by_experience = ExperienceBalancedBuffer(10, adaptive_size=False, num_experiences=2)
    for k in range(2):
        by_experience.post_adapt(None, experience([0] * 20, 20 * k))
    before = ids(by_experience.buffer)
    with pytest.raises(ValueError, match="num_experiences=2: there are 3.*num_experiences=3"):
        by_experience.post_adapt(None, experience([0] * 20, 100))
    assert ids(by_experience.buffer) == before
    assert len(before) == 10

    own = OneOfEachClass(10, adaptive_size=False, total_num_groups=2)
    with pytest.raises(ValueError, match="total_num_groups=2: there are 5.*total_num_groups=5"):
        own.get_group_lengths(5)


@pytest.mark.parametrize("total", [0, 2.5, True])
def test_the_number_of_groups_is_a_whole_number(total):
    with pytest.raises(ValueError, match="total groups=.*give that number, at least 1"):
        ClassBalancedBuffer(10, adaptive_size=False, total_num_classes=total)


# ------------------------------------------------------------------- sizes, data, bookkeeping


def test_sizes_of_numpy_are_sizes():
    for make in (*ASSIGNABLE, ExperienceBalancedBuffer, GreedyBalancingBuffer):
        buffer = make(np.int64(5))
        buffer.post_adapt(None, experience([0] * 20))
        buffer.resize(None, np.int32(3))
        assert len(buffer.buffer) == 3
        assert type(buffer.max_size) is int


@pytest.mark.parametrize(
    "make", [ReservoirSamplingBuffer, ExperienceBalancedBuffer, ClassBalancedBuffer,
             ParametricBuffer, lambda n: ParametricBuffer(n, "class"), GreedyBalancingBuffer]
)  # fmt: skip
def test_data_sets_of_torch_are_taken_in(make):
    raw = TensorDataset(torch.arange(10.0), torch.arange(10) % 2)
    for data in (raw, AvalancheDataset(raw)):
        buffer = make(4)
        for _ in range(2):
            buffer.post_adapt(None, SimpleNamespace(dataset=data))
        assert len(buffer.buffer) == 4
    if not isinstance(buffer, GreedyBalancingBuffer | ExperienceBalancedBuffer):
        buffer = make(4)
        buffer.buffer = raw
        assert len(buffer.buffer) == 4
        buffer.update_from_dataset(raw)
        assert len(buffer.buffer) == 4


def test_data_without_what_it_is_divided_by_is_named():
    raw = TensorDataset(torch.arange(10.0), torch.arange(10) % 2)
    with pytest.raises(AttributeError, match="no attribute 'targets_task_labels'.*update_data_att"):
        ParametricBuffer(4, "task").update_from_dataset(raw)


def test_groups_of_experiences_that_are_gone_are_forgotten():
    buffer = ParametricBuffer(5, "experience")
    for k in range(100):
        buffer.post_adapt(None, experience([0] * 2, 2 * k))
    assert len(buffer.state_dict()["precedence"]) == len(buffer.buffer_groups) == 5
    assert buffer.seen_groups == set(range(100))


def test_a_generator_goes_on_where_it_was():
    parts = []

    def stream():
        made = [experience([0] * 30, 30 * k) for k in range(4)]
        parts.extend(part for one in made for part in one.dataset.parts)
        return made

    first, *others = stream()
    whole = ReservoirSamplingBuffer(8, torch.Generator().manual_seed(3))
    whole.post_adapt(None, first)
    saved = whole.state_dict()
    states = {"new": torch.Generator().manual_seed(3), "none": None}
    restored = {name: ReservoirSamplingBuffer(8, g) for name, g in states.items()}
    for buffer in restored.values():
        buffer.load_state_dict(saved, parts)
    for one in others:
        for buffer in (whole, *restored.values()):
            buffer.post_adapt(None, one)
    assert ids(whole.buffer) == ids(restored["new"].buffer) == ids(restored["none"].buffer)
    del saved["generator"]  # as in older states
    older = ReservoirSamplingBuffer(8)
    older.load_state_dict(saved, parts)
    assert older.generator is None
    assert len(older.buffer) == 8
