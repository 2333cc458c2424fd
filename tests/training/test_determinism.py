"""One seed for all generators, and their states in one object."""

import copy
import pickle
import random

import numpy as np
import pytest
import torch

from avalanche.training.determinism import (
    RNGManager,
    cpu_rng_seed,
    cuda_rng_load_state,
    cuda_rng_save_state,
    cuda_rng_seed,
    cuda_rng_step,
)


def draw():
    gpu = [torch.rand(1, device=f"cuda:{i}").item() for i in range(torch.cuda.device_count())]
    return torch.rand(1).item(), np.random.rand(), random.random(), *gpu


@pytest.fixture(autouse=True)
def _generators(monkeypatch):
    monkeypatch.setattr(RNGManager, "random_generators", dict(RNGManager.random_generators))


def test_a_seed_is_that_of_every_library():
    RNGManager.set_random_seeds(7)
    expected = draw()
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    assert draw() == expected
    RNGManager.set_random_seeds(np.int64(7))
    assert draw() == expected
    for wrong in (-1, 2**32):
        with pytest.raises(ValueError, match=r"expected a number from 0 to 2\*\*32 - 1"):
            RNGManager.set_random_seeds(wrong)


def test_seeds_that_follow_torch_agree_where_it_agrees():
    drawn = []
    for others in (1, 2):
        np.random.seed(others)
        random.seed(others)
        torch.manual_seed(0)
        RNGManager.align_seeds()
        drawn.append(draw())
    assert drawn[0] == drawn[1]
    torch.manual_seed(1)
    RNGManager.align_seeds()
    assert not set(draw()) & set(drawn[0])


def test_a_step_draws_from_every_generator():
    RNGManager.set_random_seeds(3)
    draw()
    second = draw()
    RNGManager.set_random_seeds(3)
    RNGManager.step_generators()
    assert draw() == second


def test_a_pickled_manager_puts_the_states_back():
    RNGManager.set_random_seeds(5)
    stored = pickle.dumps(RNGManager())
    expected = draw()
    pickle.loads(stored)
    assert draw() == expected
    pickle.loads(stored)
    copy.deepcopy(RNGManager())  # what a strategy that holds one does when it is copied
    assert draw() == expected


def test_own_generators_take_part_and_incomplete_ones_are_refused():
    own = random.Random(0)
    functions = {
        "seed": own.seed, "save_state": own.getstate, "load_state": own.setstate,
        "step": own.random,
    }  # fmt: skip
    RNGManager.register_random_generator("own", functions)
    RNGManager.set_random_seeds(9)
    assert own.random() == random.Random(9).random()
    stored = pickle.dumps(RNGManager())
    expected = own.random()
    pickle.loads(stored)
    assert own.random() == expected
    for wrong in ({"seed": own.seed}, {**functions, "more": own.seed}):
        with pytest.raises(ValueError, match="expected the functions load_state, save_state"):
            RNGManager.register_random_generator("wrong", wrong)
    assert "wrong" not in RNGManager.random_generators


def test_functions_of_one_generator_leave_the_others_alone():
    RNGManager.set_random_seeds(1)
    others = np.random.get_state()[1].tolist(), random.getstate()
    cpu_rng_seed(11)
    first = torch.rand(3)
    cpu_rng_seed(11)
    assert torch.equal(first, torch.rand(3))
    cpu_state = torch.get_rng_state()
    cuda_rng_seed(4)
    state = cuda_rng_save_state()
    cuda_rng_step()
    cuda_rng_load_state(state)
    assert all(torch.equal(a, b) for a, b in zip(state, cuda_rng_save_state(), strict=True))
    assert torch.equal(cpu_state, torch.get_rng_state())
    assert (np.random.get_state()[1].tolist(), random.getstate()) == others
