"""Optimizers that follow a growing model."""

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

__all__ = ["DynamicOptimizer", "OptimizerSync"]

_LEFT_OUT = -1


class OptimizerSync:
    """Keeps an optimizer in step with the parameters of a model that grows.

    A parameter that was replaced under the same name takes the old one's place, and its state
    (momentum, moments) is kept for the old block and zero for the new. A parameter with a new name
    joins the group of its nearest relative by name. A parameter that the user left out of the
    optimizer stays out, and so does what grows from it. Linear in the number of parameters.

    Args:
        optimizer: built on some or all parameters of ``model``.
        model: the model as the optimizer was built on it.

    Raises:
        ValueError: the optimizer holds no parameter of the model.
    """

    def __init__(self, optimizer: Optimizer, model: nn.Module) -> None:
        group_of_id = {
            id(p): index
            for index, group in enumerate(optimizer.param_groups)
            for p in group["params"]
        }
        self._known: dict[str, Parameter] = dict(model.named_parameters())
        self._group: dict[str, int] = {
            name: group_of_id.get(id(p), _LEFT_OUT) for name, p in self._known.items()
        }
        if self._known and all(group == _LEFT_OUT for group in self._group.values()):
            raise ValueError(
                "optimizer: it holds no parameter of this model, so training would change nothing; "
                "build it with model.parameters() of the same model"
            )

    def order(self, optimizer: Optimizer) -> list[list[str]]:
        """Names of the parameters of every group, in order; ``""`` for one of no known name.

        An optimizer's own state goes by position, and parameters that joined later lie where they
        joined.
        """
        names = {id(p): name for name, p in self._known.items()}
        return [[names.get(id(p), "") for p in g["params"]] for g in optimizer.param_groups]

    def reorder(self, optimizer: Optimizer, order: list[list[str]]) -> None:
        """Bring the groups into an order that :meth:`order` gave.

        Raises:
            ValueError: the groups do not hold the same parameters; nothing is changed.
        """
        now = self.order(optimizer)
        if [sorted(names) for names in now] != [sorted(names) for names in order]:
            raise ValueError(
                f"the optimizer holds the parameters {now}, the saved one held {order}; build "
                "model and optimizer as they were"
            )
        for group, names in zip(optimizer.param_groups, order, strict=True):
            unnamed = iter([p for p in group["params"] if not self._name_of(p)])
            group["params"] = [self._known[n] if n else next(unnamed) for n in names]

    def _name_of(self, parameter: Tensor) -> str:
        return next((n for n, p in self._known.items() if p is parameter), "")

    def sync(self, optimizer: Optimizer, model: nn.Module) -> None:
        """Let ``optimizer`` follow what happened to ``model`` since the last call."""
        current = dict(model.named_parameters())
        if len(current) == len(self._known) and all(
            self._known.get(name) is p for name, p in current.items()
        ):
            return
        replaced: dict[int, Parameter] = {}
        new_in_group: dict[int, list[Parameter]] = defaultdict(list)
        groups: dict[str, int] = {}
        relatives = _first_by_prefix(self._group)
        for name, parameter in current.items():
            old = self._known.get(name)
            if old is None:
                groups[name] = _nearest(name, relatives)
                if groups[name] != _LEFT_OUT:
                    new_in_group[groups[name]].append(parameter)
                continue
            groups[name] = self._group[name]
            if old is not parameter and groups[name] != _LEFT_OUT:
                replaced[id(old)] = parameter
                _move_state(optimizer, old, parameter)
        gone = {id(p) for name, p in self._known.items() if name not in current}
        for index, group in enumerate(optimizer.param_groups):
            kept = [replaced.get(id(p), p) for p in group["params"] if id(p) not in gone]
            group["params"] = kept + new_in_group[index]
        for name, parameter in self._known.items():
            if name not in current:
                optimizer.state.pop(parameter, None)
        self._known, self._group = current, groups


class DynamicOptimizer:
    """An optimizer for loops without a strategy, adapted with the agent's model.

    Args:
        optim: the optimizer.
        model: the model that it was built on.
        reset_state: forget momentum and moments at each experience.
        verbose: accepted for compatibility.
    """

    def __init__(
        self, optim: Optimizer, model: nn.Module, reset_state: bool = False, verbose: bool = False
    ) -> None:
        self.optim = optim
        self.reset_state = reset_state
        self.verbose = verbose
        self._sync = OptimizerSync(optim, model)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.optim.zero_grad()

    def step(self) -> None:
        """Update the parameters."""
        self.optim.step()

    def pre_adapt(self, agent: Any, exp: Any) -> None:
        """Follow ``agent.model``; assign the model to the agent before this optimizer."""
        if self.reset_state:
            self.optim.state.clear()
        self._sync.sync(self.optim, agent.model)


def _move_state(optimizer: Optimizer, old: Parameter, new: Parameter) -> None:
    """Give ``new`` the state of ``old``; tensors of the old shape are padded with zeros."""
    state = optimizer.state.pop(old, None)
    if state is None:
        return
    optimizer.state[new] = {
        key: _grow(value, new) if torch.is_tensor(value) and value.shape == old.shape else value
        for key, value in state.items()
    }


def _grow(value: Tensor, like: Parameter) -> Tensor:
    """``value`` in the corner of a zero tensor of the shape of ``like``."""
    grown = torch.zeros_like(like, dtype=value.dtype)
    if grown.dim() == value.dim() and all(
        n >= o for n, o in zip(grown.shape, value.shape, strict=True)
    ):
        grown[tuple(slice(0, size) for size in value.shape)] = value
    return grown


def _first_by_prefix(groups: dict[str, int]) -> dict[str, int]:
    """For each dotted prefix, the group of the first parameter below it."""
    first: dict[str, int] = {}
    for name, group in groups.items():
        parts = name.split(".")
        for end in range(len(parts)):
            first.setdefault(".".join(parts[:end]), group)
    return first


def _nearest(name: str, relatives: dict[str, int]) -> int:
    """Group of the nearest relative of ``name``: the longest known prefix decides."""
    parts = name.split(".")
    for end in range(len(parts) - 1, -1, -1):
        group = relatives.get(".".join(parts[:end]))
        if group is not None:
            return group
    return 0
