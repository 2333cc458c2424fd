"""Loaders: their orders against sequences worked out by hand, and what all of them promise."""

import gc
import itertools
import multiprocessing
import pickle
import weakref

import pytest
import torch
from torchvision.transforms import Compose, ConvertImageDtype, Normalize, RandomHorizontalFlip

from avalanche.benchmarks.utils import TransformGroups, make_detection_dataset
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.benchmarks.utils.data_loader import (
    GroupBalancedDataLoader,
    GroupBalancedInfiniteDataLoader,
    ReplayDataLoader,
    SingleDatasetDataLoader,
    TaskBalancedDataLoader,
)


def group(n, task, first=0):
    return tensor_set(torch.arange(first, first + n).float(), torch.arange(n) % 3, task_labels=task)


@pytest.fixture
def groups():
    return [group(10, 0), group(4, 1, 100), group(7, 2, 200)]


def tolist(batch):
    return batch[0].long().tolist()


def numbers(loader):
    return [tolist(batch) for batch in loader]


def cycle(batches, length, size, number, first):
    """Batch ``number`` of a group that starts again after that many batches."""
    start = number % batches * size
    return [first + i for i in range(start, min(start + size, length))]


def test_single_dataset_batches(groups):
    loader = SingleDatasetDataLoader(groups[0], batch_size=4)
    assert numbers(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (len(loader), len(SingleDatasetDataLoader(groups[0], 4, drop_last=True))) == (3, 2)


def test_groups_share_a_batch_and_disappear_when_they_end(groups):
    expected = [
        [0, 1, 2, 100, 101, 200, 201],
        [3, 4, 5, 102, 103, 202, 203],
        [6, 7, 8, 204, 205],
        [9, 206],
    ]
    assert numbers(GroupBalancedDataLoader(groups, batch_size=7)) == expected
    joined = groups[0] + groups[1] + groups[2]
    assert numbers(TaskBalancedDataLoader(joined, batch_size=7)) == expected
    dropped = GroupBalancedDataLoader(groups, batch_size=7, drop_last=True)
    assert numbers(dropped) == expected[:3]
    assert len(dropped) == 3


def test_small_groups_start_again_where_asked(groups):
    loader = GroupBalancedDataLoader(groups, batch_size=7, oversample_small_groups=True)
    assert numbers(loader) == [
        [0, 1, 2, 100, 101, 200, 201],
        [3, 4, 5, 102, 103, 202, 203],
        [6, 7, 8, 100, 101, 204, 205],
        [9, 102, 103, 206],
    ]


def test_groups_take_turns_in_batches_that_are_too_small(groups):
    loader = GroupBalancedDataLoader(groups, batch_size=2)
    got = numbers(loader)
    assert got[:3] == [[0, 100], [200, 1], [101, 201]]
    assert sorted(itertools.chain(*got)) == [*range(10), *range(100, 104), *range(200, 207)]
    assert [len(b) for b in got] == [2] * 10 + [1]
    assert len(loader) == len(got)
    five = [group(6, t, 10 * t) for t in range(5)]
    batches = list(GroupBalancedDataLoader(five, batch_size=4, oversample_small_groups=True))
    assert [len(b[0]) for b in batches] == [4] * 7 + [2]
    assert torch.cat([b[2] for b in batches]).bincount().tolist() == [6] * 5


def test_data_without_task_labels_is_one_task():
    data = torch.utils.data.TensorDataset(torch.arange(5.0), torch.arange(5))
    assert numbers(TaskBalancedDataLoader(data, batch_size=3)) == [[0, 1, 2], [3, 4]]


def test_the_endless_loader_starts_its_groups_again_for_ever(groups):
    loader = GroupBalancedInfiniteDataLoader(groups[1:], batch_size=3)
    got = [tolist(b) for b in itertools.islice(loader, 200)]
    assert got[:3] == [
        [100, 101, 102, 200, 201, 202],
        [103, 203, 204, 205],
        [100, 101, 102, 206],
    ]
    assert got == [cycle(2, 4, 3, k, 100) + cycle(3, 7, 3, k, 200) for k in range(200)]
    assert len(loader) == 10**10
    full = GroupBalancedInfiniteDataLoader(groups[1:], batch_size=3, drop_last=True, shuffle=True)
    assert all(len(set(b)) == 6 for b in itertools.islice(map(tolist, full), 200))
    with pytest.raises(ValueError, match="all are empty"):
        GroupBalancedInfiniteDataLoader([groups[0].subset([])])


def test_replay_lists_current_data_first_and_ends_with_it(groups):
    loader = ReplayDataLoader(groups[0], groups[1], True, batch_size=4, batch_size_mem=3)
    assert numbers(loader) == [
        [0, 1, 2, 3, 100, 101, 102],
        [4, 5, 6, 7, 103],
        [8, 9, 100, 101, 102],
    ]
    assert len(loader) == 3
    once = ReplayDataLoader(groups[0], groups[1], batch_size=4, batch_size_mem=3)
    assert numbers(once) == [[0, 1, 2, 3, 100, 101, 102], [4, 5, 6, 7, 103], [8, 9]]
    longer = ReplayDataLoader(groups[1], groups[0], batch_size=2, batch_size_mem=2)
    assert numbers(longer) == [[100, 101, 0, 1], [102, 103, 2, 3]]
    small = ReplayDataLoader(groups[1], groups[2].subset([0]), True, batch_size=2, batch_size_mem=3)
    assert numbers(small) == [[100, 101, 200], [102, 103, 200]]


def rest_of(length, size, drop_last):
    """Samples that a group of that length has in the batches of one round."""
    return length // size * size if drop_last and length >= size else length


@pytest.mark.parametrize("drop_last", [False, True], ids=["all", "drop_last"])
@pytest.mark.parametrize("mem", [1, 3, 4, 6, 10, 12, 50])
def test_replay_repeats_no_sample_in_a_batch(mem, drop_last):
    """Sizes and samples of every batch, against a memory that a list hands out."""
    options = {"batch_size": 8, "batch_size_mem": 8, "drop_last": drop_last}
    data, memory = group(42, 0), group(mem, 1, 100)
    in_order = numbers(ReplayDataLoader(data, memory, True, **options))
    left, expected = [], []
    for first in range(0, 40 if drop_last else 42, 8):
        if not left:
            left = list(range(100, 100 + rest_of(mem, 8, drop_last)))
        expected.append([*range(first, min(first + 8, 42)), *left[:8]])
        left = left[8:]
    assert in_order == expected
    mixed = numbers(ReplayDataLoader(data, memory, True, shuffle=True, **options))
    assert [len(b) for b in mixed] == [len(b) for b in expected]
    assert all(len(b) == len(set(b)) for b in mixed)
    if not drop_last:
        round_ends = -(-mem // 8)
        first_round = [n for b in mixed[:round_ends] for n in b if n >= 100]
        assert len(mixed) < round_ends or sorted(first_round) == [*range(100, 100 + mem)]


@pytest.mark.parametrize("made", [TaskBalancedDataLoader, GroupBalancedDataLoader])
def test_a_group_smaller_than_its_share_is_in_every_batch_once(made):
    parts = [group(10, 0), group(2, 1, 100)]
    data = parts[0] + parts[1] if made is TaskBalancedDataLoader else parts
    loader = made(data, batch_size=8, oversample_small_groups=True)
    expected = [[0, 1, 2, 3, 100, 101], [4, 5, 6, 7, 100, 101], [8, 9, 100, 101]]
    assert numbers(loader) == expected
    whole = made(data, batch_size=8, oversample_small_groups=True, drop_last=True)
    assert numbers(whole) == expected[:2]


def test_replay_divides_the_memory_among_its_tasks(groups):
    memory = groups[1] + groups[2]
    loader = ReplayDataLoader(
        groups[0], memory, True, batch_size=5, batch_size_mem=3, task_balanced_dataloader=True
    )
    assert numbers(loader) == [[0, 1, 2, 3, 4, 100, 101, 200], [5, 6, 7, 8, 9, 102, 103, 201]]
    many = groups[1] + groups[2] + group(5, 3, 300)
    turns = ReplayDataLoader(
        groups[0], many, True, batch_size=5, batch_size_mem=2, task_balanced_dataloader=True
    )
    assert numbers(turns) == [[0, 1, 2, 3, 4, 100, 200], [5, 6, 7, 8, 9, 300, 101]]


def test_replay_takes_a_size_per_task(groups):
    data, memory = groups[0] + groups[2], groups[1]
    loader = ReplayDataLoader(data, memory, batch_size={0: 3, 2: 2}, batch_size_mem={1: 2})
    assert numbers(loader)[0] == [0, 1, 2, 200, 201, 100, 101]
    assert [len(b) for b in numbers(loader)] == [7, 7, 5, 2]
    with pytest.raises(ValueError, match=r"batch_size=\{0: 3\}: expected a size for every task"):
        ReplayDataLoader(data, memory, batch_size={0: 3})


@pytest.mark.parametrize("memory", [None, "empty"])
def test_replay_without_a_memory_is_plain_iteration(groups, memory):
    memory = groups[1].subset([]) if memory == "empty" else None
    loader = ReplayDataLoader(groups[0], memory, True, batch_size=6)
    assert numbers(loader) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]


def test_data_and_memory_keep_their_own_transform_groups():
    transforms = TransformGroups({"train": lambda x: x + 1000, "eval": None})
    data = tensor_set(torch.arange(3.0), torch.arange(3), transform_groups=transforms)
    loader = ReplayDataLoader(data, data.eval(), batch_size=3, batch_size_mem=3)
    assert numbers(loader) == [[1000, 1001, 1002, 0, 1, 2]]


def all_loaders(groups, **options):
    joined = groups[0] + groups[1] + groups[2]
    yield SingleDatasetDataLoader(joined, 4, **options)
    yield TaskBalancedDataLoader(joined, 5, **options)
    yield GroupBalancedDataLoader(groups, True, 5, **options)
    yield ReplayDataLoader(groups[0], groups[1] + groups[2], True, 3, 2, True, **options)
    yield ReplayDataLoader(groups[0], groups[1] + groups[2], False, 3, 2, **options)


def test_shuffled_epochs_differ_and_a_seed_repeats_them(groups):
    for i in range(5):
        loader = list(all_loaders(groups, shuffle=True))[i]
        torch.manual_seed(1)
        first, second = numbers(loader), numbers(loader)
        torch.manual_seed(1)
        assert (numbers(loader), numbers(loader)) == (first, second)
        assert first != second
        assert [len(b) for b in first] == [len(b) for b in second]
        assert len(loader) == len(first)


def test_a_generator_decides_and_the_global_one_is_left_alone(groups):
    before = torch.get_rng_state()
    for i in range(5):
        orders = [
            numbers(
                list(all_loaders(groups, shuffle=True, generator=torch.Generator().manual_seed(5)))[
                    i
                ]
            )
            for _ in range(2)
        ]
        assert orders[0] == orders[1]
    for loader in all_loaders(groups):
        numbers(loader)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("made", [SingleDatasetDataLoader, TaskBalancedDataLoader])
def test_the_same_seed_gives_the_batches_of_torchs_loader(made, workers):
    data = group(50, 0)

    def two_epochs(loader):
        torch.manual_seed(11)
        return numbers(loader), torch.rand(2).tolist(), numbers(loader), torch.rand(2).tolist()

    torchs = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)
    ours = made(data, batch_size=8, shuffle=True, num_workers=workers)
    assert two_epochs(ours) == two_epochs(torchs)


def test_a_generator_gives_the_first_epoch_of_torchs_loader(groups):
    orders = []
    for made in (SingleDatasetDataLoader, torch.utils.data.DataLoader):
        generator = torch.Generator().manual_seed(4)
        loader = made(groups[0], batch_size=3, shuffle=True, generator=generator)
        orders.append(numbers(loader))
    assert orders[0] == orders[1]


def test_two_loaders_read_in_turns_give_the_batches_of_torchs(groups):
    orders = []
    for made in (SingleDatasetDataLoader, torch.utils.data.DataLoader):
        torch.manual_seed(2)
        two = [made(g, batch_size=3, shuffle=True) for g in (groups[0], groups[2])]
        orders.append([[tolist(a), tolist(b)] for a, b in zip(*two, strict=False)])
    assert orders[0] == orders[1]


@pytest.mark.parametrize("index", [1, 3])
def test_workers_give_the_same_order(groups, index):
    def order(workers):
        options = {"shuffle": True, "num_workers": workers}
        loader = list(all_loaders(groups, **options))[index]
        torch.manual_seed(9)
        return numbers(loader), torch.get_rng_state()

    here, state = order(0)
    there, worker_state = order(2)
    assert here == there
    assert torch.equal(state, worker_state)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tasks", "replay", "detection"])
def test_workers_may_be_spawned(groups, kind):
    def made(**options):
        if kind == "tasks":
            return TaskBalancedDataLoader(groups[0] + groups[1], 4, **options)
        if kind == "replay":
            chain = Compose([ConvertImageDtype(torch.float32), Normalize(0.5, 0.5)])
            images = tensor_set(torch.zeros(6, 1, 2, 2).byte(), torch.arange(6), transform=chain)
            return ReplayDataLoader(images, images.subset([5, 4]), batch_size=4, **options)
        samples = [(torch.zeros(1, i + 1), {"labels": torch.tensor([i])}) for i in range(4)]
        return SingleDatasetDataLoader(make_detection_dataset(samples), 2, **options)

    spawned = list(made(num_workers=1, multiprocessing_context="spawn"))
    expected = list(made())
    assert len(spawned) == len(expected)
    for there, here in zip(spawned, expected, strict=True):
        for a, b in zip(there, here, strict=True):
            assert repr(a) == repr(b)


def test_workers_end_with_their_loader(groups):
    """Without waiting for the cyclic garbage collector, which would join them one by one."""
    before = set(multiprocessing.active_children())
    gc.collect()
    gc.disable()
    try:
        loader = SingleDatasetDataLoader(
            groups[0], 4, shuffle=True, num_workers=1, persistent_workers=True
        )
        assert sorted(itertools.chain(*numbers(loader))) == [*range(10)]
        next(iter(loader))  # an epoch that is broken off
        watched = weakref.ref(loader)
        del loader
        assert watched() is None
        assert set(multiprocessing.active_children()) == before
    finally:
        gc.enable()


def test_batches_of_workers_outlive_a_loader_that_nobody_keeps(groups):
    batches = iter(SingleDatasetDataLoader(groups[0], 4, num_workers=1))
    assert [tolist(batch) for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("workers", [0, 1])
def test_drop_last_that_leaves_nothing_is_a_warning(groups, workers):
    loader = SingleDatasetDataLoader(groups[1], 5, drop_last=True, num_workers=workers)
    message = "drop_last=True: no batch is left of 4 samples with batch_size=5, so nothing"
    with pytest.warns(UserWarning, match=message):
        assert list(loader) == []
    assert len(loader) == 0
    replay = ReplayDataLoader(groups[1], groups[0], batch_size=8, batch_size_mem=2, drop_last=True)
    with pytest.warns(UserWarning, match="14 samples with batch_size=8, batch_size_mem=2"):
        assert list(replay) == []
    assert numbers(SingleDatasetDataLoader(groups[0].subset([]), 5, drop_last=True)) == []
    nothing_new = ReplayDataLoader(groups[1].subset([]), groups[0], drop_last=True)
    assert numbers(nothing_new) == []


def test_persistent_workers_start_a_new_order_every_epoch(groups):
    loader = SingleDatasetDataLoader(
        groups[0], 4, shuffle=True, num_workers=1, persistent_workers=True
    )
    first, second = numbers(loader), numbers(loader)
    assert first != second
    assert sorted(itertools.chain(*second)) == list(range(10))


def test_random_transforms_in_workers_differ_between_epochs_and_repeat_with_the_seed():
    data = tensor_set(
        torch.arange(2.0).view(1, 1, 1, 2).repeat(64, 1, 1, 1),
        torch.zeros(64).long(),
        transform=RandomHorizontalFlip(),
    )

    def epochs():
        torch.manual_seed(5)
        loader = SingleDatasetDataLoader(data, 16, num_workers=2)
        return [torch.cat([x for x, _, _ in loader]).flatten().tolist() for _ in range(2)]

    first, second = epochs(), epochs()
    assert first == second
    assert first[0] != first[1]
    assert len({tuple(first[0][i : i + 32]) for i in range(0, 128, 32)}) == 4


def test_loaders_are_picklable(groups):
    for loader in all_loaders(groups):
        assert numbers(pickle.loads(pickle.dumps(loader))) == numbers(loader)


def test_a_collate_function_gets_the_samples(groups):
    loader = SingleDatasetDataLoader(
        groups[1], 3, collate_fn=lambda samples: [int(s[0]) for s in samples]
    )
    assert list(loader) == [[100, 101, 102], [103]]


def test_empty_data_gives_no_batches(groups):
    empty = groups[0].subset([])
    for loader in (
        SingleDatasetDataLoader(empty, 4),
        TaskBalancedDataLoader(empty, 4),
        GroupBalancedDataLoader([empty, empty], batch_size=4),
        ReplayDataLoader(empty, groups[1]),
    ):
        assert (len(loader), list(loader)) == (0, [])


def test_blocks_do_not_change_what_is_read():
    data = tensor_set(torch.arange(40000.0), torch.arange(40000) % 10, task_labels=0)
    loader = TaskBalancedDataLoader(data, batch_size=999, shuffle=True)
    batches = list(loader)
    assert [len(b[0]) for b in batches] == [999] * 40 + [40]
    x = torch.cat([b[0] for b in batches])
    assert torch.equal(x.sort().values, torch.arange(40000.0))
    assert torch.equal(torch.cat([b[1] for b in batches]), x.long() % 10)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_worker": 2}, TypeError, "did you mean 'num_workers'"),
        ({"collate_mbatches": 2}, TypeError, "unknown argument"),
        ({"batch_size": 0}, ValueError, "batch_size=0: expected an int above zero"),
        ({"batch_size": 2.5}, ValueError, r"batch_size=2\.5"),
        ({"num_workers": -1}, ValueError, "num_workers=-1"),
        ({"persistent_workers": True}, ValueError, "needs num_workers above zero"),
    ],
)
def test_wrong_options_are_refused_at_the_call(groups, options, error, message):
    for cls in (SingleDatasetDataLoader, TaskBalancedDataLoader, ReplayDataLoader):
        with pytest.raises(error, match=message):
            cls(groups[0], **options)


@pytest.mark.parametrize("lengths", [[8, 8], [9, 8], [8, 9], [30, 7], [7, 30]])
@pytest.mark.parametrize("size", [9, 5])
def test_oversampled_groups_fill_every_batch_where_the_last_is_dropped(lengths, size):
    made = [group(n, task, 100 * task) for task, n in enumerate(lengths)]
    both = tensor_set(
        torch.arange(sum(lengths)).float(),
        torch.zeros(sum(lengths), dtype=torch.int64),
        task_labels=[task for task, n in enumerate(lengths) for _ in range(n)],
    )
    for loader in (
        GroupBalancedDataLoader(made, True, batch_size=size, drop_last=True, shuffle=True),
        TaskBalancedDataLoader(both, size, True, drop_last=True, shuffle=True),
    ):
        sizes = [len(batch) for batch in numbers(loader)]
        shares = [-(-size // 2), size // 2]
        full = max(n // share for n, share in zip(lengths, shares, strict=True))
        assert sizes == [size] * full == [size] * len(loader)
