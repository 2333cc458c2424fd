"""Synaptic Intelligence: importances from the path that the weights took while learning."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from avalanche.training.regularization.base import (
    RegularizationMethod,
    begins_here,
    finished_experience,
)
from avalanche.training.regularization.numbers import check_number, check_numbers
from avalanche.training.regularization.quadratic import QuadraticPenalty, copied

__all__ = ["DAMPING", "SynapticIntelligencePenalty", "allowed_parameters", "importance"]


DAMPING = 0.1


class SynapticIntelligencePenalty(RegularizationMethod):
    r"""The SI penalty as a component.

    .. math:: \frac{\lambda}{2} \sum_i \Omega_i (\theta_i - \tilde\theta_i)^2, \qquad
        \Omega_i = \sum_k \frac{\max(0, \omega_{k,i})}{\Delta_{k,i}^2 + \xi}

    with :math:`\tilde\theta` the weights after the last experience, :math:`\Delta_k` how far a
    weight moved during experience :math:`k`, and the path integral
    :math:`\omega_k = -\sum_t g_t (\theta_{t+1} - \theta_t)` over its updates: how much the weight's
    moves lowered the loss. :math:`g_t` is the gradient of the loss without the penalty. Time and
    memory do not grow with the number of experiences.

    Args:
        si_lambda: strength, 0 or more; a list gives one per experience, and its last value holds
            for all later ones.
        eps: :math:`\xi`, above 0, in squared units of weight. Weights that hardly moved get large
            importances where it is small, and training may diverge. 0.1 is the paper's on permuted
            MNIST, 0.001 on Split MNIST; avalanche-lib 0.6 has 1e-7, with a clip.
        excluded_parameters: names to leave out, with wildcards (``"features.*"``); the name of a
            module leaves out all its parameters. A name that matches nothing is warned of once,
            when an experience begins.
        clip: largest importance of a weight, above 0; None for no limit, as in the paper.
            avalanche-lib 0.6 has 0.001.
        batch_norm: whether scale and shift of batch normalization take part. avalanche-lib 0.6
            leaves them out.
        device: where importances are computed; None for where the model is. Another device costs
            transfers in every iteration.

    Attributes:
        quadratic: the sum of all terms so far.
        experiences: number of finished experiences.
        path: :math:`\omega` of the current experience, by parameter name.

    Raises:
        TypeError: a strength, ``eps`` or ``clip`` that is no number.
        ValueError: one out of its range or not finite, or an empty list of strengths.
        FloatingPointError: at the end of an experience, the weights are not finite.

    Example:
        >>> from types import SimpleNamespace
        >>> model = nn.Linear(1, 1, bias=False)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> si, agent = SynapticIntelligencePenalty(1.0, eps=0.1), SimpleNamespace(model=model)
        >>> _ = nn.init.constant_(model.weight, 1.0)
        >>> si.pre_adapt(agent, "first")
        >>> loss = model(torch.ones(1, 1)).square().sum() + si(model)
        >>> loss.backward()                  # gradient 2
        >>> si.before_step(model)
        >>> optimizer.step()                 # from 1 to 0.8
        >>> si.after_step(model)
        >>> si.post_adapt(agent, "first")    # 2 * 0.2 / (0.2^2 + 0.1)
        >>> round(si.quadratic.weights["weight"].item(), 4)
        2.8571

    Differences from the paper:
        1. The paper's strength is ``c = si_lambda / 2`` (eq. 4); the half is that of EWC and of
           Maltoni and Lomonaco.
        2. A weight whose moves raised the loss over an experience adds no importance; in the paper
           it would subtract some, and the penalty could become negative.
        3. Only quadratic penalties (this one, EWC, MAS) are kept out of the path integral. Other
           terms that a plugin adds to the loss count as part of the task.
        4. Updates that early stopping throws away stay in the path integral.

    References:
        Zenke et al., "Continual Learning Through Synaptic Intelligence", ICML 2017
        (arXiv 1703.04200), eq. 3 to 5. Maltoni and Lomonaco, "Continuous Learning in
        Single-Incremental-Task Scenarios", 2019 (arXiv 1806.08568), section 4.
    """

    def __init__(
        self,
        si_lambda: float | Sequence[float],
        eps: float = DAMPING,
        excluded_parameters: Iterable[str] | None = None,
        clip: float | None = None,
        batch_norm: bool = True,
        device: torch.device | str | None = None,
    ) -> None:
        check_numbers("si_lambda", si_lambda, "strength of 0 or more")
        check_number("eps", eps, "number above 0", above=0)
        if clip is not None:
            check_number("clip", clip, "number above 0", above=0)
        if isinstance(excluded_parameters, str):
            raise TypeError(
                f"excluded_parameters={excluded_parameters!r}: expected a list of names; "
                f"write [{excluded_parameters!r}]"
            )
        self.si_lambda = si_lambda
        self.eps = eps
        self.excluded_parameters = set(excluded_parameters or ())
        self.clip = clip
        self.batch_norm = batch_norm
        self.device = device
        self.quadratic = QuadraticPenalty()
        self.experiences = 0
        self.path: dict[str, Tensor] = {}
        self._warned: set[str] = set()
        self._start: dict[str, Tensor] = {}
        self._followed: list[tuple[str, Parameter]] = []
        self._scratch: dict[str, Tensor] = {}
        self._gradients: dict[str, Tensor] = {}
        self._penalties: list[QuadraticPenalty] = [self.quadratic]

    @property
    def strength(self) -> float:
        """:math:`\\lambda` of the current experience."""
        if isinstance(self.si_lambda, Sequence):
            return self.si_lambda[min(self.experiences, len(self.si_lambda) - 1)]
        return self.si_lambda

    @property
    def has_gradients(self) -> bool:
        """Whether :meth:`before_step` was called for the update to come."""
        return bool(self._gradients)

    def __call__(self, model: nn.Module) -> Tensor:
        """The penalty at the model's present weights, a scalar; 0 before any experience."""
        return self.quadratic(model) * (self.strength / 2)

    def pre_adapt(self, agent: Any, exp: Any, others: Iterable[QuadraticPenalty] = ()) -> None:
        """Follow the weights of ``agent.model`` from here on.

        Args:
            agent: anything with a ``model``.
            exp: the experience that begins.
            others: penalties in the same loss that shall stay out of the path integral.
        """
        if begins_here(exp):
            self.path, self._start = {}, {}
        self._warn_of_unknown_names(agent.model)
        self._followed = allowed_parameters(agent.model, self.excluded_parameters, self.batch_norm)
        self._gradients = {}  # of an update that an exception kept from happening
        for name, p in self._followed:
            here = self._bring(p).clone()
            self._scratch[name] = torch.empty_like(here)
            self.path[name] = _into(torch.zeros_like(here), self.path.get(name))
            self._start[name] = _into(here, self._start.get(name))
        self._penalties = [self.quadratic, *others]
        for penalty in self._penalties:
            penalty.recorded = {}

    def _warn_of_unknown_names(self, model: nn.Module) -> None:
        """Once for each name that leaves nothing out; a warning, as a module may still come."""
        for unknown in sorted(self.excluded_parameters - self._warned):
            names = [n for n, _ in (*model.named_parameters(), *model.named_modules())]
            if any(fnmatch(name, unknown) for name in names):
                continue
            self._warned.add(unknown)
            near = difflib.get_close_matches(unknown, names, n=3, cutoff=0.5) or names[:5]
            warnings.warn(
                f"excluded_parameters: {unknown!r} matches no parameter and no module, so it "
                f"leaves nothing out; did you mean {' or '.join(repr(n) for n in near)}?",
                stacklevel=2,
            )

    @torch.no_grad()
    def before_step(self, model: nn.Module) -> None:
        """After the backward pass: note weights and gradients, the penalties' share taken out."""
        if not self._followed:
            raise RuntimeError("no experience has begun; call pre_adapt(agent, experience) first")
        chosen = [(n, p, p.grad) for n, p in self._followed if p.grad is not None]
        if not chosen:
            return
        names = [n for n, _, _ in chosen]
        gradients = [g.to_dense() if g.is_sparse else g for _, _, g in chosen]
        for penalty in self._penalties:
            gradients = _subtract(gradients, names, penalty.recorded or {})
            penalty.recorded = {}
        if gradients[0] is chosen[0][2]:  # clipping and some optimizers write into theirs
            gradients = [g.clone() for g in gradients]
        self._gradients = {n: self._bring(g) for n, g in zip(names, gradients, strict=True)}
        torch._foreach_copy_([self._scratch[n] for n in names], [p for _, p, _ in chosen])

    @torch.no_grad()
    def after_step(self, model: nn.Module) -> None:
        """After the update: add what it did to the path integral."""
        gradients, self._gradients = self._gradients, {}
        if not gradients:
            return
        now = [self._bring(p) for n, p in self._followed if n in gradients]
        moved_back = [self._scratch[n] for n in gradients]
        torch._foreach_sub_(moved_back, now)
        # -g (theta' - theta)
        torch._foreach_addcmul_(
            [self.path[n] for n in gradients], list(gradients.values()), moved_back
        )

    @torch.no_grad()
    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Turn the path of a finished experience into importances around the present weights."""
        if not self._followed:
            raise RuntimeError("no experience has begun; call pre_adapt(agent, experience) first")
        weights = {n: p.detach().clone() for n, p in self._followed}
        self._followed, self._scratch, self._gradients = [], {}, {}
        for penalty in self._penalties:
            penalty.recorded = None
        self._penalties = [self.quadratic]
        if finished_experience(exp) is None:
            return
        new = {
            n: importance(path, self._bring(weights[n]) - self._start[n], self.eps).to(weights[n])
            for n, path in self.path.items()
            if n in weights
        }
        if new and not bool(torch.stack([t.sum() for t in new.values()]).isfinite().all()):
            raise FloatingPointError(
                f"importances are not finite: training has diverged; lower the learning rate or "
                f"si_lambda={self.si_lambda}, raise eps={self.eps}, or give a "
                "clip, such as the clip=0.001 of avalanche-lib 0.6"
            )
        self.quadratic.decay(1.0, weights)
        self.quadratic.add(new, weights)
        if self.clip is not None:
            torch._foreach_clamp_max_(list(self.quadratic.weights.values()), self.clip)
        self.path, self._start = {}, {}
        self.experiences += 1

    def _bring(self, tensor: Tensor) -> Tensor:
        tensor = tensor.detach()
        return tensor if self.device is None else tensor.to(self.device)

    def state_dict(self) -> dict[str, Any]:
        """The quadratic form, and the path where an experience is cut into parts."""
        return {
            "experiences": self.experiences,
            "quadratic": self.quadratic.state_dict(),
            "path": copied(self.path),
            "start": copied(self._start),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.experiences = state["experiences"]
        self.quadratic.load_state_dict(state["quadratic"])
        self.path = copied(state["path"])
        self._start = copied(state["start"])


def importance(path: Tensor, moved: Tensor, eps: float) -> Tensor:
    """Importances of one experience: eq. 5 of Zenke et al., and never below 0."""
    return path.clamp(min=0) / (moved.square() + eps)


def allowed_parameters(
    model: nn.Module, excluded: Iterable[str] = (), batch_norm: bool = True, frozen: bool = False
) -> list[tuple[str, Parameter]]:
    """Parameters of a model by name, without those left out.

    Args:
        model: the model.
        excluded: names of parameters or of modules; wildcards are fine.
        batch_norm: whether parameters of batch normalization are in.
        frozen: whether parameters that do not require gradients are in.
    """
    patterns = [*excluded]
    if not batch_norm:
        norms = nn.modules.batchnorm._BatchNorm
        patterns += [n for n, m in model.named_modules() if isinstance(m, norms)]
    patterns += [f"{pattern}.*" for pattern in patterns]
    return [
        (name, p)
        for name, p in model.named_parameters()
        if (frozen or p.requires_grad) and not any(fnmatch(name, pattern) for pattern in patterns)
    ]


def _subtract(
    gradients: list[Tensor], names: list[str], recorded: dict[str, Tensor]
) -> list[Tensor]:
    """``gradients`` without what is recorded of them; the same list where nothing is."""
    if not recorded:
        return gradients
    if all(name in recorded for name in names):
        return list(torch._foreach_sub(gradients, [recorded[name] for name in names]))
    pairs = zip(names, gradients, strict=True)
    return [g - recorded[n] if n in recorded else g.clone() for n, g in pairs]


def _into(fresh: Tensor, old: Tensor | None) -> Tensor:
    """``fresh`` with the block of ``old``, of a parameter that has grown since."""
    if old is not None:
        block = tuple(slice(0, min(a, b)) for a, b in zip(old.shape, fresh.shape, strict=True))
        fresh[block] = old[block].to(fresh)
    return fresh
