"""A separate transform for samples from a memory."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils import (
    AvalancheDataset,
    DefaultTransformGroups,
    TransformGroups,
    replay_view,
)
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader


def plus(n):
    return lambda x: x + n


GROUPS = {"train": plus(1), "eval": plus(2), "replay": plus(100)}


def test_memory_and_current_data_have_their_own_transforms_in_one_batch():
    data = tensor_set(torch.zeros(6), torch.arange(6), transform_groups=GROUPS)
    memory = replay_view(data.subset([3, 4, 5]))
    for x, _, _ in ReplayDataLoader(data, memory, batch_size=2, batch_size_mem=1):
        assert x.tolist() == [1, 1, 100]
    assert float(memory.eval()[0][0]) == 2
    assert memory.current_group == "replay"


def test_stages_that_say_nothing_of_replay_do_what_they_do_in_training():
    frozen = AvalancheDataset(
        TensorDataset(torch.zeros(2)),
        frozen_transform_groups=TransformGroups({"train": plus(0.5), "eval": plus(7)}),
        transform_groups=TransformGroups(GROUPS),
    )
    both = frozen + AvalancheDataset(
        TensorDataset(torch.zeros(1)), transform_groups=DefaultTransformGroups(plus(3))
    )
    assert replay_view(both).batch([0, 2])[0].tolist() == [100.5, 3]


def test_data_without_a_replay_group_stays_as_it_is():
    data = tensor_set(torch.zeros(2), torch.arange(2), transform=plus(4))
    assert replay_view(data) is data
    assert len(replay_view([])) == 0
    with pytest.raises(ValueError, match="group_name='replay': expected one of"):
        data.with_transforms("replay")


def test_a_group_that_only_some_stages_define():
    always = AvalancheDataset(
        TensorDataset(torch.zeros(2)),
        transform_groups=DefaultTransformGroups(plus(1)),
    )
    strong = AvalancheDataset(
        always, transform_groups=TransformGroups({"train": None, "strong": plus(10)})
    )
    assert float(strong.with_transforms("strong")[0][0]) == 11
    unclear = AvalancheDataset(
        strong, transform_groups=TransformGroups({"train": plus(1), "eval": plus(2)})
    )
    with pytest.raises(ValueError, match=r"group_name='strong': expected one of \['eval'"):
        unclear.with_transforms("strong")
