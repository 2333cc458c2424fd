"""AvalancheDataset against a plain-Python model of the same operations."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    BatchTransform,
    DataAttribute,
    TransformGroups,
    as_classification_dataset,
    as_taskaware_classification_dataset,
    concat_datasets,
    make_classification_dataset,
)
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set


def plus(n):
    return lambda x: x + n


def times(n):
    return lambda x: x * n


class Listed:
    """A map-style dataset that is asked one sample at a time."""

    def __init__(self, n, first):
        self.samples = [(torch.tensor(float(first + i)), (first + i) % 3) for i in range(n)]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


class Model:
    """The same dataset as lists: per sample its number, label, task and transforms per group."""

    def __init__(self, samples, group="train"):
        self.samples = samples
        self.group = group

    def values(self):
        out = []
        for number, label, task, stages, _ in self.samples:
            x = number
            for stage in stages:
                function = stage.get(self.group, stage["train"])  # replay is train unless given
                x = function(x) if function is not None else x
            out.append((float(x), label, task))
        return out


def leaf(kind, n, first, task):
    numbers = torch.arange(first, first + n).float()
    labels = torch.arange(first, first + n) % 3
    half = n // 2
    source = {
        "tensors": lambda: TensorDataset(numbers, labels),
        "arrays": lambda: (numbers.numpy(), labels.numpy()),
        "samples": lambda: list(zip(numbers, labels.tolist(), strict=True)),
        "listed": lambda: Listed(n, first),
        "subset": lambda: Subset(Listed(n + 2, first - 2), range(2, n + 2)),
        "pieces": lambda: ConcatDataset(
            [
                TensorDataset(numbers[:half], labels[:half]),
                Subset(Listed(n, first), range(half, n)),
            ]
        ),
    }[kind]()
    data = make_classification_dataset(source, task_labels=task)
    return data, Model([(float(first + i), (first + i) % 3, task, (), 0) for i in range(n)])


KINDS = ["tensors", "arrays", "samples", "listed", "subset", "pieces"]


def stage_of(a, b):
    return {"train": plus(a), "eval": times(b), "replay": times(a + b)}


class ExtraBatched(BatchTransform):
    """A transform that the loaders run on whole batches."""

    def __init__(self, n):
        self.n = n

    def batch(self, values):
        return values + self.n


@st.composite
def trees(draw):
    """A random tree of operations, done to datasets and to models alike."""
    pool = [
        leaf(draw(st.sampled_from(KINDS)), draw(st.integers(2, 5)), 10 * i, i % 2)
        for i in range(draw(st.integers(1, 3)))
    ]
    for _ in range(draw(st.integers(0, 8))):
        data, model = draw(st.sampled_from(pool))
        operation = draw(
            st.sampled_from(
                [
                    "subset",
                    "slice",
                    "concat",
                    "join",
                    "train",
                    "eval",
                    "replay",
                    "freeze",
                    "replace",
                    "remove",
                    "wrap",
                    "wrap frozen",
                    "batched",
                    "relabel",
                ]
            )
        )
        a, b = draw(st.integers(1, 5)), draw(st.integers(2, 5))
        if operation == "subset":
            picked = draw(st.lists(st.integers(0, len(data) - 1), max_size=6)) if len(data) else []
            pool.append(
                (data.subset(picked), Model([model.samples[i] for i in picked], model.group))
            )
        elif operation == "concat":
            other, other_model = draw(st.sampled_from(pool))
            pool.append(
                (
                    data.concat(other),
                    Model(model.samples + other_model.samples, model.group),
                )
            )
        elif operation == "slice":
            cut = slice(draw(st.integers(-3, 3)), draw(st.integers(-3, 6)), draw(st.integers(1, 2)))
            pool.append((data[cut], Model(model.samples[cut], model.group)))
        elif operation == "join":
            three = [draw(st.sampled_from(pool)) for _ in range(3)]
            groups = {m.group for d, m in three if len(d)}
            samples = [s for _, m in three for s in m.samples]
            if groups:
                group = groups.pop() if len(groups) == 1 else "train"
                pool.append((concat_datasets([d for d, _ in three]), Model(samples, group)))
        elif operation in ("train", "eval", "replay"):
            known = operation != "replay" or any("replay" in t for s in model.samples for t in s[3])
            # An empty part of data that define groups defines these; its model knows of none.
            known = known or (bool(model.samples) and not any(s[3] for s in model.samples))
            if known:
                pool.append((data.with_transforms(operation), Model(model.samples, operation)))
        elif operation == "relabel":
            labels = [label + 100 for _, label, *_ in model.samples]
            new = data.update_data_attribute("targets_task_labels", labels)
            samples = [(s[0], s[1], t, *s[3:]) for s, t in zip(model.samples, labels, strict=True)]
            pool.append((new, Model(samples, model.group)))
        elif operation == "batched":
            function = ExtraBatched(a)
            samples = [replaced(s, model.group, plus(a)) for s in model.samples]
            new = data.replace_current_transform_group(function)
            pool.append((new, Model(samples, model.group)))
        elif operation == "wrap frozen":
            groups = stage_of(a, b)
            new = AvalancheDataset(data, frozen_transform_groups=TransformGroups(groups))
            samples = [(*s[:3], (*s[3], groups), len(s[3]) + 1) for s in model.samples]
            pool.append((new, Model(samples, model.group)))
        elif operation == "freeze":
            samples = [(*s[:3], s[3], len(s[3])) for s in model.samples]
            pool.append((data.freeze_transforms(), Model(samples, model.group)))
        elif operation in ("replace", "remove"):
            function = plus(a) if operation == "replace" else None
            samples = [replaced(s, model.group, function) for s in model.samples]
            new = (
                data.replace_current_transform_group(function)
                if function
                else data.remove_current_transform_group()
            )
            pool.append((new, Model(samples, model.group)))
        else:
            groups = stage_of(a, b)
            new = AvalancheDataset(data, transform_groups=TransformGroups(groups))
            samples = [(*s[:3], (*s[3], groups), s[4]) for s in model.samples]
            pool.append((new, Model(samples, model.group)))
    return pool


def replaced(sample, group, function):
    number, label, task, stages, frozen = sample
    if frozen == len(stages):
        if function is None:
            return sample
        return (
            number,
            label,
            task,
            (*stages, {"train": None, "eval": None, group: function}),
            frozen,
        )
    emptied = [{**stage, group: None} for stage in stages[frozen:-1]]
    stages = (*stages[:frozen], *emptied, {**stages[-1], group: function})
    return number, label, task, stages, frozen


NESTED = (AvalancheDataset, Subset, ConcatDataset)


@given(trees())
@settings(max_examples=200, deadline=None)
def test_every_tree_of_operations_equals_the_plain_model(pool):
    for data, model in pool:
        expected = model.values()
        assert len(data) == len(expected)
        assert [(float(x), y, t) for x, y, t in data] == expected
        assert len(data.parts) == len(set(data.parts))
        assert not any(isinstance(p.source.origin, NESTED) for p in data.parts)  # depth 1
        assert data.rows.numel() == data.rows.untyped_storage().nbytes() // 8 == len(expected)
        if not expected:
            continue
        assert data.targets == [y for _, y, _ in expected]
        assert data.targets_task_labels == [t for _, _, t in expected]
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(len(data)))
        x, y, t = data.batch(order)
        assert list(zip(x.tolist(), y.tolist(), t.tolist(), strict=True)) == [
            expected[i] for i in order.tolist()
        ]
        together = [torch.cat(c) for c in zip(*data.batches(order, 2), strict=True)]
        assert all(torch.equal(a, b) for a, b in zip(together, (x, y, t), strict=True))


def test_thousands_of_concats_and_subsets_stay_flat():
    whole = tensor_set(torch.arange(100.0), torch.arange(100) % 5, task_labels=0)
    other = tensor_set(torch.arange(50.0), torch.arange(50) % 5, task_labels=1)
    data = whole.subset(range(10)) + other.subset(range(10))
    for step in range(5000):
        data = data.concat((other if step % 2 else whole).subset([step % 50]))
        data = data.subset(torch.arange(1, len(data)))
    assert (len(data), len(data.parts)) == (20, 2)
    for column in (data.rows, data.part_ids, data.targets.values, data.targets_task_labels.values):
        assert column.untyped_storage().nbytes() == 20 * 8
    assert [len(part.stages) for part in data.parts] == [0, 0]
    assert len(pickle.dumps(data.targets)) < 2000


def test_torch_subsets_and_concatenations_are_seen_through():
    first = TensorDataset(torch.arange(4.0), torch.tensor([0, 1, 0, 1]))
    second = tensor_set(torch.arange(10.0, 13.0), torch.tensor([2, 2, 3]), task_labels=7)
    nested = Subset(ConcatDataset([first, Subset(second, [2, 0])]), [5, 0, -2])
    data = AvalancheDataset(nested)
    assert len(data.parts) == 2
    assert [float(x) for x, *_ in data] == [10.0, 0.0, 12.0]
    assert data.batch([0, 1, 2])[1].tolist() == [2, 0, 3]


def test_torchs_own_loader_reads_the_same_samples():
    data = tensor_set(torch.arange(6.0), torch.arange(6) % 2, task_labels=1)
    for theirs, ours in zip(
        DataLoader(data, batch_size=4), data.batches(torch.arange(6), 4), strict=True
    ):
        assert all(torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))


def test_samples_are_lists_with_plain_numbers():
    data = tensor_set(torch.zeros(2, 3), torch.tensor([1, 0]), task_labels=[4, 5])
    sample = data[1]
    assert (type(sample), [type(v) for v in sample[1:]]) == (list, [int, int])
    assert data[-1][2] == 5
    assert isinstance(data[:1], type(data))
    assert data.__getitems__([0, 1])[0][1:] == [1, 4]


def test_stored_data_can_not_be_changed_through_a_sample_or_batch():
    stored = torch.zeros(3, 2)
    data = tensor_set(stored, torch.zeros(3).long(), task_labels=0)
    data[0][0].add_(1)
    data.batch([0, 1])[0].add_(1)
    for batch in data.batches(torch.arange(3), 3):
        for column in batch:
            column.add_(1)
    assert stored.sum() == 0
    assert data.targets == [0, 0, 0]


def test_dictionaries_get_their_attributes_as_keys():
    class Dicts:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return {"text": torch.tensor([index, index])}

    data = AvalancheDataset(Dicts(), data_attributes=[DataAttribute([8, 9], "label", True)])
    assert data[1]["label"] == 9
    batch = data.batch([1, 0])
    assert batch["label"].tolist() == [9, 8]
    assert batch["text"].tolist() == [[1, 1], [0, 0]]


def test_a_collate_function_replaces_the_librarys():
    data = tensor_set(torch.arange(3.0), torch.arange(3), task_labels=0)
    mine = AvalancheDataset(data, collate_fn=lambda samples: [s[1] for s in samples])
    assert mine.batch([2, 0]) == [2, 0]
    assert list(mine.subset([1, 2]).batches(torch.arange(2), 1)) == [[1], [2]]
    assert (mine + data).batch([5]) == [2]


def test_attributes_are_kept_where_all_operands_have_them():
    data = tensor_set(torch.arange(2.0), torch.arange(2), task_labels=0)
    more = data.update_data_attribute("score", [0.5, 0.25])
    assert more.score == [0.5, 0.25]
    assert "score" not in (more + data).data_attributes
    assert (more + AvalancheDataset([])).score == [0.5, 0.25]
    changed = data.update_data_attribute("targets_task_labels", [3, 3])
    assert changed[0][2] == 3
    assert data[0][2] == 0
    assert type(data.concat(AvalancheDataset(data))) is type(data)
    assert type(concat_datasets([data, data])) is type(data)
    assert type(concat_datasets([data, AvalancheDataset(data)])) is AvalancheDataset
    assert len(concat_datasets([])) == 0


@pytest.mark.parametrize("kind", ["numpy", "torch", "samples", "tensor dataset"])
def test_arrays_tensors_and_lists_of_samples_are_datasets(kind):
    x, y = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([2, 0, 2])
    given = {
        "numpy": (x, y),
        "torch": (torch.tensor(x), torch.tensor(y, dtype=torch.int32)),
        "samples": [(torch.tensor(a), int(b)) for a, b in zip(x, y, strict=True)],
        "tensor dataset": TensorDataset(torch.tensor(x), torch.tensor(y)),
    }[kind]
    data = as_taskaware_classification_dataset(given)
    assert data.targets == [2, 0, 2]
    got, labels, _ = data.batch([2, 1])
    assert (got.tolist(), labels.tolist(), labels.dtype) == ([[4, 5], [2, 3]], [2, 0], torch.int64)
    again = as_classification_dataset(given)
    assert again.targets == [2, 0, 2]


def test_labels_are_found_by_one_pass_that_is_not_repeated():
    class Silent(Listed):
        reads = 0

        def __getitem__(self, index):
            Silent.reads += 1
            return super().__getitem__(index)

    wrapped = AvalancheDataset(Silent(4, 0))
    parts = [as_classification_dataset(wrapped.subset([i, 3])) for i in range(3)]
    assert [list(p.targets) for p in parts] == [[0, 0], [1, 0], [2, 0]]
    assert Silent.reads == 4


def test_labels_under_other_names_and_with_the_data_sets_own_transform():
    class Named(Listed):
        def __init__(self):
            super().__init__(3, 0)
            self.labels = torch.tensor([0, 1, 2])
            self.target_transform = lambda y: int(y) + 10

        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return x, self.target_transform(y)

    data = as_classification_dataset(Named())
    assert data.targets == [10, 11, 12]
    assert data.batch([0, 1, 2])[1].tolist() == [10, 11, 12]


def test_several_labels_per_sample_and_numbers_are_targets():
    several = TensorDataset(torch.zeros(3, 2), torch.tensor([[0.0, 1], [1, 1], [0, 1]]))
    data = as_taskaware_classification_dataset(several)
    assert data.targets.uniques == {(0, 1), (1, 1)}
    assert data.subset([1]).batch([0])[1].tolist() == [[1, 1]]
    numbers = as_taskaware_classification_dataset((np.zeros((2, 1)), np.array([0.5, 2.5])))
    assert (numbers + numbers).targets == [0.5, 2.5, 0.5, 2.5]
    assert (numbers + numbers).batch([3])[1].tolist() == [2.5]


def test_what_can_not_be_labelled_says_what_to_add():
    class Bare(Listed):
        def __getitem__(self, index):
            return super().__getitem__(index)[0]

    class Rows(Listed):
        def __getitem__(self, index):
            return {"image": 1, "category": 2}

    with pytest.raises(ValueError, match=r"Bare has no 'targets'.*pass targets=\[...\] with one"):
        as_classification_dataset(Bare(2, 0))
    with pytest.raises(ValueError, match=r"Rows are dictionaries.*\['category', 'image'\]: expec"):
        as_classification_dataset(Rows(2, 0))
    with pytest.raises(ValueError, match="names such as 'cat', expected numbers; number them"):
        as_classification_dataset([(1, "cat"), (2, "dog")])
    with pytest.raises(ValueError, match=r"columns of lengths \[3, 2\]: expected one length"):
        as_classification_dataset((np.zeros(3), np.zeros(2)))
    with pytest.raises(ValueError, match="targets=1: the position of the tensor.*expected 0 to 0"):
        tensor_set(torch.zeros(3))
    with pytest.raises(ValueError, match="the data has one tensor per sample and no target"):
        as_classification_dataset(TensorDataset(torch.zeros(3)))


def test_wrong_use_is_refused_at_the_call():
    data = tensor_set(torch.arange(3.0), torch.arange(3), task_labels=0)
    with pytest.raises(IndexError, match=r"indices contain 3: expected values from 0 to 2"):
        data.subset([0, 3])
    with pytest.raises(IndexError, match="indices contain 9"):
        data.batch([9])
    with pytest.raises(IndexError, match="index=3: the dataset has 3 samples"):
        data[3]
    with pytest.raises(ValueError, match="'score' has 2 values, the dataset has 3 samples"):
        data.update_data_attribute("score", [1, 2])
    with pytest.raises(ValueError, match="'targets' has 1 values"):
        AvalancheDataset(data, data_attributes=[DataAttribute([1], "targets")])
    with pytest.raises(AttributeError, match="did you mean 'targets'"):
        _ = data.target
    with pytest.raises(AttributeError, match="replace_current_transform_group"):
        _ = data.transform
    with pytest.raises(TypeError, match="dataset=int: expected a map-style dataset"):
        AvalancheDataset(3)


def test_groups_that_a_dataset_does_not_define_are_refused():
    groups = TransformGroups({"train": plus(1), "replay": plus(5)})
    data = AvalancheDataset(TensorDataset(torch.zeros(2)), transform_groups=groups)
    assert float(data.with_transforms("replay")[0][0]) == 5
    with pytest.raises(ValueError, match=r"group_name='replai': did you mean 'replay'\?"):
        data.with_transforms("replai")
    with pytest.raises(TypeError, match=r"'train'\]=3: expected a callable, a pair of callables"):
        TransformGroups({"train": 3})


def test_datasets_travel_through_pickle():
    data = tensor_set(torch.arange(4.0), torch.arange(4), task_labels=2)
    data.batch([0])
    again = pickle.loads(pickle.dumps(data.subset([3, 1])))
    assert [float(x) for x, *_ in again] == [3.0, 1.0]
    assert again.batch([0])[2].tolist() == [2]


def test_a_mask_has_one_value_per_sample():
    data = AvalancheDataset(TensorDataset(torch.arange(4.0)))
    assert [float(x) for (x,) in data.subset(torch.tensor([True, False, False, True]))] == [0, 3]
    assert [float(x) for (x,) in data.subset([False, True, False, False])] == [1]
    assert len(data.subset(np.zeros(4, bool))) == 0
    for wrong in ([True, False], torch.ones(5, dtype=torch.bool), torch.ones(2, 2).bool()):
        with pytest.raises(IndexError, match="a mask of shape .* has 4 samples.*pass a mask"):
            data.subset(wrong)
        with pytest.raises(IndexError, match="a mask of shape"):
            AvalancheDataset(data, indices=wrong)


def test_positions_are_whole_numbers():
    data = AvalancheDataset(TensorDataset(torch.arange(4.0)))
    for wrong in ([0.7, 1.9], torch.tensor([1.0]), np.array([2.0])):
        with pytest.raises(TypeError, match="indices are torch.float.*: expected integers"):
            data.subset(wrong)
    assert len(data.subset([])) == len(data.subset(np.zeros(0))) == 0


def test_a_class_of_two_bases_makes_both():
    class Tag:
        def __new__(cls, *args, **kwargs):
            made = super().__new__(cls)
            made.tag = "set"
            return made

    class Tagged(AvalancheDataset, Tag):
        """A data set with a tag."""

    assert Tagged(TensorDataset(torch.zeros(3, 1), torch.arange(3))).tag == "set"


def test_a_concatenation_is_collated_by_the_first_that_says_how():
    def whole(samples):
        return len(samples)

    with_one = AvalancheDataset(TensorDataset(torch.arange(3.0)), collate_fn=whole)
    without = AvalancheDataset(TensorDataset(torch.arange(3.0)))
    for joined in (
        with_one.concat(without),
        without.concat(with_one),
        without + with_one,
        with_one + without,
        without.subset([]).concat(with_one),
    ):
        assert joined.collate_fn is whole
        assert joined.batch(range(len(joined))) == len(joined)
    assert without.concat(without).collate_fn is None
