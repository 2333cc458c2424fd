"""EWC as a plugin."""

from typing import Any

import torch
from torch import Tensor, nn

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.regularization.base import finished_experience
from avalanche.training.regularization.ewc import ElasticWeightConsolidation, FisherKind, Mode
from avalanche.training.regularization.numbers import check_number
from avalanche.training.regularization.quadratic import QuadraticPenalty

__all__ = ["EWCPlugin"]


class EWCPlugin(SupervisedPlugin):
    """Adds the EWC penalty to the loss; see :class:`ElasticWeightConsolidation`.

    Does not use task labels.

    Args:
        ewc_lambda: strength of the penalty, 0 or more; the penalty is
            ``ewc_lambda / 2 * sum F (theta - theta*)²``.
        mode: ``"separate"`` or ``"online"``.
        decay_factor: decay of online mode, in [0, 1].
        keep_importance_data: keep ``importances`` and ``saved_params`` of every experience, not
            only of the last one.
        fisher: ``"auto"``, ``"sampled"``, ``"empirical"``, or ``"batch"`` as avalanche-lib 0.6.
    """

    def __init__(
        self,
        ewc_lambda: float,
        mode: Mode = "separate",
        decay_factor: float | None = None,
        keep_importance_data: bool = False,
        fisher: FisherKind = "auto",
    ) -> None:
        self.ewc = ElasticWeightConsolidation(
            ewc_lambda, mode, decay_factor, keep_importance_data, fisher
        )
        self._weights: dict[str, Tensor] = {}

    @property
    def ewc_lambda(self) -> float:
        """Strength of the penalty."""
        return self.ewc.ewc_lambda

    @ewc_lambda.setter
    def ewc_lambda(self, value: float) -> None:
        check_number("ewc_lambda", value, "strength of 0 or more")
        self.ewc.ewc_lambda = value

    @property
    def mode(self) -> Mode:
        """``"separate"`` or ``"online"``."""
        return self.ewc.mode

    @property
    def decay_factor(self) -> float | None:
        """Decay of online mode."""
        return self.ewc.decay_factor

    @property
    def keep_importance_data(self) -> bool:
        """Whether importances of every experience are kept."""
        return self.ewc.keep_importance_data

    @property
    def quadratic(self) -> QuadraticPenalty:
        """The quadratic form that is added to the loss, times half the strength."""
        return self.ewc.quadratic

    @property
    def importances(self) -> dict[int, dict[str, Tensor]]:
        """Kept importances: experience to parameter name to tensor."""
        return self.ewc.importances

    @property
    def saved_params(self) -> dict[int, dict[str, Tensor]]:
        """Kept weights: experience to parameter name to tensor."""
        return self.ewc.saved_params

    def before_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Add the penalty."""
        if self.ewc.experiences and self.ewc.ewc_lambda:
            strategy.loss = strategy.loss + self.ewc(strategy.model)

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Estimate importances and anchor the weights, by the two methods below."""
        experience = finished_experience(strategy.experience)
        if experience is None:
            return
        self._anchor(strategy.model)
        importances = self.compute_importances(
            strategy.model,
            getattr(strategy, "_criterion", None),
            strategy.optimizer,
            experience.dataset,
            strategy.device,
            self.ewc.batch_size(strategy),
        )
        self.update_importances(importances, self.ewc.experiences)
        self._weights = {}

    def compute_importances(
        self,
        model: nn.Module,
        criterion: Any,
        optimizer: Any,
        dataset: Any,
        device: torch.device | str,
        batch_size: int,
        num_workers: int = 0,
    ) -> dict[str, Tensor]:
        """Importances of each parameter on ``dataset``; ``optimizer`` is not used."""
        self._anchor(model)
        return self.ewc.compute_importances(
            model, criterion, dataset, device, batch_size, num_workers
        )

    def update_importances(self, importances: dict[str, Tensor], t: int) -> None:
        """Take in the importances of experience ``t``, around the weights they were computed at.

        Raises:
            RuntimeError: no importances were computed, so the weights are not known.
            ValueError: importances of parameters that the model does not have.
        """
        if not self._weights:
            raise RuntimeError(
                "the weights that these importances belong to are not known; call "
                "compute_importances(model, ...) before update_importances"
            )
        unknown = sorted(set(importances) - set(self._weights))
        if unknown:
            raise ValueError(
                f"importances of {unknown}: the model has no such parameters; give names of "
                f"model.named_parameters(): {sorted(self._weights)}"
            )
        self.ewc.add_term(importances, {name: self._weights[name] for name in importances}, t)

    def _anchor(self, model: nn.Module) -> None:
        self._weights = {n: p.detach().clone() for n, p in model.named_parameters()}

    def state_dict(self) -> dict[str, Any]:
        """State of the component."""
        return self.ewc.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        self.ewc.load_state_dict(state)
