"""Memory Aware Synapses: importances from how sensitive the model's answers are."""

from __future__ import annotations

import logging
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from avalanche.training.regularization.base import RegularizationMethod, finished_experience
from avalanche.training.regularization.numbers import check_number
from avalanche.training.regularization.per_sample import mean_over_samples
from avalanche.training.regularization.quadratic import QuadraticPenalty

__all__ = ["MASMode", "MemoryAwareSynapses"]

MASMode = Literal["accumulate", "average"]

_log = logging.getLogger("avalanche")


class MemoryAwareSynapses(RegularizationMethod):
    r"""The MAS penalty as a component.

    .. math:: \lambda \sum_i \Omega_i (\theta_i - \theta^*_i)^2, \qquad
        \Omega_i \leftarrow \Omega_i + \frac1N \sum_n
        \left|\frac{\partial \lVert f(x_n) \rVert_2^2}{\partial\theta_i}\right|

    with :math:`\theta^*` the weights after the last experience. Needs no labels. Time and memory
    do not grow with the number of experiences.

    Args:
        lambda_reg: strength of the penalty, 0 or more.
        alpha: share of the earlier importances in a moving average, in [0, 1].
        mode: ``"accumulate"`` adds the importances of all experiences up, as in the paper;
            ``"average"`` takes the moving average of avalanche-lib 0.6,
            ``alpha * old + (1 - alpha) * new``. None is ``"accumulate"``, or ``"average"`` where
            ``alpha`` is not its default.
        verbose: log the mean importance after each experience.

    Attributes:
        quadratic: the sum of all terms so far.
        experiences: number of finished experiences.

    Raises:
        TypeError: a strength or a share that is no number.
        ValueError: one out of its range, or an unknown mode, or a share given to a mode
            without one.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks import SplitDigits
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        >>> mas = MemoryAwareSynapses(lambda_reg=2.0)
        >>> mas(model).item()
        0.0
        >>> experience = SplitDigits(5).train_stream[0]
        >>> mas.post_adapt(SimpleNamespace(model=model), experience)
        >>> mas(model).item()  # still the same weights
        0.0

    Differences from the paper:
        1. Importances are of each experience's training set; the paper can also take unlabelled
           data that arrives in between.
        2. Units that a growing head masks (logit ``-inf``) do not count in the norm.

    References:
        Aljundi et al., "Memory Aware Synapses: Learning what (not) to forget", ECCV 2018
        (arXiv 1711.09601), eq. 2 to 5.
    """

    def __init__(
        self,
        lambda_reg: float = 1.0,
        alpha: float = 0.5,
        mode: MASMode | None = None,
        verbose: bool = False,
    ) -> None:
        check_number("lambda_reg", lambda_reg, "strength of 0 or more")
        check_number("alpha", alpha, "share between 0 and 1", most=1)
        if mode not in (None, *get_args(MASMode)):
            raise ValueError(f"mode={mode!r}: expected 'accumulate' or 'average'")
        if mode == "accumulate" and alpha != 0.5:
            raise ValueError(
                f"alpha={alpha}: importances that add up have no share of the old ones; leave "
                "alpha out, or pass mode='average'"
            )
        self.lambda_reg = lambda_reg
        self.alpha = alpha
        self.mode: MASMode = mode or ("accumulate" if alpha == 0.5 else "average")
        self.verbose = verbose
        self.quadratic = QuadraticPenalty()
        self.experiences = 0

    def __call__(self, model: nn.Module) -> Tensor:
        """The penalty at the model's present weights, a scalar; 0 before any experience."""
        return self.quadratic(model) * self.lambda_reg

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Measure importances on ``exp`` and anchor the weights of ``agent.model``."""
        exp = finished_experience(exp)
        if exp is None:
            return
        device = getattr(agent, "device", next(agent.model.parameters()).device)
        found = self.compute_importances(agent.model, exp.dataset, device)
        self.consolidate(agent.model, found)

    def compute_importances(
        self,
        model: nn.Module,
        dataset: Any,
        device: torch.device | str = "cpu",
        batch_size: int = 256,
        num_workers: int = 0,
    ) -> dict[str, Tensor]:
        """Mean magnitude of the gradients on ``dataset``: parameter name to tensor of its shape."""
        return mean_over_samples(
            model,
            dataset,
            _squared_norms,
            torch.abs,
            device=device,
            batch_size=batch_size,
            num_workers=num_workers,
        )

    def consolidate(self, model: nn.Module, importances: dict[str, Tensor]) -> None:
        """Take in the importances of a finished experience, around the model's weights."""
        weights = {n: p.detach().clone() for n, p in model.named_parameters() if n in importances}
        averaged = self.experiences > 0 and self.mode == "average"
        self.quadratic.decay(self.alpha if averaged else 1.0, weights)
        share = 1 - self.alpha if averaged else 1.0
        self.quadratic.add({n: share * t for n, t in importances.items()}, weights)
        self.experiences += 1
        if self.verbose and importances:
            mean = torch.cat([t.flatten() for t in importances.values()]).mean()
            _log.info("MAS: mean importance of experience %d: %.3g", self.experiences, mean)

    def state_dict(self) -> dict[str, Any]:
        """The quadratic form."""
        return {"experiences": self.experiences, "quadratic": self.quadratic.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.experiences = state["experiences"]
        self.quadratic.load_state_dict(state["quadratic"])


def _squared_norms(answers: Tensor, targets: Tensor) -> Tensor:
    """Sum of the squared norms of ``(batch, units)``, without masked units."""
    return answers.masked_fill(answers == float("-inf"), 0.0).square().sum()
