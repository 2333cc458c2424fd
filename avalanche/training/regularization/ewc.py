"""Elastic Weight Consolidation: a quadratic penalty around the solutions of earlier experiences."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from avalanche.training.regularization.base import RegularizationMethod, finished_experience
from avalanche.training.regularization.fisher import diagonal_fisher, squared_batch_gradients
from avalanche.training.regularization.numbers import check_number
from avalanche.training.regularization.quadratic import QuadraticPenalty, copied

__all__ = ["ElasticWeightConsolidation", "FisherKind", "Mode"]

Mode = Literal["separate", "online"]
FisherKind = Literal["auto", "sampled", "empirical", "batch"]


class ElasticWeightConsolidation(RegularizationMethod):
    r"""The EWC penalty as a component.

    .. math:: \frac{\lambda}{2} \sum_k \sum_i F_{k,i} (\theta_i - \theta^*_{k,i})^2

    with :math:`\theta^*_k` the weights after experience :math:`k` and :math:`F_k` the diagonal
    Fisher information there. Online mode keeps one term, with
    :math:`F \leftarrow \gamma F + F_k` around the latest weights.

    The sum over experiences is kept as one quadratic form, so time and memory do not grow with the
    number of experiences: :math:`\sum_k F_k (\theta-\theta^*_k)^2` equals
    :math:`F (\theta-\bar\theta)^2` plus a constant, with :math:`F = \sum_k F_k` and
    :math:`\bar\theta = \sum_k F_k\theta^*_k / F`.

    Args:
        ewc_lambda: strength of the penalty, 0 or more.
        mode: ``"separate"`` for one term per experience, ``"online"`` for one decayed term.
        decay_factor: :math:`\gamma` of online mode, in [0, 1].
        keep_importance_data: keep the weights and importances of every experience, not only of
            the last one, in ``saved_params`` and ``importances``. The penalty does not need them.
        fisher: ``"sampled"`` draws labels from the model (the Fisher information),
            ``"empirical"`` takes the given labels and the strategy's criterion; ``"auto"`` is
            sampled with cross-entropy and empirical with any other criterion. ``"batch"`` squares
            the mean gradient of each training batch, as avalanche-lib 0.6; together with twice its
            ``ewc_lambda`` that is its penalty.

    Attributes:
        importances: experience to parameter name to tensor; in online mode the decayed sum.
        saved_params: experience to parameter name to the weights at its end.

    Raises:
        TypeError: a strength or a factor that is no number.
        ValueError: an unknown mode or kind of Fisher, a strength below 0 or not finite, online
            mode without a decay factor, or a decay factor in separate mode.

    Differences from the paper:
        None in the penalty. Kirkpatrick et al. leave the estimate of the Fisher information open;
        here it is the mean over all samples of squared per-sample gradients.

    References:
        Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017
        (arXiv 1612.00796), eq. 3. Online: Schwarz et al., "Progress and Compress", ICML 2018
        (arXiv 1805.06370), section 4, and Huszar (arXiv 1712.03847).
    """

    def __init__(
        self,
        ewc_lambda: float,
        mode: Mode = "separate",
        decay_factor: float | None = None,
        keep_importance_data: bool = False,
        fisher: FisherKind = "auto",
    ) -> None:
        check_number("ewc_lambda", ewc_lambda, "strength of 0 or more")
        if mode not in get_args(Mode):
            raise ValueError(f"mode={mode!r}: expected 'separate' or 'online'")
        if fisher not in get_args(FisherKind):
            raise ValueError(
                f"fisher={fisher!r}: expected one of {', '.join(get_args(FisherKind))}"
            )
        if mode == "online" and decay_factor is None:
            raise ValueError(
                "decay_factor=None: online mode needs one; give a number between 0 and 1"
            )
        if mode == "online":
            check_number("decay_factor", decay_factor, "number between 0 and 1", most=1)
        if mode == "separate" and decay_factor is not None:
            raise ValueError(
                f"decay_factor={decay_factor}: separate mode does not decay; "
                "leave it out or use mode='online'"
            )
        self.ewc_lambda = ewc_lambda
        self.mode = mode
        self.decay_factor = decay_factor
        self.keep_importance_data = keep_importance_data
        self.fisher = fisher
        self.importances, self.saved_params = _Kept(), _Kept()
        self.quadratic = QuadraticPenalty()
        self.experiences = 0

    def __call__(self, model: nn.Module) -> Tensor:
        """The penalty at the model's present weights, a scalar; 0 before any experience."""
        return self.quadratic(model) * (self.ewc_lambda / 2)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Estimate importances on ``exp`` and anchor the weights of ``agent.model``."""
        exp = finished_experience(exp)
        if exp is None:
            return
        criterion = getattr(agent, "_criterion", getattr(agent, "criterion", None))
        device = getattr(agent, "device", next(agent.model.parameters()).device)
        importances = self.compute_importances(
            agent.model, criterion, exp.dataset, device, self.batch_size(agent)
        )
        self.consolidate(agent.model, importances)

    def compute_importances(
        self,
        model: nn.Module,
        criterion: Any,
        dataset: Any,
        device: torch.device | str,
        batch_size: int,
        num_workers: int = 0,
    ) -> dict[str, Tensor]:
        """Diagonal Fisher information on ``dataset``: parameter name to tensor of its shape.

        ``batch_size`` changes the result with ``fisher="batch"`` only.
        """
        if self.fisher == "batch":
            return squared_batch_gradients(
                model,
                dataset,
                criterion=criterion,
                device=device,
                batch_size=batch_size,
                num_workers=num_workers,
            )
        classification = criterion in (None, nn.functional.cross_entropy) or isinstance(
            criterion, nn.CrossEntropyLoss
        )
        sampled = self.fisher == "sampled" or (self.fisher == "auto" and classification)
        return diagonal_fisher(
            model,
            dataset,
            criterion=criterion,
            sampled=sampled,
            device=device,
            batch_size=batch_size,
            num_workers=num_workers,
        )

    def batch_size(self, agent: Any) -> int:
        """Samples at a time: many, unless the result depends on it."""
        return int(getattr(agent, "train_mb_size", 256)) if self.fisher == "batch" else 256

    def consolidate(self, model: nn.Module, importances: dict[str, Tensor]) -> None:
        """Add the term of a finished experience: importances around the model's weights."""
        weights = {n: p.detach().clone() for n, p in model.named_parameters() if n in importances}
        self.add_term(importances, weights)

    def add_term(
        self, importances: dict[str, Tensor], weights: dict[str, Tensor], t: int | None = None
    ) -> None:
        """Add a term: importances around given weights.

        Args:
            importances: 0 or more, by parameter name.
            weights: by parameter name, of all that have importances.
            t: number under which both are kept; by default that of the experience.
        """
        if self.mode == "online":
            self.quadratic.decay(float(self.decay_factor or 0.0), weights)
        self.quadratic.add(importances, weights)
        if not self.keep_importance_data:
            self.importances, self.saved_params = _Kept(), _Kept()
        number = self.experiences if t is None else t
        online = self.mode == "online"
        self.importances[number] = copied(self.quadratic.weights) if online else importances
        self.saved_params[number] = weights
        self.experiences += 1

    def state_dict(self) -> dict[str, Any]:
        """The quadratic form, and what is kept for inspection."""
        return {
            "experiences": self.experiences,
            "quadratic": self.quadratic.state_dict(),
            "importances": {t: copied(kept) for t, kept in self.importances.items()},
            "saved_params": {t: copied(kept) for t, kept in self.saved_params.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.experiences = state["experiences"]
        self.quadratic.load_state_dict(state["quadratic"])
        self.importances = _Kept((t, copied(kept)) for t, kept in state["importances"].items())
        self.saved_params = _Kept((t, copied(kept)) for t, kept in state["saved_params"].items())


class _Kept(dict[int, dict[str, Tensor]]):
    """Experience to parameter name to tensor, of the last experience or of all."""

    def __missing__(self, experience: int) -> dict[str, Tensor]:
        raise KeyError(
            f"of experience {experience} nothing is kept, only of {sorted(self)}; for all that "
            "are learnt from now on build it with keep_importance_data=True"
        )
