"""EWC as a plugin."""

from typing import Any

import torch
from torch import Tensor, nn

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.regularization import ElasticWeightConsolidation
from avalanche.training.regularization.ewc import FisherKind, Mode

__all__ = ["EWCPlugin"]


class EWCPlugin(SupervisedPlugin):
    """Adds the EWC penalty to the loss; see :class:`ElasticWeightConsolidation`.

    Does not use task labels.

    Args:
        ewc_lambda: strength of the penalty, 0 or more; the penalty is
            ``ewc_lambda / 2 * sum F (theta - theta*)²``.
        mode: ``"separate"`` or ``"online"``.
        decay_factor: decay of online mode, in [0, 1].
        keep_importance_data: keep each experience's ``importances`` and ``saved_params``.
        fisher: ``"auto"``, ``"sampled"`` or ``"empirical"``.
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

    @property
    def ewc_lambda(self) -> float:
        """Strength of the penalty."""
        return self.ewc.ewc_lambda

    @ewc_lambda.setter
    def ewc_lambda(self, value: float) -> None:
        self.ewc.ewc_lambda = value

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
        """Estimate importances and anchor the weights."""
        self.ewc.post_adapt(strategy, strategy.experience)

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
        return self.ewc.compute_importances(
            model, criterion, dataset, device, batch_size, num_workers
        )

    def state_dict(self) -> dict[str, Any]:
        """State of the component."""
        return self.ewc.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        self.ewc.load_state_dict(state)
