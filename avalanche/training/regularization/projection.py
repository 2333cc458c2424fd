"""Methods that change the direction of an update, so that it does not undo what was learnt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from avalanche.training.regularization.base import finished_experience
from avalanche.training.regularization.episodic_memory import EpisodicMemory

__all__ = ["GradientProjection", "LossOf", "flat_gradient", "trained_parameters"]

LossOf = Callable[[Sequence[Tensor]], Tensor]
"""Loss of a batch ``[x, y, ...]``, a scalar with a graph; best a :class:`BatchLoss`."""


class GradientProjection(ABC):
    """Corrects the gradients in ``.grad`` by those of remembered patterns.

    Call it after the backward pass and before the optimizer's step, and :meth:`post_adapt` after
    each experience. It knows nothing of any training loop, and puts no gradient of a remembered
    pattern into ``.grad`` but through the correction.

    The model is asked as it stands: in training, dropout draws for the patterns, and batch
    normalisation normalises them by their own statistics, which enter its running ones. The
    authors' programs do so; the patterns are data that the model still learns from.

    Args:
        patterns_per_experience: patterns to keep of each experience, at least 1.
    """

    def __init__(self, patterns_per_experience: int) -> None:
        self.memory = EpisodicMemory(patterns_per_experience)
        self._used: list[bool] = []

    def __call__(self, parameters: Iterable[nn.Parameter], loss_of: LossOf) -> None:
        """Correct the gradients of ``parameters``.

        Args:
            parameters: those that the optimizer trains.
            loss_of: the loss of a batch ``[x, y, ...]`` of patterns.
        """
        parameters = list(parameters)
        self.look_back(parameters, loss_of)
        self.project(parameters)

    @abstractmethod
    def look_back(self, parameters: Sequence[nn.Parameter], loss_of: LossOf) -> None:
        """Compute the gradients on the memory; ``.grad`` is left alone."""

    @abstractmethod
    def project(self, parameters: Sequence[nn.Parameter]) -> None:
        """Correct ``.grad`` by what :meth:`look_back` found; does nothing without a memory."""

    def pre_adapt(self, agent: Any, exp: Any) -> None:  # noqa: B027 - nothing to do
        """Before learning from ``exp``; nothing to do."""

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Remember patterns of ``exp``.

        Of an online stream that tells of boundaries, those of the whole experience at its end.
        """
        finished = finished_experience(exp)
        if finished is not None:
            self.memory.add(finished.dataset)

    def pre_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`pre_adapt`."""
        self.pre_adapt(agent, experience)

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`post_adapt`."""
        self.post_adapt(agent, experience)

    def gradients(self, parameters: Sequence[nn.Parameter], loss: Tensor) -> list[Tensor | None]:
        """Gradients of ``loss``, None for parameters that it does not depend on.

        It may depend on none, as that of patterns whose part of the model is frozen.
        """
        found: Sequence[Tensor | None] = [None] * len(parameters)
        if loss.requires_grad:
            found = torch.autograd.grad(loss, parameters, allow_unused=True)
        if len(self._used) != len(found):
            self._used = [False] * len(found)
        self._used = [used or g is not None for used, g in zip(self._used, found, strict=True)]
        return list(found)

    def gradient(self, parameters: Sequence[nn.Parameter], loss: Tensor) -> Tensor:
        """Gradient of ``loss`` as one vector, zeros for parameters that it does not depend on."""
        return _join(self.gradients(parameters, loss), parameters)

    def assign(self, parameters: Sequence[nn.Parameter], vector: Tensor) -> None:
        """Put a vector into ``.grad``; parameters that no loss depends on keep None."""
        pieces = vector.split([p.numel() for p in parameters])
        old, new = [], []
        for parameter, piece, used in zip(parameters, pieces, self._used, strict=True):
            if parameter.grad is not None:
                old.append(parameter.grad)
                new.append(piece.view_as(parameter))
            elif used:
                parameter.grad = piece.view_as(parameter).to(parameter.dtype, copy=True)
        torch._foreach_copy_(old, new)

    def state_dict(self) -> dict[str, Any]:
        """State of the memory."""
        return self.memory.state_dict()

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict`; ``parts`` are those of the data sets it refers to."""
        self.memory.load_state_dict(state, parts)


def flat_gradient(parameters: Sequence[nn.Parameter]) -> Tensor:
    """A copy of what is in ``.grad`` as one vector, zeros where there is none (unused heads)."""
    return _join([p.grad for p in parameters], parameters)


def _join(tensors: Sequence[Tensor | None], like: Sequence[Tensor]) -> Tensor:
    return torch.cat(
        [
            torch.zeros_like(p).flatten() if t is None else t.flatten()
            for t, p in zip(tensors, like, strict=True)
        ]
    )


def trained_parameters(groups: Iterable[dict[str, Any]]) -> list[nn.Parameter]:
    """The parameters in an optimizer's ``param_groups`` that require gradients."""
    return [p for group in groups for p in group["params"] if p.requires_grad]
