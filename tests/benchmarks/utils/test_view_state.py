"""Datasets written by reference and found again."""

import io

import pytest
import torch
from torch.utils.data import TensorDataset
from torchvision.transforms import Normalize

from avalanche.benchmarks import SplitDigits
from avalanche.benchmarks.utils import (
    AvalancheDataset,
    concat_datasets,
    view_from_state,
    view_state,
)


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    assert file.tell() < 50_000
    file.seek(0)
    return torch.load(file, weights_only=True)


def benchmark(**more):
    return SplitDigits(
        5, seed=2, class_ids_from_zero_in_each_exp=True, train_transform=Normalize(0.5, 0.5), **more
    )


def test_a_mixed_dataset_is_found_again_in_another_benchmark_object():
    first = benchmark(return_task_id=True)
    data = concat_datasets(
        [
            first.train_stream[0].dataset.subset([3, 1]).freeze_transforms(),
            first.test_stream[2].dataset.subset([0]),
            first.train_stream[4].dataset.subset([8]),
        ]
    ).update_data_attribute("logits", torch.randn(4, 3))
    state = through_a_file(view_state(data))
    again = AvalancheDataset.from_state(state, benchmark(return_task_id=True).dataset_parts())
    assert type(again) is type(data)
    assert again.targets == data.targets
    assert again.targets_task_labels == data.targets_task_labels
    assert torch.equal(again.logits.values, data.logits.values)
    assert all(
        torch.equal(a, b) for a, b in zip(again.batch(range(4)), data.batch(range(4)), strict=True)
    )
    assert again.current_group == data.current_group


def test_data_that_is_not_there_is_named():
    state = view_state(benchmark().train_stream[0].dataset)
    other = SplitDigits(5, seed=2, test_size=0.3)
    with pytest.raises(ValueError, match="fingerprint='tensors.*resume with a benchmark"):
        view_from_state(state, other.dataset_parts())
    with pytest.raises(ValueError, match="kind='Odd': expected one of"):
        view_from_state({**state, "kind": "Odd"}, benchmark().dataset_parts())


def test_transforms_are_part_of_the_fingerprint():
    def with_transform(transform):
        return SplitDigits(5, seed=2, train_transform=transform).train_stream[0].dataset.parts[0]

    def scaled(factor):
        return lambda x: x * factor

    prints = [
        with_transform(t).fingerprint
        for t in (None, Normalize(0.5, 0.5), Normalize(0.5, 0.25), scaled(2), scaled(3))
    ]
    assert len(set(prints)) == 5
    assert with_transform(scaled(2)).fingerprint == prints[3]
    assert "0x" not in "".join(prints)


def test_an_empty_dataset_is_a_dataset():
    data = benchmark().train_stream[0].dataset.subset([])
    again = view_from_state(through_a_file(view_state(data)), benchmark().dataset_parts())
    assert len(again) == 0


def marked(samples):
    """A batch of the samples' inputs plus 1000."""
    return torch.stack([sample[0] for sample in samples]) + 1000


def other_marked(samples):
    return torch.stack([sample[0] for sample in samples]) + 2000


def collated(collate=marked):
    data = TensorDataset(torch.arange(6.0), torch.arange(6) % 2)
    return AvalancheDataset(data, collate_fn=collate)


def test_a_collate_fn_is_found_again_in_another_object():
    made = collated(), collated().subset([1, 2]), collated().freeze_transforms()
    for data in made:
        state = through_a_file(view_state(data.subset([1, 0])))
        again = view_from_state(state, collated().parts)
        assert again.collate_fn is marked
        assert again.batch([0, 1]).tolist() == [*(data[i][0] + 1000 for i in (1, 0))]
        assert again.subset([0]).parts[0] == again.parts[0] in collated().concat(again).parts


def test_a_collate_fn_comes_with_data_that_has_its_own():
    class Own(TensorDataset):
        collate_fn = staticmethod(marked)

    tensors = torch.arange(4.0), torch.arange(4)
    data = AvalancheDataset(Own(*tensors)).train()
    again = view_from_state(through_a_file(view_state(data)), AvalancheDataset(Own(*tensors)).parts)
    assert again.batch([3]).tolist() == [1003]


def test_another_collate_fn_is_not_taken_for_the_stored_one():
    state = through_a_file(view_state(collated()))
    for parts in (collated(other_marked).parts, collated(None).parts):
        with pytest.raises(ValueError, match="collate_fn='.*marked.*: none of the data makes"):
            view_from_state(state, parts)
    assert view_from_state(state, [*collated(None).parts, *collated().parts]).collate_fn is marked


def test_older_states_have_no_collate_fn():
    state = view_state(collated())
    del state["collate_fn"]
    assert view_from_state(state, collated().parts).collate_fn is None
