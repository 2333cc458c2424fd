"""CWR* as a plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.consolidated_head import ConsolidatedHead
from avalanche.training.regularization.base import ends_here

__all__ = ["CWRStarPlugin"]


class CWRStarPlugin(SupervisedPlugin):
    """Consolidates the output layer class by class and freezes everything below it.

    See :class:`ConsolidatedHead` for the formula. The first experience trains the whole model;
    afterwards only the output layer learns. Does not use task labels, but heads of several tasks
    are consolidated each by itself.

    An evaluation answers with the consolidated weights; during training (``eval_every``), and
    between the parts of an experience, with the temporary ones, in which only classes of that
    experience have values other than 0. Training that is interrupted within an experience leaves
    its temporary weights in the model: the next evaluation, or :meth:`discard_experience`, gives
    that experience up and puts the consolidated weights of the ones before back.

    In online streams that let learners know about boundaries an experience is all of its parts.
    Where boundaries are hidden every part is an experience: features are frozen after the first.

    Args:
        model: the model that the strategy trains.
        cwr_layer_name: its output layer, as in ``model.named_modules()``; found by default.
        freeze_remaining_model: after the first experience take gradients from all other
            parameters, and set layers other than the output layer to evaluation mode, so that the
            statistics of norms stay as they are.

    Attributes:
        head: the component.
        cur_class: classes of the current experience.

    Raises:
        TypeError: ``model`` is no module, ``freeze_remaining_model`` neither True nor False.
        ValueError: the model has no such layer, or the strategy trains another model.

    Differences from the paper:
        As in :class:`ConsolidatedHead`. In evaluation, units of classes never met answer
        ``-inf``; the paper adds units when it meets their classes.
    """

    def __init__(
        self,
        model: nn.Module,
        cwr_layer_name: str | None = None,
        freeze_remaining_model: bool = True,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model={model!r}: expected the torch.nn.Module that is trained")
        if not isinstance(freeze_remaining_model, bool):
            raise TypeError(
                f"freeze_remaining_model={freeze_remaining_model!r}: expected True or False"
            )
        self.model = model
        self.head = ConsolidatedHead(model, cwr_layer_name)
        self.freeze_remaining_model = freeze_remaining_model
        self.cur_class: list[int] = []
        self._experiences = 0
        self._training = False

    @property
    def cwr_layer_name(self) -> str:
        """Name of the output layer."""
        return self.head.layer_name

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Freeze from the second experience on; give the output layer its temporary weights."""
        if strategy.model is not self.model:
            raise ValueError(
                f"model={type(self.model).__name__}: the strategy trains another model; give both "
                "the same object"
            )
        if self.freeze_remaining_model and self._experiences:
            self.freeze_other_layers()
        self.head.pre_adapt(strategy, strategy.experience)
        counts = self.head.current.values()
        self.cur_class = sorted({c for n in counts for c in n.nonzero().flatten().tolist()})
        self._training = True

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Consolidate what the experience taught, after its last part."""
        self._training = False
        if not ends_here(strategy.experience):
            return
        self.consolidate_weights()
        self.set_consolidate_weights()
        self._experiences += 1

    def before_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Outside of training, put the consolidated weights back if training was interrupted."""
        if self._training and strategy.experience is None:
            self.discard_experience()

    def after_eval_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """No class that was never met can win."""
        if self._experiences or self.head.current:
            strategy.mb_output = self.head.mask(strategy.mb_output)

    def consolidate_weights(self) -> None:
        """Take the trained weights of the current classes, shifted to mean 0, into the copy."""
        self.head.consolidate()

    def set_consolidate_weights(self) -> None:
        """Let the output layer take the consolidated weights."""
        self.head.install()

    def discard_experience(self) -> None:
        """Give an interrupted experience up: the consolidated weights of the ones before return.

        In the first experience there are none, and the layer keeps the weights that it has.
        """
        self._training = False
        self.head.discard()

    def reset_weights(self, cur_clas: Iterable[int]) -> None:
        """Consolidated weights in the rows of the given classes, 0 in all others."""
        self.head.reset(cur_clas)

    def get_cwr_layer(self) -> nn.Linear | None:
        """The linear output layer; the newest one where there are several."""
        return next(reversed(self.head.layers().values()), None)

    def freeze_other_layers(self) -> None:
        """Freeze everything but the output layer."""
        kept = {id(p) for p in self.head.module().parameters()}
        for parameter in self.model.parameters():
            if id(parameter) not in kept:
                parameter.requires_grad_(False)
                parameter.grad = None
        name = self.head.layer_name
        for other, module in self.model.named_modules():
            around = other == "" or name == other or name.startswith(f"{other}.")
            if not around and not other.startswith(f"{name}."):
                module.training = False

    def state_dict(self) -> dict[str, Any]:
        """Consolidated weights, and how many experiences were learnt."""
        return {
            "head": self.head.state_dict(),
            "experiences": self._experiences,
            "training": self._training,
        }

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse the weights of another layer."""
        if state["head"]["layer"] != self.head.layer_name:
            raise ValueError(
                f"cwr_layer_name={self.head.layer_name!r}: the state is of the layer "
                f"{state['head']['layer']!r}; build the plugin as it was"
            )

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; the model must have its weights already."""
        self.head.load_state_dict(state["head"])
        self._experiences = state["experiences"]
        self._training = state.get("training", False)
