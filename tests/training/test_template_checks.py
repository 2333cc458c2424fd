"""What templates refuse before any training."""

import numpy as np
import pytest
import torch

from avalanche.training.templates.checks import check_count, check_device


@pytest.mark.parametrize("given", ["cpu", None, torch.device("cpu"), "meta"], ids=str)
def test_devices_of_this_machine_are_taken(given):
    assert check_device(given) == torch.device("cpu" if given is None else given)


@pytest.mark.parametrize("given", ["gpu", "cuda:x", "", 3.5, [0]], ids=repr)
def test_names_of_no_device_are_refused(given):
    with pytest.raises(ValueError, match=r"^device=.*: expected 'cpu', 'cuda', 'cuda:1' or"):
        check_device(given)


def test_devices_that_are_not_there_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    message = r"^device='cuda': no CUDA device is available; use device='cpu'$"
    for given in ("cuda", torch.device("cuda")):
        with pytest.raises(ValueError, match=message):
            check_device(given)
    with pytest.raises(ValueError, match=r"^device='mps': no MPS device is available"):
        check_device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert check_device("cuda:1") == torch.device("cuda", 1)
    assert check_device("cuda") == torch.device("cuda")
    with pytest.raises(ValueError, match=r"^device='cuda:2': the last CUDA device is cuda:1"):
        check_device("cuda:2")


def test_counts_of_numpy_are_counts():
    """A sweep over ``np.arange`` gives such ones."""
    assert type(check_count("train_mb_size", np.int64(3))) is int
    for wrong in (np.int64(0), np.float64(2.0), True, 2.5, "2"):
        with pytest.raises(ValueError, match="train_mb_size=.*expected a whole number"):
            check_count("train_mb_size", wrong)
