"""EWC: elastic weight consolidation."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.ewc import EWCPlugin
from avalanche.training.regularization.ewc import FisherKind, Mode
from avalanche.training.templates.checks import REQUIRED, check_given
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["EWC"]


class EWC(SupervisedTemplate):
    """Elastic weight consolidation; see :class:`ElasticWeightConsolidation` for the formula.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        ewc_lambda: strength of the penalty, 0 or more.
        mode: ``"separate"`` for one term per experience, ``"online"`` for one decayed term.
        decay_factor: decay of online mode, in [0, 1].
        keep_importance_data: keep importances and weights of every experience, not only of the
            last one, for inspection.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        fisher: ``"sampled"`` labels, ``"empirical"`` ones, ``"auto"``, or ``"batch"`` as
            avalanche-lib 0.6.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: an argument without a default is missing.
        ValueError: as :class:`ElasticWeightConsolidation`.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        ewc_lambda: float = REQUIRED,
        mode: Mode = "separate",
        decay_factor: float | None = None,
        keep_importance_data: bool = False,
        *args: Any,
        fisher: FisherKind = "auto",
        **base: Unpack[LoopOptions],
    ) -> None:
        check_given(type(self).__name__, ewc_lambda=ewc_lambda)
        plugin = EWCPlugin(ewc_lambda, mode, decay_factor, keep_importance_data, fisher)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
