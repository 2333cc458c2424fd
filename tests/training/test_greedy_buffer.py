"""The memory of GDumb on an experience with several tasks."""

from types import SimpleNamespace

import pytest
import torch

from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.training.storage_policy import GreedyBalancingBuffer

SIZES = {0: 25, 1: 6, 3: 9}


def several_tasks():
    """Numbered samples of several tasks in turns; their task can be told from their class."""
    tasks = torch.tensor([task for task, size in SIZES.items() for _ in range(size)])
    tasks = tasks[torch.randperm(len(tasks), generator=torch.Generator().manual_seed(0))]
    numbers = torch.arange(len(tasks)).float()[:, None]
    data = tensor_set(numbers, 2 * tasks + torch.arange(len(tasks)) % 2, task_labels=tasks.tolist())
    return SimpleNamespace(dataset=data), tasks


@pytest.mark.parametrize("times", [1, 2], ids=["once", "again"])
@pytest.mark.parametrize("capacity", [4, 8, 30])
def test_the_memory_of_a_task_holds_samples_of_that_task_only(capacity, times):
    experience, tasks = several_tasks()
    buffer = GreedyBalancingBuffer(capacity)
    buffer.post_adapt(None, experience)
    if times == 2:  # equal samples of another data set, which count as further ones
        buffer.post_adapt(None, several_tasks()[0])
    assert set(buffer.tasks) == set(SIZES)
    for task, memory in buffer.tasks.items():
        kept = [int(x) for x, *_ in memory.buffer]
        assert {int(label) for *_, label in memory.buffer} == {task}
        assert {int(tasks[number]) for number in kept} == {task}
        assert len(kept) == min(capacity, times * SIZES[task])
        if times == 1:
            assert len(set(kept)) == len(kept)
    assert len(buffer.buffer) == sum(min(capacity, times * size) for size in SIZES.values())
