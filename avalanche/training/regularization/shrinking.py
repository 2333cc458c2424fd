"""Models as they were when a state of theirs was taken, before they grew."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

__all__ = ["shrink_to"]


def shrink_to(model: nn.Module, state: Mapping[str, Any]) -> None:
    """Give ``model`` the heads and units that ``state`` has, in place, for it to be loaded.

    Modules of a ``ModuleDict`` and the last ones of a ``ModuleList`` that ``state`` knows nothing
    of are taken out; parameters and buffers that are larger get its shapes. What is in them is
    not defined until the state is loaded.

    Example:
        >>> model, state = nn.Linear(4, 3), nn.Linear(4, 2).state_dict()
        >>> shrink_to(model, state)
        >>> model
        Linear(in_features=4, out_features=2, bias=True)
    """
    for name, module in list(model.named_modules()):
        if not isinstance(module, (nn.ModuleDict, nn.ModuleList)):
            continue
        for key, child in reversed(list(module.named_children())):
            start = f"{name}.{key}." if name else f"{key}."
            if child.state_dict() and not any(saved.startswith(start) for saved in state):
                del module[key if isinstance(module, nn.ModuleDict) else int(key)]  # type: ignore[arg-type]
    for name, module in model.named_modules():
        for kind in (module._parameters, module._buffers):
            _shrink(kind, f"{name}." if name else "", state)
        if isinstance(module, nn.Linear):
            module.out_features, module.in_features = module.weight.shape


def _shrink(tensors: dict[str, Any], start: str, state: Mapping[str, Any]) -> None:
    for name, tensor in tensors.items():
        saved = state.get(start + name)
        if tensor is None or not torch.is_tensor(saved) or saved.shape == tensor.shape:
            continue
        pairs = zip(saved.shape, tensor.shape, strict=False)
        if saved.dim() == tensor.dim() and all(a <= b for a, b in pairs):
            small = tensor.detach().new_empty(saved.shape)
            if isinstance(tensor, nn.Parameter):
                small = nn.Parameter(small, requires_grad=tensor.requires_grad)
            tensors[name] = small
