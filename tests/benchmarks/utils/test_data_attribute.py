"""Attributes against plain Python counting."""

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avalanche.benchmarks.utils import ConstantSequence, DataAttribute, TaskLabels
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.benchmarks.utils.data_attribute import TensorDataAttribute, has_task_labels


@given(st.lists(st.integers(-(2**40), 2**40) | st.integers(0, 5)))
def test_everything_derived_equals_plain_counting(values):
    attribute = DataAttribute(values, "targets")
    assert list(attribute) == attribute.data == values
    assert repr(attribute) == repr(values)
    assert str(attribute) == str(values)
    assert attribute.uniques == set(values)
    assert attribute.count == dict(Counter(values))
    places = {v: [i for i, w in enumerate(values) if w == v] for v in values}
    assert attribute.val_to_idx == places
    assert len(attribute) == len(values)
    assert attribute.values.dtype == torch.int64


@pytest.mark.parametrize(
    "data",
    [[3, 1, 3], (3, 1, 3), torch.tensor([3, 1, 3], dtype=torch.int32), np.array([3, 1, 3])],
    ids=["list", "tuple", "tensor", "array"],
)
def test_all_kinds_of_input_read_the_same(data):
    attribute = DataAttribute(data, "targets")
    assert attribute == [3, 1, 3]
    assert attribute[1] == 1
    assert type(attribute[1]) is int
    assert attribute[1:] == [1, 3]
    assert attribute.subset([2, 1]) == [3, 1]
    assert attribute.concat(attribute) == [3, 1, 3, 3, 1, 3]
    assert np.array_equal(np.asarray(attribute), [3, 1, 3])
    assert pickle.loads(pickle.dumps(attribute)) == attribute


def test_a_constant_is_stored_once():
    labels = TaskLabels(ConstantSequence(4, 1_000_000))
    assert (labels.name, labels.use_in_getitem) == ("targets_task_labels", True)
    assert labels.values.untyped_storage().nbytes() == 8
    assert labels.count == {4: 1_000_000}


def test_other_values_stay_a_list():
    names = DataAttribute(["b", "a", "b"], "names")
    assert (names.val_to_idx, names[:2].data) == ({"b": [0, 2], "a": [1]}, ["b", "a"])
    with pytest.raises(TypeError, match="'names' holds str values"):
        _ = names.values
    logits = TensorDataAttribute([torch.zeros(2), torch.ones(2)], "logits")
    assert torch.equal(logits.subset([1])[0], torch.ones(2))
    matrix = DataAttribute(torch.eye(3), "features")
    assert torch.equal(matrix.subset([2])[0], torch.tensor([0.0, 0.0, 1.0]))
    assert DataAttribute([0.5, 1.0], "w")[0] == 0.5


def test_constant_sequences_behave_like_lists():
    constant = ConstantSequence(7, 3)
    assert list(constant) == [7, 7, 7]
    assert list(constant[1:]) == [7, 7]
    assert constant[-1] == 7
    assert len(constant.subset([0, 0])) == 2
    assert list(constant.concat(ConstantSequence(7, 1))) == [7] * 4
    assert list(constant.concat([1])) == [7, 7, 7, 1]
    with pytest.raises(IndexError, match="index=3"):
        constant[3]
    with pytest.raises(ValueError, match="size=-1"):
        ConstantSequence(1, -1)


def test_vectors_are_values_too():
    several = DataAttribute([[0, 1], [1, 0], [0, 1]], "targets")
    assert several.values.shape == (3, 2)
    assert several.uniques == {(0, 1), (1, 0)}
    assert several.val_to_idx == {(0, 1): [0, 2], (1, 0): [1]}
    assert several == torch.tensor([[0, 1], [1, 0], [0, 1]]).tolist()
    assert several != [[0, 1], [1, 0], [1, 1]]
    assert several.subset([1]).concat(several.subset([0])) == [[1, 0], [0, 1]]
    stacked = DataAttribute([torch.zeros(2), torch.ones(2)], "logits")
    assert stacked.values.tolist() == [[0, 0], [1, 1]]
    ragged = DataAttribute([torch.zeros(2), torch.ones(3)], "logits")
    assert [len(v) for v in ragged] == [2, 3]
    assert ragged == [torch.zeros(2), torch.ones(3)]
    assert ragged != [torch.zeros(2), torch.zeros(3)]


def test_dictionaries_are_values_that_can_not_be_grouped():
    boxes = DataAttribute([{"labels": torch.tensor([i])} for i in range(2)], "targets")
    assert boxes == [{"labels": torch.tensor([0])}, {"labels": torch.tensor([1])}]
    assert boxes != [{"labels": torch.tensor([0])}, {"labels": torch.tensor([3])}]
    with pytest.raises(TypeError, match="values of type dict can't be grouped by value"):
        _ = boxes.uniques


def test_task_labels_are_noticed():
    data = tensor_set(torch.zeros(2, 1), torch.zeros(2).long(), task_labels=[1, 2])
    assert has_task_labels(data)
    assert not has_task_labels([1, 2])
