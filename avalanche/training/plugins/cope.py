"""CoPE as a plugin."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from avalanche.benchmarks.utils import replay_view
from avalanche.core.plugins import SupervisedPlugin
from avalanche.models.dynamic_modules import DynamicModule
from avalanche.training.incoming import IncomingDataLoader
from avalanche.training.ppp_loss import PPPloss
from avalanche.training.prototypes import Prototypes
from avalanche.training.skeletons.flow_view import FlowView
from avalanche.training.storage_policy import ClassBalancedBuffer
from avalanche.training.storage_policy.base import check_size
from avalanche.training.utils import get_last_fc_layer

__all__ = ["CoPEPlugin", "L2Normalization", "PPPloss"]


class L2Normalization(nn.Module):
    """Scales every sample to length 1: ``(batch, features)`` to the same shape."""

    def forward(self, x: Tensor) -> Tensor:
        """``x`` on the unit sphere; a zero stays zero."""
        return F.normalize(x, dim=1)


def _to_unit_length(layer: nn.Module, inputs: Any, output: Tensor) -> Tensor:
    """Forward hook of the last linear layer: its answer has length 1.

    The layer, its parameters and their names stay as they are, so saved weights fit.
    """
    return F.normalize(output, dim=-1)


class CoPEPlugin(SupervisedPlugin):
    """Learns an embedding online, and classifies by the nearest of prototypes that evolve with it.

    The model's answer is an embedding on the unit sphere, trained by :class:`PPPloss`, which
    replaces the strategy's criterion; its last linear layer has ``p_size`` units. Every incoming
    batch is seen once, together with as many samples of a class-balanced memory; after it the
    :class:`Prototypes` move. In evaluation the answer becomes similarity to each prototype over
    ``T``: the softmax of that is the probability of each class, and classes never met have none.

    The stream is data-incremental: no task labels, no boundaries. Make every experience one batch
    (``split_online_stream``) to replay each sample from the next batch on; the memory takes in
    samples after each experience.

    Args:
        mem_size: capacity of the memory in samples, 0 or more.
        n_classes: classes that there will be.
        p_size: width of prototypes, that of the model's answer.
        alpha: momentum of prototypes, in [0, 1]: near 1, since a batch holds few samples of a
            class.
        T: temperature of the softmax over similarities, above 0.
        max_it_cnt: iterations on each incoming batch, at least 1.

    Attributes:
        p_mem: class to prototype, a :class:`Prototypes`.
        storage_policy: the memory.
        ppp_loss: the loss.

    Raises:
        TypeError: a momentum or temperature that is no number; at training, a strategy of the flow
            family.
        ValueError: an impossible size, momentum or temperature; at training and evaluation a model
            whose answer does not have ``p_size`` values; a class that ``n_classes`` leaves out.

    Differences from the paper:
        1. Further epochs over an experience are not run, whatever ``train_epochs`` says: the
           method makes one pass. ``max_it_cnt`` asks for more iterations.
        2. Prototypes follow the features that the loss was computed from, those before the update
           of the weights, which saves a second forward pass.

    References:
        De Lange and Tuytelaars, "Continual Prototype Evolution: Learning Online from
        Non-Stationary Data Streams", ICCV 2021 (arXiv 2009.00919), algorithm 1.
    """

    owns = ("criterion", "dataloader", "mb_output")

    def __init__(
        self,
        mem_size: int = 200,
        n_classes: int = 10,
        p_size: int = 100,
        alpha: float = 0.99,
        T: float = 0.1,  # noqa: N803 - the paper's symbol
        max_it_cnt: int = 1,
    ) -> None:
        if isinstance(max_it_cnt, bool) or not isinstance(max_it_cnt, int) or max_it_cnt < 1:
            raise ValueError(
                f"max_it_cnt={max_it_cnt!r}: expected a number of iterations, 1 or more"
            )
        self.storage_policy = ClassBalancedBuffer(check_size("mem_size", mem_size))
        self.n_classes, self.p_size = n_classes, p_size
        self.p_mem = Prototypes(n_classes, p_size, alpha)
        self.ppp_loss = PPPloss(self.p_mem, T)
        self.max_it_cnt = max_it_cnt
        self._iterations = 0

    @property
    def mem_size(self) -> int:
        """Capacity of the memory."""
        return self.storage_policy.max_size

    @property
    def alpha(self) -> float:
        """Momentum of the prototypes."""
        return self.p_mem.alpha

    @property
    def T(self) -> float:
        """Temperature of the softmax."""
        return self.ppp_loss.T

    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Take over the criterion; let the model's last linear layer answer on the unit sphere."""
        self._take_over(strategy)

    def normalize_last_layer(self, model: nn.Module) -> None:
        """Let the model's last linear layer answer on the unit sphere, unless it does so already.

        A growing head is left alone: its further units come with its experiences.

        Raises:
            ValueError: the layer does not have ``p_size`` units.
        """
        name, layer = get_last_fc_layer(model)
        growing = [n for n, m in model.named_modules() if isinstance(m, DynamicModule)]
        if any(_inside(name, n) for n in growing):
            return
        if layer.out_features != self.p_size:
            raise ValueError(
                f"p_size={self.p_size}: the model's last linear layer, {name or 'the model'!r}, "
                f"has {layer.out_features} units; pass p_size={layer.out_features}, or a model "
                f"whose last layer has {self.p_size}"
            )
        if _to_unit_length not in layer._forward_hooks.values():
            layer.register_forward_hook(_to_unit_length)

    def before_training_exp(
        self,
        strategy: Any,
        num_workers: int = 0,
        shuffle: bool = True,
        pin_memory: bool | None = None,
        persistent_workers: bool = False,
        drop_last: bool = False,
        **kwargs: Any,
    ) -> None:
        """Mix each incoming batch with samples of the memory."""
        self._check_classes(strategy)
        self._iterations = 0
        strategy.dataloader = IncomingDataLoader(
            strategy.adapted_dataset,
            replay_view(self.storage_policy.buffer.train()),
            batch_size=strategy.train_mb_size,
            repeat=self.max_it_cnt,
            shuffle=shuffle,
            drop_last=drop_last,
            **strategy._loader_options(num_workers, pin_memory, persistent_workers),
        )

    def before_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """One pass only."""
        if strategy.clock.train_exp_epochs:
            strategy.stop_training()

    def after_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note the features for their prototypes; new classes get one."""
        strategy.mb_output = self._embedding(strategy.mb_output)
        self.p_mem.observe(strategy.mb_output.detach(), strategy.mb_y)

    def after_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Answer as in evaluation; move the prototypes after the last iteration on a batch."""
        strategy.mb_output = self._answer(strategy.mb_output)
        self._iterations += 1
        if self._iterations % self.max_it_cnt == 0:
            self.p_mem.update()

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Let the memory take in the experience."""
        self.p_mem.update()
        self.storage_policy.update(strategy)

    def before_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate with the loss and the layer of training."""
        self._take_over(strategy)

    def before_eval_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse classes that there can be no prototype for."""
        self._check_classes(strategy)

    def after_eval_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Bring the features to the unit sphere."""
        strategy.mb_output = self._embedding(strategy.mb_output[:, : self.p_size])

    def after_eval_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Answer with similarities to the prototypes; the loss needed the features."""
        strategy.mb_output = self._answer(strategy.mb_output)

    def _take_over(self, strategy: Any) -> None:
        if isinstance(strategy, FlowView):
            raise TypeError(
                "CoPEPlugin: the loops of flow strategies compute their loss themselves, and this "
                "plugin replaces it; attach it to avalanche.training.Naive, or use CoPE"
            )
        self.normalize_last_layer(strategy.model)
        strategy._criterion = self._loss_of_answers
        self.p_mem.to(strategy.device)

    def _loss_of_answers(self, output: Tensor, targets: Tensor) -> Tensor:
        """The loss of what a model answers, embedded or not, for other plugins that ask for it."""
        return self.ppp_loss(self._embedding(output), targets)

    def _check_classes(self, strategy: Any) -> None:
        largest = max(strategy.experience.dataset.targets.uniques, default=0)
        if largest >= self.n_classes:
            raise ValueError(
                f"n_classes={self.n_classes}: the experience has class {largest}; pass the number "
                f"of all classes of the stream, at least {largest + 1}"
            )

    def _answer(self, features: Tensor) -> Tensor:
        return self.p_mem.similarities(features.detach()) / self.T

    def _embedding(self, output: Tensor) -> Tensor:
        """Features of length 1; units that a growing head does not have yet, or masks, are 0."""
        width = output.shape[1]
        if width > self.p_size:
            raise ValueError(
                f"p_size={self.p_size}: the model's answer has {width} values; pass p_size={width}"
            )
        if width < self.p_size:
            output = F.pad(output, (0, self.p_size - width))
        return F.normalize(output.masked_fill(output == float("-inf"), 0.0).float(), dim=1)

    def state_dict(self) -> dict[str, Any]:
        """Prototypes and memory."""
        return {"prototypes": self.p_mem.state_dict(), "memory": self.storage_policy.state_dict()}

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse prototypes of another shape, and a memory of another capacity."""
        saved = {
            "n_classes": len(state["prototypes"]["table"]),
            "p_size": state["prototypes"]["table"].shape[1],
            "mem_size": state["memory"]["max_size"],
        }
        for name, value in saved.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name}={getattr(self, name)}: the state is of a plugin with {name}={value}; "
                    "build it as it was"
                )

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; needs ``parts`` in the context, and takes ``model``."""
        if "model" in context:
            self.normalize_last_layer(context["model"])
        self.p_mem.load_state_dict(state["prototypes"])
        self.storage_policy.load_state_dict(state["memory"], context["parts"])


def _inside(name: str, parent: str) -> bool:
    return parent == "" or name == parent or name.startswith(f"{parent}.")
