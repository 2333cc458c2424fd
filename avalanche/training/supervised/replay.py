"""Replay: train on new and remembered samples together."""

from collections.abc import Callable
from typing import Any, Literal

from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import Unpack

from avalanche.training.plugins.replay import ReplayPlugin
from avalanche.training.storage_policy import (
    ClassBalancedBuffer,
    ExemplarsBuffer,
    ExperienceBalancedBuffer,
    ReservoirSamplingBuffer,
)
from avalanche.training.storage_policy.base import check_size
from avalanche.training.templates.supervised import LoopOptions, SupervisedTemplate

__all__ = ["Replay"]

Policy = Literal["experience_balanced", "class_balanced", "reservoir"]

_POLICIES: dict[str, Callable[[int], ExemplarsBuffer]] = {
    "experience_balanced": ExperienceBalancedBuffer,
    "class_balanced": ClassBalancedBuffer,
    "reservoir": ReservoirSamplingBuffer,
}


class Replay(SupervisedTemplate):
    """Experience replay from a memory of past samples; see :class:`ReplayPlugin`.

    Args:
        model: the model.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        mem_size: capacity of the memory, in samples, 0 or more.
        storage_policy: what the memory keeps: ``"experience_balanced"``, ``"class_balanced"``,
            ``"reservoir"``, or a buffer of capacity ``mem_size``.
        *args: further arguments of :class:`SupervisedTemplate` by position, from
            ``train_mb_size`` on.
        **base: arguments of :class:`SupervisedTemplate` by name.

    Raises:
        ValueError: a negative ``mem_size`` or an unknown policy.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        mem_size: int = 200,
        *args: Any,
        storage_policy: Policy | ExemplarsBuffer = "experience_balanced",
        **base: Unpack[LoopOptions],
    ) -> None:
        if isinstance(storage_policy, str):
            if storage_policy not in _POLICIES:
                raise ValueError(
                    f"storage_policy={storage_policy!r}: expected one of {', '.join(_POLICIES)}, "
                    "or a buffer"
                )
            policy = _POLICIES[storage_policy](check_size("mem_size", mem_size))
        else:
            policy = storage_policy
        plugin = ReplayPlugin(mem_size, storage_policy=policy)
        super().__init__(model, optimizer, criterion, *args, **base)
        self.add_plugin(plugin)
