"""Streams whose tasks fade into each other: shares against the closed form, draws against both."""

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.scenarios.linear_decay import task_shares


def stream(n=60):
    numbers = torch.arange(n)
    data = TensorDataset(numbers.float(), numbers % 3)
    return B.nc_benchmark(data, data, 3, True, shuffle=False).train_stream


@pytest.mark.parametrize(("tasks", "iters", "beta"), [(2, 4, 2.0), (5, 20, 4.0), (3, 7, 1.5)])
def test_shares_are_trapezoids_that_sum_to_one(tasks, iters, beta):
    found = task_shares(tasks, iters, beta).numpy()
    middle = (np.arange(tasks * iters) + 0.5) / iters
    half = 1 / beta
    expected = np.stack(
        [
            np.minimum(
                1 if k == 0 else np.interp(middle, [k - half, k + half], [0, 1]),
                1 if k == tasks - 1 else np.interp(middle, [k + 1 - half, k + 1 + half], [1, 0]),
            )
            for k in range(tasks)
        ],
        1,
    )
    np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True), atol=1e-5)


def test_counts_follow_the_shares_and_say_where_samples_come_from():
    made = B.split_continuous_linear_decay_stream(stream(), 200, 10, 3, True, seed=0)
    assert len(made) == 30
    counts = np.array([e.n_samples_from_each_exp for e in made])
    assert (counts.sum(1) == 200).all()
    shares = task_shares(3, 10, 3).numpy()
    deviation = np.sqrt(200 * shares * (1 - shares))
    assert (np.abs(counts - 200 * shares) <= 5 * deviation + 1e-4).all()
    for experience in made:
        # the class of a sample is its task, the task label too
        found = np.bincount(experience.dataset.targets.values.numpy(), minlength=3)
        assert found.tolist() == experience.n_samples_from_each_exp
        assert experience.dataset.targets_task_labels.values.tolist() == list(
            experience.dataset.targets
        )
        assert set(experience.task_labels) == set(np.flatnonzero(found).tolist())
        assert set(experience.classes_in_this_experience) == set(experience.task_labels)


def test_a_task_hands_out_all_samples_before_it_repeats_one():
    made = B.split_continuous_linear_decay_stream(stream(), 10, 4, 4, True, seed=1)
    rows = [int(s[0]) for e in made for s in e.dataset if s[1] == 0]
    assert len(rows) > 20
    assert len(set(rows[:20])) == 20
    again = B.split_continuous_linear_decay_stream(stream(), 10, 4, 4, True, seed=1)
    assert [[int(s[0]) for s in e.dataset] for e in again] == [
        [int(s[0]) for s in e.dataset] for e in made
    ]
    straight = B.split_continuous_linear_decay_stream(stream(), 10, 2, 4, False, seed=1)
    assert [int(s[0]) for s in straight[0].dataset] == list(range(0, 30, 3))


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="beta=1: expected more than 1"):
        B.split_continuous_linear_decay_stream(stream(), 10, 2, 1, True)
    with pytest.raises(ValueError, match="iters_per_virtual_epoch=0"):
        B.split_continuous_linear_decay_stream(stream(), 10, 0, 4, True)
    with pytest.raises(ValueError, match="experience_size=0"):
        B.split_continuous_linear_decay_stream(stream(), 0, 2, 4, True)
    with pytest.raises(ValueError, match=r"experiences \[\] of 0 are empty"):
        len(B.split_continuous_linear_decay_stream([], 10, 2, 4, True))


def test_memory_grows_with_the_parts_not_with_their_square():
    numbers = torch.arange(800)
    data = TensorDataset(numbers.float(), numbers % 400)
    tasks = B.nc_benchmark(data, data, 400, False, shuffle=False).train_stream
    made = B.split_continuous_linear_decay_stream(tasks, 10, 25, 4, True, seed=0)
    assert len(made) == 10_000
    tables = [v for v in made._make.__self__.__dict__.values() if isinstance(v, torch.Tensor)]
    assert sum(table.nbytes for table in tables) <= 10_000 * 100
    assert sum(made[5012].n_samples_from_each_exp) == 10
    assert set(np.flatnonzero(made[5012].n_samples_from_each_exp)) <= {199, 200, 201}


def test_the_first_part_of_a_stream_of_one_task():
    numbers = torch.arange(6)
    data = TensorDataset(numbers.float(), numbers % 2)
    one = B.nc_benchmark(data, data, 1, False, shuffle=False).train_stream
    made = B.split_continuous_linear_decay_stream(one, 3, 4, 2, False)
    assert [int(s[0]) for e in made for s in e.dataset] == [0, 2, 4, 1, 3, 5] * 2
