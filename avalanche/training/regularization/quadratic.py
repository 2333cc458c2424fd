"""A sum of weighted squared distances to earlier weights, in constant time and memory."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["QuadraticPenalty", "copied"]


class QuadraticPenalty:
    r"""``sum_k sum_i F_ki (theta_i - theta_ki)^2`` as one form ``F (theta - center)^2 + constant``.

    Adding a term updates ``F``, its center and the constant; evaluating costs the same after one
    term as after a thousand. A parameter that has grown since is penalized in its old block only;
    one that is gone or new is not penalized.

    Attributes:
        recorded: None, or a dictionary that collects what this penalty adds to the gradients, by
            parameter name. Who needs the gradient of the rest of the loss sets it to ``{}``,
            subtracts what is in it after the backward pass, and empties it.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> penalty = QuadraticPenalty()
        >>> penalty.add({"weight": torch.tensor([[2.0]])}, {"weight": torch.tensor([[1.0]])})
        >>> penalty.add({"weight": torch.tensor([[1.0]])}, {"weight": torch.tensor([[4.0]])})
        >>> _ = torch.nn.init.constant_(layer.weight, 3.0)
        >>> round(penalty(layer).item(), 4)  # 2 * (3 - 1)^2 + 1 * (3 - 4)^2
        9.0
    """

    def __init__(self) -> None:
        self.weights: dict[str, Tensor] = {}
        self.centers: dict[str, Tensor] = {}
        self.constant: Tensor | float = 0.0
        self.recorded: dict[str, Tensor] | None = None

    def __call__(self, model: nn.Module) -> Tensor:
        """Value at the model's present weights, a scalar with a gradient."""
        pairs = [
            (p, name)
            for name, p in model.named_parameters()
            if name in self.weights and p.requires_grad
        ]
        if not pairs:
            return torch.zeros((), device=next(model.parameters()).device)
        for p, name in pairs:
            if self.weights[name].shape != p.shape or self.weights[name].device != p.device:
                self.weights[name] = _corner(self.weights[name], p)
                self.centers[name] = _corner(self.centers[name], p)
        parameters = [p for p, _ in pairs]
        weights = [self.weights[name] for _, name in pairs]
        centers = [self.centers[name] for _, name in pairs]
        names = [name for _, name in pairs]
        value: Tensor = _Quadratic.apply(self, names, weights, centers, *parameters)
        if torch.is_tensor(self.constant):
            self.constant = self.constant.to(value.device)
        return value + self.constant

    def record(self, names: list[str], gradients: tuple[Tensor, ...]) -> None:
        """Note what a backward pass adds to the gradients, where anybody asked for it."""
        if self.recorded is None:
            return
        for name, gradient in zip(names, gradients, strict=True):
            before = self.recorded.get(name)
            self.recorded[name] = gradient if before is None else before + gradient

    def add(self, importances: dict[str, Tensor], values: dict[str, Tensor]) -> None:
        """Add a term: ``importances`` (0 or more) around ``values``, by parameter name."""
        for name, new_weight in importances.items():
            value = values[name]
            if name not in self.weights:
                self.weights[name] = new_weight.clone()
                self.centers[name] = value.clone()
                continue
            weight = _corner(self.weights[name], new_weight)
            center = _corner(self.centers[name], value)
            total = weight + new_weight
            share = torch.where(total > 0, new_weight / total, torch.ones_like(total))
            # F1 (x-a)^2 + F2 (x-b)^2 = (F1+F2) (x-c)^2 + F1 F2 / (F1+F2) (a-b)^2
            self.constant = self.constant + (weight * share * (center - value).square()).sum()
            self.centers[name] = torch.lerp(center, value, share)
            self.weights[name] = total

    def decay(self, factor: float, values: dict[str, Tensor]) -> None:
        """Shrink everything so far by ``factor`` and move its center to ``values``."""
        self.constant = 0.0
        for name, weight in self.weights.items():
            weight.mul_(factor)
            if name in values:
                self.weights[name] = _corner(weight, values[name])
                self.centers[name] = values[name].clone()

    def state_dict(self) -> dict[str, Any]:
        """Weights, centers and constant; copies, which later experiences leave as they are."""
        return {
            "weights": copied(self.weights),
            "centers": copied(self.centers),
            "constant": torch.as_tensor(self.constant).clone(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.weights = copied(state["weights"])
        self.centers = copied(state["centers"])
        self.constant = state["constant"]


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A dictionary of its own, with tensors of its own."""
    return {name: tensor.clone() for name, tensor in tensors.items()}


class _Quadratic(torch.autograd.Function):
    """``sum w (p - c)^2`` with its gradient ``2 w (p - c)``: three passes over the parameters."""

    @staticmethod
    def forward(
        ctx: Any,
        owner: QuadraticPenalty,
        names: list[str],
        weights: list[Tensor],
        centers: list[Tensor],
        *params: Tensor,
    ) -> Tensor:
        distance = torch._foreach_sub(params, centers)
        pull = torch._foreach_mul(distance, weights)
        ctx.owner, ctx.names, ctx.pull = owner, names, pull
        terms = [torch.dot(a.flatten(), b.flatten()) for a, b in zip(pull, distance, strict=True)]
        return torch.stack(terms).sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        gradients = torch._foreach_mul(ctx.pull, gradient * 2)
        ctx.owner.record(ctx.names, gradients)
        return (None, None, None, None, *gradients)


def _corner(value: Tensor, like: Tensor) -> Tensor:
    """``value`` where ``like`` lies; in the corner of zeros of its shape, where that has grown."""
    value = value.to(like.device)
    if value.shape == like.shape:
        return value
    grown = torch.zeros_like(like, requires_grad=False)
    block = tuple(slice(0, min(a, b)) for a, b in zip(value.shape, like.shape, strict=True))
    grown[block] = value[block]
    return grown
