"""Sums per task against numpy."""

import numpy as np
import pytest
import torch

from avalanche.evaluation.metrics.by_task import TaskSums


@pytest.mark.parametrize("size", [1, 5, 300])
def test_means_equal_numpy_however_batches_are_cut(size):
    rng = np.random.default_rng(0)
    tasks, values = rng.integers(0, 4, 300), rng.normal(size=300)
    sums = TaskSums()
    for start in range(0, 300, size):
        cut = slice(start, start + size)
        sums.add(torch.tensor(tasks[cut]), torch.tensor(values[cut]))
    assert len(sums._pending) < 64
    assert sums.means() == pytest.approx({t: values[tasks == t].mean() for t in range(4)})


def test_state_reset_and_a_single_label():
    sums, twin = TaskSums(), TaskSums()
    sums.add(2, torch.tensor([1.0, 0.0]))
    sums.add(torch.tensor(3), torch.tensor([1.0]))
    twin.load_state_dict(sums.state_dict())
    assert twin.means() == sums.means() == {2: 0.5, 3: 1.0}
    sums.reset(2)
    assert sums.means() == {3: 1.0}
    assert twin.means() == {2: 0.5, 3: 1.0}
