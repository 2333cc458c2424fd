"""Files that are no checkpoints, or half of one."""

import pytest
import torch
from torch.optim import SGD

from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.models import SimpleMLP
from avalanche.training import Naive


def made():
    model = SimpleMLP(input_size=4, hidden_size=3)
    return Naive(model, SGD(model.parameters(), lr=0.1), evaluator=None)


@pytest.mark.parametrize("damage", ["empty", "text", "half"])
def test_a_damaged_file_is_named_and_changes_nothing(damage, tmp_path):
    path = tmp_path / "state.pt"
    save_checkpoint(made(), path)
    whole = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "text": b"no checkpoint", "half": whole[: len(whole) // 2]}[damage]
    )
    strategy = made()
    before = {k: v.clone() for k, v in strategy.model.state_dict().items()}
    with pytest.raises(ValueError, match=r"state.pt'?: no checkpoint, or a damaged one; delete it"):
        maybe_load_checkpoint(strategy, path)
    assert all(torch.equal(before[k], v) for k, v in strategy.model.state_dict().items())


def test_a_whole_file_that_cannot_be_loaded_here_is_not_called_damaged(tmp_path, monkeypatch):
    """As one of a GPU where there is none: the advice must not be to delete it."""
    path = tmp_path / "state.pt"
    save_checkpoint(made(), path)

    def elsewhere(*args, **kwargs):
        raise RuntimeError("Attempting to deserialize object on a CUDA device")

    monkeypatch.setattr(torch, "load", elsewhere)
    with pytest.raises(RuntimeError, match="on a CUDA device"):
        maybe_load_checkpoint(made(), path)
