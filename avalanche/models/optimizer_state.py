"""What becomes of an optimizer's state (momentum, moments) when a parameter grows."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Adam, AdamW, NAdam, Optimizer, RAdam

__all__ = ["move_state"]


def move_state(optimizer: Optimizer, old: Parameter, new: Parameter) -> None:
    """Give ``new``, which has none, the state of ``old``, whose place it takes.

    What both have keeps its state, and new units get what the optimizer starts with. The moments of
    Adam and its kin count from then on as those of :math:`1 / (1 - \\beta_1)` steps, at most:
    their correction for the first steps is one for the whole parameter, and without it new units
    would take steps several times the learning rate. A parameter that does not continue the old
    one, such as a layer that was drawn anew, starts without a state, and so does one whose state
    has tensors of other shapes.
    """
    state = optimizer.state.pop(old, None)
    if state is None or new in optimizer.state or not _continues(old, new):
        return
    group = next(
        (g for g in optimizer.param_groups if any(p is old or p is new for p in g["params"])), {}
    )
    tensors = {k: v for k, v in state.items() if torch.is_tensor(v) and v.dim()}
    if not all(_follows(value, old) for value in tensors.values()):
        return
    moved = {
        key: _grow(value, old, new, _start_of(key, group)) if key in tensors else value
        for key, value in state.items()
    }
    grew = any(now > before for now, before in zip(new.shape, old.shape, strict=True))
    if grew and isinstance(optimizer, (Adam, AdamW, NAdam, RAdam)):
        _count_from_few_steps(moved, group)
    optimizer.state[new] = moved


def _common(one: Tensor, other: Tensor) -> tuple[slice, ...]:
    return tuple(slice(0, min(a, b)) for a, b in zip(one.shape, other.shape, strict=True))


def _continues(old: Tensor, new: Tensor) -> bool:
    """Whether the block that both have holds the same weights; waits for the device."""
    if old.dim() != new.dim():
        return False
    both = _common(old, new)
    return torch.equal(old.detach()[both].to(new), new.detach()[both])


def _follows(value: Tensor, old: Tensor) -> bool:
    """Whether a tensor has a value for each weight, or for each row or column of weights."""
    if value.shape == old.shape:
        return True
    return value.dim() == old.dim() and all(
        size == 1 < whole or size == whole > 1
        for size, whole in zip(value.shape, old.shape, strict=True)
    )


def _grow(value: Tensor, old: Tensor, new: Tensor, start: float) -> Tensor:
    """``value`` in the corner of a tensor that is ``start`` elsewhere, cut where it is larger."""
    shape = [
        whole if size == before else size
        for size, before, whole in zip(value.shape, old.shape, new.shape, strict=True)
    ]
    grown = torch.full(shape, start, dtype=value.dtype, device=new.device)
    both = _common(value, grown)
    grown[both] = value[both].to(grown)
    return grown


def _start_of(key: str, group: dict[str, Any]) -> float:
    """What a weight starts with: zero but for the sums of Adagrad and the steps of Rprop."""
    option = {"sum": "initial_accumulator_value", "step_size": "lr"}.get(key)
    return float(group.get(option, 0.0)) if option else 0.0


def _count_from_few_steps(state: dict[str, Any], group: dict[str, Any]) -> None:
    """Let the number of steps be small; moments without their bias stay as they are."""
    if "betas" not in group or not {"step", "exp_avg_sq"} <= state.keys():
        return  # of a class derived from Adam with a state of its own
    first, second = (float(beta) for beta in group["betas"])
    steps, few = float(state["step"]), round(1 / (1 - first))
    if steps <= few:
        return
    betas = {"exp_avg_sq": second, "max_exp_avg_sq": second}
    if "mu_product" not in state:  # NAdam corrects its first moment by this instead
        betas["exp_avg"] = first
    for key in betas.keys() & state.keys():
        state[key] *= (1 - betas[key] ** few) / (1 - betas[key] ** steps)
    step = state["step"]
    state["step"] = torch.full_like(step, few) if torch.is_tensor(step) else few
