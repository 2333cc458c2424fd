"""What a batch of any kind of data set holds, where there is no training loop to say so."""

from typing import Any

import torch
from torch import Tensor

__all__ = ["chosen_rows", "moved", "unpacked"]

_TARGETS = ("targets", "labels", "label", "y")
_TASKS = "targets_task_labels"


def unpacked(batch: Any, device: torch.device | str) -> tuple[Any, Tensor, Tensor | None]:
    """Inputs, targets ``(batch,)`` and task labels of a batch, as the training loop reads them.

    Of a dictionary, inputs are everything but targets and task labels; the model gets them by name,
    and no task labels.

    Raises:
        KeyError: a dictionary without targets.
    """
    if not isinstance(batch, dict):
        tasks = batch[-1].to(device) if len(batch) >= 3 else None
        return moved(batch[0], device), batch[1].to(device), tasks
    key = next((key for key in _TARGETS if key in batch), None)
    if key is None:
        raise KeyError(
            f"the batch has the keys {sorted(batch)} and none of {', '.join(_TARGETS)}; "
            "rename the targets"
        )
    no_input = (*_TARGETS, _TASKS)
    inputs = {k: moved(v, device) for k, v in batch.items() if k not in no_input}
    return inputs, batch[key].to(device), None


def moved(value: Any, device: torch.device | str) -> Any:
    """Tensors on ``device``; anything else as it is."""
    return value.to(device) if torch.is_tensor(value) else value


def chosen_rows(x: Any, rows: slice | Tensor) -> Any:
    """Some samples of inputs, ``(batch, ...)`` or a dictionary of such."""
    return {k: v[rows] for k, v in x.items()} if isinstance(x, dict) else x[rows]
