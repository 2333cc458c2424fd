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
