"""Finding targets, task labels, and the functions that make labelled datasets."""

import functools
import operator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from avalanche.benchmarks import dataset_benchmark, nc_benchmark
from avalanche.benchmarks.utils import (
    AvalancheDataset,
    DataAttribute,
    DefaultTransformGroups,
    TransformGroups,
    TupleTransform,
    _make_taskaware_classification_dataset,
    _make_taskaware_tensor_classification_dataset,
    _taskaware_classification_subset,
    as_avalanche_dataset,
    as_classification_dataset,
    as_taskaware_classification_dataset,
    find_common_transforms_group,
    make_avalanche_dataset,
    tensor_as_list,
)
from avalanche.benchmarks.utils.classification_dataset import (
    _concat_taskaware_classification_datasets,
    map_classes,
)
from avalanche.benchmarks.utils.transforms import MapClasses


class Pairs(Dataset):
    """Samples with no list of labels."""

    def __init__(self, n):
        self.n = n
        self.reads = 0

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.reads += 1
        return torch.full((2,), float(index)), index % 3


class Labelled(Pairs):
    def __init__(self, n):
        super().__init__(n)
        self.targets = [i % 3 for i in range(n)]


@pytest.mark.parametrize("kind", [Pairs, Labelled])
def test_targets_are_found_in_any_dataset(kind):
    dataset = kind(6)
    data = as_classification_dataset(dataset)
    assert data.targets == [0, 1, 2, 0, 1, 2]
    assert dataset.reads == (6 if kind is Pairs else 0)
    mixed = ConcatDataset([dataset, TensorDataset(torch.zeros(2, 2), torch.tensor([7, 8]))])
    assert as_classification_dataset(Subset(mixed, [7, 1, 6])).targets == [8, 1, 7]


def test_task_labels_are_one_for_all_or_one_for_each():
    tensors = TensorDataset(torch.zeros(3, 2), torch.tensor([1, 2, 0]))
    assert as_taskaware_classification_dataset(tensors).targets_task_labels == [0, 0, 0]
    data = _make_taskaware_classification_dataset(tensors, task_labels=4)
    assert data[1][1:] == [2, 4]
    assert as_taskaware_classification_dataset(data) is data
    kept = _make_taskaware_classification_dataset(data)
    assert kept.targets_task_labels == [4, 4, 4]
    each = _make_taskaware_classification_dataset(tensors, task_labels=[1, 0, 1])
    assert each.task_pattern_indices == {0: [1], 1: [0, 2]}
    assert each.task_set[1].targets == [1, 0]
    assert (list(each.task_set), len(each.task_set)) == ([0, 1], 2)
    with pytest.raises(KeyError, match=r"task_label=9: expected one of \[0, 1\]"):
        each.task_set[9]


def test_transforms_of_input_and_target():
    data = _make_taskaware_tensor_classification_dataset(
        torch.arange(3.0),
        torch.tensor([0, 1, 2]),
        transform=lambda x: x + 1,
        target_transform=lambda y: 10 * y,
    )
    assert data[2] == [torch.tensor(3.0), 20, 0]
    assert data.targets == [0, 10, 20]
    assert data.batch([1, 2])[1].tolist() == [10, 20]
    together = AvalancheDataset(data, transform_groups=None).replace_current_transform_group(
        TupleTransform([None, lambda y: -y])
    )
    assert together.batch([1])[1].tolist() == [-1]
    with pytest.raises(ValueError, match="expected one kind"):
        _make_taskaware_classification_dataset(data, transform=abs, transform_groups={})


def test_subsets_can_have_other_labels():
    data = _make_taskaware_tensor_classification_dataset(
        torch.arange(4.0), torch.tensor([0, 1, 2, 1]), task_labels=[0, 0, 1, 1]
    )
    part = _taskaware_classification_subset(data, [3, 0], class_mapping=[5, 6, 7])
    assert (part[0][1:], part[1][1:]) == ([6, 1], [5, 0])
    assert part.targets == [6, 5]
    assert part.batch([1, 0])[1].tolist() == [5, 6]
    changed = part.replace_current_transform_group(lambda x: x * 100)
    assert changed.batch([0])[0].tolist() == [300.0]
    assert changed.targets == [6, 5]


def test_given_targets_win_and_must_fit():
    tensors = TensorDataset(torch.zeros(2, 2), torch.tensor([0, 1]))
    assert _make_taskaware_classification_dataset(tensors, targets=[5, 6]).targets == [5, 6]
    with pytest.raises(ValueError, match="'targets' has 3 values, the dataset has 2"):
        _make_taskaware_classification_dataset(tensors, targets=[5, 6, 7])
    with pytest.raises(ValueError, match="'targets_task_labels' has 1 values"):
        _make_taskaware_classification_dataset(tensors, task_labels=[1])


def test_data_without_targets_says_what_to_add():
    class Singles(Pairs):
        def __getitem__(self, index):
            return torch.zeros(2)

    with pytest.raises(ValueError, match="Singles has no 'targets'.*give the dataset a 'targets'"):
        as_classification_dataset(Singles(2))
    with pytest.raises(ValueError, match="one tensor per sample and no target"):
        as_classification_dataset(TensorDataset(torch.zeros(2)))


def test_small_helpers():
    data = as_avalanche_dataset(TensorDataset(torch.zeros(2), torch.zeros(2)))
    assert as_avalanche_dataset(data) is data
    assert len(make_avalanche_dataset(data)) == 2
    assert find_common_transforms_group([data, data.eval()], "other") == "other"
    assert find_common_transforms_group(data.eval()) == "eval"
    assert tensor_as_list(torch.tensor([1, 2])) == tensor_as_list([1, 2]) == [1, 2]


TENSORS = TensorDataset(torch.arange(6.0), torch.tensor([0, 1, 2, 0, 1, 2]))
TENTHS = [10, 11, 12, 10, 11, 12]


def up(y):
    return y + 10


def labels_of(data):
    """The labels that samples and batches show."""
    shown = [sample[1] for sample in data]
    assert data.batch(range(len(data)))[1].tolist() == shown
    return shown


@pytest.mark.parametrize(
    "make",
    [
        lambda: _make_taskaware_classification_dataset(TENSORS, target_transform=up),
        lambda: _make_taskaware_classification_dataset(
            TENSORS, transform_groups=TransformGroups({"train": (None, up)})
        ),
        lambda: _make_taskaware_classification_dataset(
            TENSORS,
            transform_groups={"train": None, "eval": (None, up)},
            initial_transform_group="eval",
        ),
        lambda: _make_taskaware_tensor_classification_dataset(
            *TENSORS.tensors, transform_groups={"train": (abs, up)}
        ),
        lambda: as_classification_dataset(TENSORS, TransformGroups({"train": (None, up)})),
        lambda: as_classification_dataset(
            as_classification_dataset(TENSORS), TransformGroups({"train": (None, up)})
        ),
        lambda: as_classification_dataset(
            TENSORS, TransformGroups({"train": TupleTransform([abs, up])})
        ),
        lambda: as_classification_dataset(
            AvalancheDataset(TENSORS, transform_groups=TransformGroups({"train": (None, up)}))
        ),
    ],
)
def test_targets_are_what_the_samples_show(make):
    data = make()
    assert data.targets == labels_of(data) == TENTHS
    mapped = map_classes(data, DefaultTransformGroups((None, MapClasses([-1] * 10 + [2, 0, 1]))))
    assert mapped.targets == labels_of(mapped) == [2, 0, 1, 2, 0, 1]


def test_a_mapping_after_no_target_transform_leaves_the_others_replaceable():
    data = _make_taskaware_classification_dataset(TENSORS, transform=lambda x: x + 1)
    mapped = map_classes(data, DefaultTransformGroups((None, MapClasses([5, 6, 7]))))
    assert mapped.replace_current_transform_group(lambda x: x * 100)[2][:2] == [200.0, 7]


def test_new_classes_of_data_with_a_target_transform():
    data = _make_taskaware_classification_dataset(TENSORS, target_transform=up)
    benchmark = nc_benchmark(
        data, data, 3, False, shuffle=False, class_ids_from_zero_from_first_exp=True
    )
    for label, experience in enumerate(benchmark.train_stream):
        assert experience.dataset.targets == labels_of(experience.dataset) == [label] * 2


class Entries(Dataset):
    """Samples that are dictionaries."""

    def __init__(self, key="label", as_value=int):
        self.key = key
        self.as_value = as_value

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return {"x": torch.tensor([float(index)]), self.key: self.as_value(index % 2)}


@pytest.mark.parametrize("as_value", [int, np.int64, torch.tensor])
@pytest.mark.parametrize("key", ["label", "y", "targets"])
def test_dictionaries_get_the_new_labels(key, as_value):
    data = as_taskaware_classification_dataset(Entries(key, as_value))
    mapped = map_classes(data, DefaultTransformGroups((None, MapClasses([7, 5]))))
    assert mapped.targets == [int(s[key]) for s in mapped] == [7, 5, 7, 5]
    assert data[1][key] == 1
    assert mapped.batch([0, 1])[key].tolist() == [7, 5]
    added = as_classification_dataset(Entries(key), TransformGroups({"train": (None, up)}))
    assert added.targets == [s[key] for s in added] == [10, 11, 10, 11]


class Ambiguous(Dataset):
    """Dictionaries in which other keys agree with the target in some samples."""

    def __init__(self):
        self.targets = [i // 4 for i in range(16)]

    def __len__(self):
        return 16

    def __getitem__(self, index):
        target = self.targets[index]
        return {"index": index, "label": target // 2, "fine_label": target}


@pytest.mark.parametrize("first", [0, 1, 7, 15])
def test_the_target_of_dictionaries_is_found_whichever_sample_is_read_first(first):
    data = as_taskaware_classification_dataset(Ambiguous())
    mapped = map_classes(data, DefaultTransformGroups((None, MapClasses([5, 4, 7, 6]))))
    assert mapped[first]["fine_label"] == mapped.targets[first]
    assert (
        [s["fine_label"] for s in mapped] == mapped.targets == [5] * 4 + [4] * 4 + [7] * 4 + [6] * 4
    )
    assert [s["index"] for s in mapped] == list(range(16))
    assert [s["label"] for s in mapped] == [0] * 8 + [1] * 8


class OwnIntegers(Dataset):
    def __init__(self, kind):
        self.kind = kind

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.zeros(2), torch.tensor(index % 2, dtype=self.kind)


@pytest.mark.parametrize("kind", [torch.uint16, torch.uint32, torch.int8, torch.bool, torch.int64])
def test_labels_of_any_integer_type_are_what_losses_take(kind):
    data = as_taskaware_classification_dataset(OwnIntegers(kind))
    labels = data.batch([0, 1, 2])[1]
    assert (labels.dtype, labels.tolist()) == (torch.int64, [0, 1, 0])


@pytest.mark.parametrize(("label", "bad"), [(-1, -1), (3, 3)])
def test_labels_without_a_new_one_are_refused(label, bad):
    data = as_taskaware_classification_dataset(
        TensorDataset(torch.zeros(3), torch.tensor([0, label, 1]))
    )
    mapping = DefaultTransformGroups((None, MapClasses([1, 2, 0])))
    with pytest.raises(ValueError, match=f"label={bad}: .* for 0 to 2; number the classes from 0"):
        map_classes(data, mapping)
    with pytest.raises(ValueError, match=f"label={bad}"):
        MapClasses([1, 2, 0])(label)


@pytest.mark.parametrize("label", [np.int64(2), np.array(2), torch.tensor(2), np.uint8(2), 2])
def test_a_task_label_may_come_from_numpy_or_torch(label):
    data = _make_taskaware_classification_dataset(TENSORS, task_labels=label)
    assert data.targets_task_labels == [2] * 6
    assert data[0][2] == 2
    joined = _concat_taskaware_classification_datasets([TENSORS, TENSORS], task_labels=label)
    assert joined.targets_task_labels == [2] * 12


@pytest.mark.parametrize("label", [1.5, np.float32(1), torch.tensor(1.0)])
def test_a_task_label_is_whole(label):
    with pytest.raises(TypeError, match="task_labels=.*: expected a whole number"):
        _make_taskaware_classification_dataset(TENSORS, task_labels=label)


@pytest.mark.parametrize("y", [[0, 1, 2], (0, 1, 2), [np.int64(0), 1, 2], np.arange(3)])
@pytest.mark.parametrize("x", [np.zeros((3, 2), np.float32), torch.zeros(3, 2)])
def test_inputs_and_a_list_of_labels_are_one_dataset(x, y):
    data = as_classification_dataset((x, y))
    assert data.targets == [0, 1, 2]
    assert data.batch([2, 0])[0].shape == (2, 2)
    with pytest.raises(ValueError, match=r"datasets=\[.*pass .* as a tuple \(x, y\)"):
        as_classification_dataset([x, y])
    with pytest.raises(ValueError, match=r"columns of lengths \[2, 3\]"):
        as_classification_dataset((x[:2], y))


STEPS = ["groups", "target transform", "tuple", "map", "subset", "freeze", "concat", "attribute"]


@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 4)), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_targets_stay_what_samples_show(dictionaries, steps):
    source = Entries() if dictionaries else TensorDataset(torch.arange(4.0), torch.arange(4) % 2)
    data, labels, extra = as_taskaware_classification_dataset(source), [0, 1, 0, 1], None
    for step, a in steps:
        change = functools.partial(operator.add, a)
        if step == "map":
            mapping = DefaultTransformGroups((None, MapClasses([a + i for i in range(40)])))
            data = map_classes(data, mapping)
        elif step == "subset":
            picked = [(a + i) % len(data) for i in range(4)]
            data, labels = data.subset(picked), [labels[i] for i in picked]
            extra = extra and [extra[i] for i in picked]
        elif step == "freeze":
            data = data.freeze_transforms()
        elif step == "concat":
            data, labels, extra = data.concat(data), labels * 2, extra and extra * 2
        elif step == "attribute":
            extra = [a + i for i in range(len(data))]
            attribute = DataAttribute(extra, "extra", use_in_getitem=True)
            data = data.update_data_attribute("extra", attribute)
        elif step == "target transform":
            data = _make_taskaware_classification_dataset(data, target_transform=change)
        else:
            pair = TupleTransform([None, change]) if step == "tuple" else (None, change)
            groups = TransformGroups({"train": pair})
            data = _make_taskaware_classification_dataset(data, transform_groups=groups)
        if step in ("map", "target transform", "tuple", "groups"):
            labels = [label + a for label in labels]
    key = "label" if dictionaries else 1
    assert data.targets == [sample[key] for sample in data] == labels
    batch = data.batch(range(len(data)))
    assert batch[key].tolist() == labels
    if extra is not None:
        assert batch["extra" if dictionaries else -1].tolist() == extra


def test_a_target_transform_gets_the_label_as_int_alone_and_in_a_batch():
    kinds = []

    def note(label):
        kinds.append(type(label))
        return label

    tensors = TensorDataset(torch.zeros(4, 2), torch.arange(4))
    data = _make_taskaware_classification_dataset(tensors, target_transform=note)
    kinds.clear()
    assert type(data[3][1]) is int
    assert data.batch([3, 1])[1].tolist() == [3, 1]
    assert set(kinds) == {int}


class KeepsTasks(Dataset):
    def __init__(self, tasks=(5, 5)):
        self.targets, self.targets_task_labels = [0, 1], list(tasks)

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return torch.tensor([1.0]), self.targets[index]


@pytest.mark.parametrize("more", [[], [TensorDataset(torch.zeros(1, 1), torch.tensor([0]))]])
def test_task_labels_of_mixed_data_are_those_of_each(more):
    pair = TensorDataset(torch.zeros(2, 1), torch.tensor([0, 1]))
    labelled = _make_taskaware_classification_dataset(pair, task_labels=4)
    mixed = AvalancheDataset([labelled, KeepsTasks(), *more])
    expected = [4, 4, 5, 5] + [0] * len(more)
    assert list(mixed.targets_task_labels) == expected == [sample[2] for sample in mixed]
    benchmark = dataset_benchmark([mixed], [mixed])
    assert benchmark.train_stream[0].task_labels == sorted(set(expected))
    plain = AvalancheDataset([labelled, pair])
    assert not hasattr(plain, "targets_task_labels")


class Numbered(Ambiguous):
    """Labels in turn, next to a number that is one of them in the first samples."""

    def __init__(self, broken=()):
        self.targets = [i % 2 for i in range(200)]
        self.broken = broken

    def __len__(self):
        return 200

    def __getitem__(self, index):
        if index in self.broken:
            raise OSError("damaged")
        return {"id": index, "class_of_it": self.targets[index], "x": torch.rand(1)}


def test_looking_for_the_target_of_dictionaries_draws_nothing_and_reads_all_over():
    data = _make_taskaware_classification_dataset(Numbered(), target_transform=up)
    torch.manual_seed(0)
    first = data[0]
    assert (first["id"], first["class_of_it"]) == (0, 10)
    torch.manual_seed(0)
    assert float(first["x"]) == float(torch.rand(1))
    after = torch.rand(1)
    torch.manual_seed(0)
    assert float(Numbered()[0]["x"]) == float(first["x"])
    assert torch.equal(torch.rand(1), after)


class Fractions(Ambiguous):
    def __init__(self):
        self.targets = [float("nan"), 0.5, 1.5, float("nan")] * 4

    def __getitem__(self, index):
        return {"x": index, "value": self.targets[index]}


def test_a_target_that_is_no_number_is_found_like_any():
    data = AvalancheDataset(Fractions(), transform_groups={"train": (None, up), "eval": None})
    data = as_classification_dataset(data)
    assert [data[1]["value"], data[2]["value"]] == [10.5, 11.5]
    assert data[0]["value"] != data[0]["value"]
