"""Synaptic Intelligence as a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.regularization import synaptic_data as steps
from avalanche.training.regularization.numbers import check_numbers
from avalanche.training.regularization.quadratic import QuadraticPenalty
from avalanche.training.regularization.synaptic_intelligence import (
    DAMPING,
    SynapticIntelligencePenalty,
)

__all__ = ["SynapticIntelligencePlugin"]


class SynapticIntelligencePlugin(SupervisedPlugin):
    """Adds the SI penalty to the loss; see :class:`SynapticIntelligencePenalty`.

    The path integral sees the gradient as the backward pass leaves it, before another plugin
    changes it or the loop clips it.

    Args:
        si_lambda: strength of the penalty, 0 or more, or one per experience; the penalty is
            ``si_lambda / 2 * sum Omega (theta - theta*)²``.
        eps: damping of the importances, above 0; avalanche-lib 0.6 has 1e-7. May also be the
            excluded parameters, as in releases before 0.3.
        excluded_parameters: names of parameters or modules to leave out, with wildcards.
        device: where importances are computed; ``"as_strategy"`` for where the strategy trains.
        clip: largest importance of a weight; None for no limit. avalanche-lib 0.6 has 0.001.
        batch_norm: whether batch normalization takes part; it does not in avalanche-lib 0.6.

    Raises:
        TypeError: as :class:`SynapticIntelligencePenalty`.
        ValueError: as :class:`SynapticIntelligencePenalty`; at training, half precision by
            ``precision="fp16"``, whose skipped updates would spoil the path.
    """

    acts_first = ("after_backward", "before_update")

    create_syn_data = staticmethod(steps.create_syn_data)
    extract_weights = staticmethod(steps.extract_weights)
    extract_grad = staticmethod(steps.extract_grad)
    init_batch = staticmethod(steps.init_batch)
    pre_update = staticmethod(steps.pre_update)
    post_update = staticmethod(steps.post_update)
    compute_ewc_loss = staticmethod(steps.compute_ewc_loss)
    update_ewc_data = staticmethod(steps.update_ewc_data)
    explode_excluded_parameters = staticmethod(steps.explode_excluded_parameters)
    not_excluded_parameters = staticmethod(steps.whole_parameters)
    allowed_parameters = staticmethod(steps.trained_parameters)

    def __init__(
        self,
        si_lambda: float | Sequence[float],
        eps: float | Iterable[str] | None = DAMPING,
        excluded_parameters: Iterable[str] | None = None,
        device: Any = "as_strategy",
        *,
        clip: float | None = None,
        batch_norm: bool = True,
    ) -> None:
        if eps is None or isinstance(eps, Iterable):
            if not isinstance(excluded_parameters, (str, torch.device, type(None))):
                raise TypeError(
                    f"eps={eps!r}: expected a number above 0, since excluded_parameters="
                    f"{excluded_parameters!r} is given as well"
                )
            # Earlier releases: (si_lambda, excluded_parameters, device).
            device = excluded_parameters or device
            excluded, eps = eps, DAMPING
        else:
            excluded = excluded_parameters
        self._device = device
        own = None if device == "as_strategy" else torch.device(device)
        self.si = SynapticIntelligencePenalty(si_lambda, eps, excluded, clip, batch_norm, own)

    @property
    def si_lambda(self) -> float | Sequence[float]:
        """Strength of the penalty, or one per experience."""
        return self.si.si_lambda

    @si_lambda.setter
    def si_lambda(self, value: float | Sequence[float]) -> None:
        check_numbers("si_lambda", value, "strength of 0 or more")
        self.si.si_lambda = value

    @property
    def eps(self) -> float:
        """Damping of the importances."""
        return self.si.eps

    @property
    def excluded_parameters(self) -> set[str]:
        """Names that are left out."""
        return self.si.excluded_parameters

    @property
    def quadratic(self) -> QuadraticPenalty:
        """The quadratic form that is added to the loss, times half the strength."""
        return self.si.quadratic

    @property
    def ewc_data(self) -> steps.EwcData:
        """Weights after the last experience and their importances, by parameter name."""
        return self.quadratic.centers, self.quadratic.weights

    def device(self, strategy: Any) -> Any:
        """Where importances are computed."""
        return strategy.device if self._device == "as_strategy" else self._device

    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse a loop whose updates cannot be followed."""
        if getattr(getattr(strategy, "updates", None), "precision", "fp32") == "fp16":
            raise ValueError(
                "precision='fp16': updates whose scaled gradients overflow are left out, which "
                "the path integral of SI cannot see; use 'bf16' or 'fp32'"
            )

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Begin to follow the weights."""
        others = [_quadratic_of(plugin) for plugin in strategy.plugins if plugin is not self]
        self.si.pre_adapt(strategy, strategy.experience, [q for q in others if q is not None])

    def before_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Add the penalty."""
        if self.si.experiences and self.si.strength:
            strategy.loss = strategy.loss + self.si(strategy.model)

    def after_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note the gradients, if an update follows."""
        if getattr(getattr(strategy, "updates", None), "is_due", True):
            self.si.before_step(strategy.model)

    def before_update(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note the gradients of an update from fewer batches than usual."""
        if not self.si.has_gradients:
            self.si.before_step(strategy.model)

    def after_update(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Add the update to the path."""
        self.si.after_step(strategy.model)

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Turn the path into importances."""
        self.si.post_adapt(strategy, strategy.experience)

    def state_dict(self) -> dict[str, Any]:
        """State of the component."""
        return self.si.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        self.si.load_state_dict(state)


def _quadratic_of(plugin: Any) -> QuadraticPenalty | None:
    """The quadratic penalty that a plugin adds to the loss, where it says so."""
    found = getattr(plugin, "quadratic", None)
    return found if isinstance(found, QuadraticPenalty) else None
