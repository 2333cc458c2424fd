"""SI: synaptic intelligence."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.synaptic_intelligence import SynapticIntelligencePlugin
from avalanche.training.regularization.synaptic_intelligence import DAMPING
from avalanche.training.templates.checks import REQUIRED, check_given
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["SynapticIntelligence"]


class SynapticIntelligence(SupervisedTemplate):
    """Synaptic intelligence; see :class:`SynapticIntelligencePenalty` for the formula.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        si_lambda: strength of the penalty, 0 or more; a list gives one per experience.
        eps: damping of the importances, above 0; the paper uses 0.1 and 0.001,
            avalanche-lib 0.6 has 1e-7. An int above 1 with others after it is the
            ``train_mb_size``, which had this place up to release 0.2.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        excluded_parameters: names of parameters or modules to leave out, with wildcards.
        clip: largest importance of a weight; None for no limit. avalanche-lib 0.6 has 0.001.
        batch_norm: whether batch normalization takes part; it does not in avalanche-lib 0.6.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        TypeError: as :class:`SynapticIntelligencePenalty`, or without ``si_lambda``, or for an
            ``eps`` that may also be the size.
        ValueError: as :class:`SynapticIntelligencePenalty`, or ``precision="fp16"``.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        si_lambda: float | Sequence[float] = REQUIRED,
        eps: float = DAMPING,
        *args: Any,
        excluded_parameters: Iterable[str] | None = None,
        clip: float | None = None,
        batch_norm: bool = True,
        **base: Unpack[LoopOptions],
    ) -> None:
        check_given(type(self).__name__, si_lambda=si_lambda)
        if isinstance(eps, int) and eps > 1:  # up to release 0.2 there was no eps
            if not args:
                raise TypeError(
                    f"eps={eps}: write eps={eps}.0 for that damping, or name train_mb_size={eps}"
                )
            eps, args = DAMPING, (eps, *args)
        plugin = SynapticIntelligencePlugin(
            si_lambda, eps, excluded_parameters, clip=clip, batch_norm=batch_norm
        )
        super().__init__(model, optimizer, criterion, *args, **base)
        plugin.before_training(self)
        self.add_plugin(plugin)
