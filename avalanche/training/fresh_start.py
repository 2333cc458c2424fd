"""Going back to the initial weights, growing models included."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from avalanche.models.dynamic_modules import avalanche_model_adaptation
from avalanche.training.regularization.base import begins_here

__all__ = ["FreshStart"]


class FreshStart:
    """Puts a model back to the weights that it had before any training.

    Weights change in place: every parameter stays the same object, so optimizers and whatever
    else holds the model go on. A model that has grown keeps its size and what it knows of classes
    and tasks; units that joined later go back to the values that they joined with. Units that
    joined since the last :meth:`remember`, as after an interruption, stay as they are.

    Args:
        reset_optimizer: forget moments too, and put learning rates and the other options of the
            optimizer's groups back.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> from avalanche.models import IncrementalClassifier
        >>> model = nn.Sequential(nn.Flatten(), IncrementalClassifier(64))
        >>> agent, start = SimpleNamespace(model=model), FreshStart()
        >>> first = model[1].classifier.weight[:2].tolist()
        >>> for experience in SplitDigits().train_stream:
        ...     start.pre_adapt(agent, experience)  # initial weights, grown for the experience
        ...     with torch.no_grad():
        ...         model[1].classifier.weight += 1  # whatever is learnt
        >>> start.restore(model)
        >>> model[1].classifier.weight[:2].tolist() == first
        True
    """

    def __init__(self, reset_optimizer: bool = True) -> None:
        self.reset_optimizer = reset_optimizer
        self._weights: dict[str, Any] | None = None
        self._options: list[dict[str, Any]] | None = None

    def pre_adapt(self, agent: Any, exp: Any) -> None:
        """Go back, let dynamic modules grow for ``exp``, and remember the grown model.

        Later parts of an experience only let the model grow, where boundaries are known.
        """
        optimizer = getattr(agent, "optimizer", None)
        begins = begins_here(exp)
        if begins:
            self.restore(agent.model, optimizer)
        avalanche_model_adaptation(agent.model, exp)
        if begins:
            self.remember(agent.model, optimizer)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Nothing to do after learning."""

    def restore(self, model: nn.Module, optimizer: Optimizer | None = None) -> None:
        """Go back to what was remembered; nothing before the first :meth:`remember`.

        Raises:
            ValueError: a layer is gone or smaller, or of other dimensions; nothing is changed.
        """
        if self._weights is None:
            return
        model.load_state_dict(_in_grown(self._weights, model.state_dict()))
        if optimizer is not None and self.reset_optimizer:
            optimizer.state.clear()
            for group, options in zip(optimizer.param_groups, self._options or [], strict=False):
                group.update(deepcopy(options))

    @torch.no_grad()
    def remember(self, model: nn.Module, optimizer: Optimizer | None = None) -> None:
        """Note the weights, which must be untrained: call it after growth, before training."""
        self._weights = {
            name: value.detach().clone() if torch.is_tensor(value) else deepcopy(value)
            for name, value in model.state_dict().items()
        }
        if optimizer is not None and self._options is None:
            self._options = [
                {name: deepcopy(value) for name, value in group.items() if name != "params"}
                for group in optimizer.param_groups
            ]

    def state_dict(self) -> dict[str, Any]:
        """The initial weights and the initial options of the optimizer."""
        return {"weights": self._weights, "options": self._options}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self._weights = state["weights"]
        self._options = state["options"]


def _in_grown(remembered: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """Remembered values in the first block of those that have grown since; others as present."""
    old, new = _shapes(remembered), _shapes(present)
    if old == new:
        return remembered
    values = dict(present)  # with what a grown model knows of its growth, its extra state
    for name, shape in old.items():
        now = new.get(name)
        if now is None or len(now) != len(shape) or any(map(int.__lt__, now, shape)):
            raise ValueError(
                f"model: {name!r} had the shape {shape} when its initial weights were remembered "
                f"and has {now} now; layers may only grow, so build a new strategy for a model "
                "that was rebuilt"
            )
        if torch.is_tensor(values[name]):
            values[name] = values[name].detach().clone()
            values[name][tuple(map(slice, shape))] = remembered[name].to(values[name])
    return values


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {n: tuple(v.shape) if torch.is_tensor(v) else () for n, v in state.items()}
