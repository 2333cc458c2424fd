"""Class lists and task labels added to streams, and streams by class."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.utils import (
    _make_taskaware_tensor_classification_dataset,
    as_classification_dataset,
)


def data(n=20, n_classes=5):
    numbers = torch.arange(n)
    return TensorDataset(numbers.float(), numbers % n_classes)


def streams():
    return {"train": data(), "test": data(10)}


def labelled(labels):
    x = torch.arange(len(labels)).float()
    return _make_taskaware_tensor_classification_dataset(x, x.long() % 2, task_labels=labels)


def samples(experience):
    return [int(s[0]) for s in experience.dataset]


def test_classes_and_samples_are_those_recorded_from_avalanche_lib():
    bm = B.class_incremental_benchmark(streams(), num_experiences=5, seed=0)
    assert [e.classes_in_this_experience for e in bm.train_stream] == [{4}, {0}, {1}, {3}, {2}]
    assert samples(bm.train_stream[0]) == [4, 9, 14, 19]
    bm = B.class_incremental_benchmark(streams(), num_classes_per_exp=[1, 2, 2], seed=3)
    assert [samples(e) for e in bm.train_stream] == [
        [1, 6, 11, 16],
        [3, 8, 13, 18, 0, 5, 10, 15],
        [2, 7, 12, 17, 4, 9, 14, 19],
    ]
    torch.manual_seed(7)
    bm = B.class_incremental_benchmark(streams(), num_experiences=5)
    assert [e.classes_in_this_experience for e in bm.train_stream] == [{0}, {1}, {3}, {2}, {4}]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_no_class_is_lost(n):
    bm = B.class_incremental_benchmark(streams(), num_experiences=n, seed=0)
    for stream, count in ((bm.train_stream, 20), (bm.test_stream, 10)):
        assert sorted(s for e in stream for s in samples(e)) == list(range(count))
        sizes = [len(e.classes_in_this_experience) for e in stream]
        assert (sum(sizes), max(sizes) - min(sizes) <= 1) == (5, True)
    assert (bm.n_classes, bm.n_classes_per_exp, bm.n_experiences) == (5, sizes, n)


def test_task_labels_of_the_data_stay():
    given = {"train": labelled([4] * 6), "test": labelled([4] * 4)}
    bm = B.with_task_labels(B.class_incremental_benchmark(given, num_experiences=2, seed=0))
    assert [e.task_label for e in bm.train_stream] == [4, 4]
    assert [s[2] for s in bm.test_stream[1].dataset] == [4, 4]
    assert (
        len(B.class_incremental_benchmark(streams(), num_experiences=5).train_stream[0].dataset[0])
        == 2
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "num_experiences=None, num_classes_per_exp=None: expected exactly one"),
        ({"num_experiences": 2, "num_classes_per_exp": [5]}, "expected exactly one"),
        ({"num_experiences": 6}, "num_experiences=6: expected 1 to 5"),
        ({"num_classes_per_exp": [1, 1]}, r"num_classes_per_exp=\[1, 1\]: together 2 classes"),
        ({"num_experiences": 2, "class_order": [0, 0]}, r"classes \[0\] occur twice"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        B.class_incremental_benchmark(streams(), **options)


def test_new_instances_are_the_split_of_ni_benchmark():
    new = B.new_instances_benchmark(data(), data(10), 3, seed=4)
    old = B.ni_benchmark(data(), data(10), 3, seed=4)
    assert [samples(e) for e in new.train_stream] == [samples(e) for e in old.train_stream]
    assert [samples(e) for e in new.test_stream] == [list(range(10))]
    first = new.train_stream[0]
    assert first.classes_in_this_experience == {s % 5 for s in samples(first)}


def test_one_task_per_experience():
    bm = B.class_incremental_benchmark(streams(), num_experiences=5, seed=0)
    tasks = B.task_incremental_benchmark(bm)
    assert [e.task_labels for e in tasks.test_stream] == [[0], [1], [2], [3], [4]]
    assert [s[2] for s in tasks.train_stream[3].dataset] == [3, 3, 3, 3]
    assert tasks.task_labels == [[0], [1], [2], [3], [4]]
    assert tasks.train_stream[3].train().classes_in_this_experience == {3}
    assert tasks.n_classes == 5
    assert not hasattr(bm.train_stream[0], "task_label")
    with pytest.raises(ValueError, match="pass reset_task_labels=True"):
        B.task_incremental_benchmark(tasks)
    old = B.nc_benchmark(data(), data(), 5, False, seed=0)
    reset = B.task_incremental_benchmark(old, reset_task_labels=True)
    assert [e.task_label for e in reset.train_stream] == [0, 1, 2, 3, 4]
    assert [e.task_label for e in old.train_stream] == [0] * 5


def test_class_lists_of_a_generator_need_only_the_past():
    made = []

    def experiences():
        for i, own in enumerate(([0, 1], [1, 2], [0])):
            made.append(i)
            x = TensorDataset(torch.zeros(len(own)), torch.tensor(own))
            yield B.DatasetExperience(dataset=as_classification_dataset(x))

    stream = B.with_classes_timeline(B.CLStream("train", experiences()))
    first = next(iter(stream))
    assert (first.classes_seen_so_far, first.previous_classes) == ({0, 1}, set())
    assert made == [0]
    assert first.future_classes == {0, 1, 2}
    assert made == [0, 1, 2]
    assert [e.previous_classes for e in stream] == [set(), {0, 1}, {0, 1, 2}]
    assert [e.current_experience for e in stream] == [0, 1, 2]


def test_future_classes_are_all_of_later_experiences_in_every_kind_of_benchmark():
    numbers = torch.arange(12)
    days = [TensorDataset(numbers.float(), numbers % n) for n in (4, 6, 2)]
    expected = [{0, 1, 2, 3, 4, 5}, {0, 1}, set()]
    older = B.dataset_benchmark(days, days)
    assert [set(e.future_classes) for e in older.train_stream] == expected
    wrapped = [as_classification_dataset(d) for d in days]
    newer = B.with_classes_timeline(B.benchmark_from_datasets(train=wrapped))
    assert [e.future_classes for e in newer.train_stream] == expected


def test_task_labels_as_fields():
    one, two = labelled([3, 3]), labelled([1, 2])
    bm = B.with_task_labels(B.benchmark_from_datasets(train=[one, two]))
    assert [e.task_labels for e in bm.train_stream] == [[3], [1, 2]]
    assert bm.train_stream[0].task_label == 3
    assert not hasattr(bm.train_stream[1], "task_label")
    assert isinstance(bm.train_stream[0], B.TaskAware)
    assert B.with_task_labels(B.DatasetExperience(dataset=one)).task_label == 3
    assert B.has_task_labels(one)
    plain = as_classification_dataset(data())
    assert not B.has_task_labels(plain)
    with pytest.raises(ValueError, match="has no task labels; make it with"):
        B.with_task_labels(B.benchmark_from_datasets(train=[plain]))


def test_only_avalanche_datasets_make_a_plain_benchmark():
    with pytest.raises(ValueError, match=r"train\[0\]=TensorDataset: expected an AvalancheDataset"):
        B.benchmark_from_datasets(train=[data()])
    with pytest.raises(ValueError, match=r"pass train=\[dataset\]"):
        B.benchmark_from_datasets(train=as_classification_dataset(data()))


def test_streams_without_a_benchmark():
    train, test = B.split_by_class(data(), data(10), 5, seed=0)
    assert samples(train[0]) == [4, 9, 14, 19]
    assert len(test) == 5
    online = B.ocl_split(train, 10, seed=0)
    assert [len(e.dataset) for e in online] == [2] * 10
    with pytest.raises(ValueError, match="num_experiences=21: the stream has 20 samples"):
        B.ocl_split(train, 21)


def test_pieces_keep_task_labels():
    bm = B.nc_benchmark(data(20, 4), data(8, 4), 2, True, seed=0)
    pieces = B.data_incremental_benchmark(bm, 3)
    assert [samples(e) for e in pieces.train_stream] == [
        [0, 4, 8],
        [12, 16, 1],
        [5, 9, 13],
        [17],
        [2, 6, 10],
        [14, 18, 3],
        [7, 11, 15],
        [19],
    ]  # recorded from avalanche-lib 0.6.0
    assert [e.task_label for e in pieces.train_stream] == [0] * 4 + [1] * 4
    assert [len(e.dataset) for e in pieces.test_stream] == [4, 4]
    own = B.data_incremental_benchmark(
        bm, 1, custom_split_strategy=lambda e: [e.dataset.subset([0]), e.dataset.subset([1, 2])]
    )
    assert [samples(e) for e in own.train_stream] == [[0], [4, 8], [2], [6, 10]]
    made = B.data_incremental_benchmark(
        bm,
        5,
        benchmark_factory=lambda original, streams: (original, streams),
        experience_factory=lambda stream, origin, i, d: (stream.name, origin.task_label, i, len(d)),
    )
    assert made[0] is bm
    assert made[1][0].exps == (
        ("train", 0, 0, 5),
        ("train", 0, 1, 5),
        ("train", 1, 2, 5),
        ("train", 1, 3, 5),
    )
    with pytest.raises(ValueError, match=r"no stream 'foo'; expected some of \['train', 'test'\]"):
        B.data_incremental_benchmark(bm, 3, split_streams=["foo"])


def test_online_parts_get_what_their_origins_lack():
    numbers = torch.arange(12)
    data = _make_taskaware_tensor_classification_dataset(
        numbers.float(), numbers // 4, task_labels=3
    )
    plain = B.benchmark_from_datasets(train=[data])
    parts = B.split_online_stream(plain.train_stream, 4, shuffle=False)
    labelled = B.with_task_labels(parts)
    assert [(e.task_label, e.task_labels) for e in labelled] == [(3, [3])] * 3
    assert labelled[0].train().task_label == 3
    with_lists = B.with_classes_timeline(labelled)
    assert [e.classes_in_this_experience for e in with_lists] == [{0}, {1}, {2}]
    assert [e.previous_classes for e in with_lists] == [set(), {0}, {0, 1}]
    assert [e.classes_seen_so_far for e in with_lists][-1] == {0, 1, 2}
    assert [e.future_classes for e in with_lists] == [{1, 2}, {2}, set()]
    assert with_lists[1].task_label == 3
    assert not hasattr(parts[0], "task_label")


def test_online_parts_keep_what_their_origins_know():
    numbers = torch.arange(8)
    data = TensorDataset(numbers.float(), numbers % 4)
    stream = B.nc_benchmark(data, data, 2, True, shuffle=False).train_stream
    parts = B.with_task_labels(B.with_classes_timeline(B.split_online_stream(stream, 2)))
    assert [e.classes_in_this_experience for e in parts] == [[0, 1], [0, 1], [2, 3], [2, 3]]
    assert [e.task_label for e in parts] == [0, 0, 1, 1]
