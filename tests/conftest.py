"""Fixtures that every test gets: nothing may leak from one test into the next."""

import os
import random
import threading

import numpy as np
import pytest
import torch

if "PYTEST_XDIST_WORKER" in os.environ:  # several processes of several threads wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@pytest.fixture(autouse=True)
def no_leaks():
    """Fail a test that leaves behind environment variables, threads or changed defaults."""
    environment = dict(os.environ)
    threads = set(threading.enumerate())
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    directory = os.getcwd()
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    torch.manual_seed(0)
    yield
    # Random states are put back, so that no test depends on the ones before it.
    torch.set_rng_state(states[0])
    random.setstate(states[1])
    np.random.set_state(states[2])
    assert os.getcwd() == directory, "the test left another working directory"
    changed = {k for k in {*environment, *os.environ} if environment.get(k) != os.environ.get(k)}
    # torch and scikit-learn set a few of their own when a part of them is first used.
    changed = {k for k in changed if not k.startswith(("PYTEST_", "TORCH", "KMP_"))}
    assert not changed, f"the test changed environment variables: {changed}"
    assert torch.get_default_dtype() == dtype, "the test changed the default dtype"
    assert torch.is_grad_enabled() == grad, "the test left gradients switched"
    assert not torch.are_deterministic_algorithms_enabled(), "the test left deterministic mode on"
    if torch.distributed.is_available():
        assert not torch.distributed.is_initialized(), "the test left a process group"
    alive = {t for t in threading.enumerate() if t.is_alive()} - threads
    alive = {t for t in alive if not t.daemon}
    assert not alive, f"the test left threads running: {alive}"
