"""Datasets and helpers around plain sequences."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    SequenceDataset,
    SubSequence,
    SubsetWithTargets,
    as_classification_dataset,
    find_list_from_index,
    manage_advanced_indexing,
    slice_alike_object_to_indices,
)


def test_a_subset_keeps_its_targets():
    data = SequenceDataset("abcd", [3, 2, 1, 0])
    part = SubsetWithTargets(data, [2, 0])
    assert (part[0], part.targets, len(part)) == (("c", 1), [1, 3], 2)
    assert as_classification_dataset(part).targets == [1, 3]
    assert SubsetWithTargets(part, None).targets == [1, 3]
    with pytest.raises(AttributeError, match="TensorDataset: has no 'targets'"):
        SubsetWithTargets(TensorDataset(torch.zeros(2)), [0])


def test_parts_of_sequences_are_converted_on_reading():
    values = SubSequence(torch.tensor([5, 6, 7]), indices=[2, 0], converter=str)
    assert list(values) == ["7", "5"]
    assert values[1:] == ["5"]
    assert SubSequence([1, 2])[::-1] == (2, 1)
    assert SubSequence([1]) != 1


def test_sequences_are_columns_of_samples():
    data = SequenceDataset([1, 2], ["a", "b"], [7, 8], targets=2)
    assert (data[1], data.targets) == ((2, "b", 8), [7, 8])
    assert AvalancheDataset(data)[0] == (1, "a", 7)
    with pytest.raises(ValueError, match=r"lengths \[1, 2\]: expected at least one"):
        SequenceDataset([1], [1, 2])


def test_positions_in_several_lists():
    assert [find_list_from_index(i, [3, 0, 4], 7) for i in (0, 2, 3, 6)] == [
        (0, 0),
        (0, 2),
        (2, 0),
        (2, 3),
    ]
    assert find_list_from_index(3, [3, 4], 7, cumulative_sizes=[3, 7]) == (1, 0)
    with pytest.raises(IndexError, match="pattern_idx=7: expected 0 to 6"):
        find_list_from_index(7, [3, 4], 7)


def test_slices_numbers_and_lists_of_positions():
    assert slice_alike_object_to_indices(slice(1, 4), 5) == [1, 2, 3]
    assert slice_alike_object_to_indices(-1, 5) == [4]
    assert slice_alike_object_to_indices(torch.tensor([0, -2]), 5) == [0, 3]
    assert manage_advanced_indexing(slice(0, 2), lambda i: i * 10, 5, tuple) == (0, 10)
    assert manage_advanced_indexing(3, lambda i: i * 10, 5, tuple) == 30
    with pytest.raises(IndexError, match="index=5: expected 0 to 4"):
        slice_alike_object_to_indices([5], 5)
