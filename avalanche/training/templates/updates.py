"""How gradients become updates: mixed precision, accumulation, clipping."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = ["Precision", "UpdateRule"]

Precision = Literal["fp32", "bf16", "fp16"]
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class UpdateRule:
    """Turns losses into updates of an optimizer.

    With the defaults it is ``loss.backward()`` and ``optimizer.step()``. Gradients are true ones
    whenever a plugin sees them at the iteration that updates: the scale of ``fp16`` is taken out
    right after the backward pass.

    Args:
        clip_grad_norm: largest norm of all gradients together, above 0; None for no limit.
        accumulate: batches whose gradients are averaged into one update, at least 1. The last
            update of an epoch is of as many as are left, if the loader knows how many it has.
        precision: ``"fp32"``, or ``"bf16"`` / ``"fp16"`` to run the model in mixed precision.
        device: where the model runs.

    Attributes:
        waiting: batches whose gradients wait for an update.
        window: batches that the update to come averages.

    Raises:
        ValueError: a limit not above 0, fewer than 1 batch, an unknown precision, or ``fp16`` on a
            device that does not scale losses.
    """

    def __init__(
        self,
        clip_grad_norm: float | None = None,
        accumulate: int = 1,
        precision: Precision = "fp32",
        device: torch.device | str = "cpu",
    ) -> None:
        if clip_grad_norm is not None and not clip_grad_norm > 0:
            raise ValueError(f"clip_grad_norm={clip_grad_norm}: expected a number above 0, or None")
        if isinstance(accumulate, bool) or not isinstance(accumulate, int) or accumulate < 1:
            raise ValueError(f"accumulate={accumulate!r}: expected a number of batches, 1 or more")
        if precision not in get_args(Precision):
            raise ValueError(
                f"precision={precision!r}: expected one of {', '.join(get_args(Precision))}"
            )
        self._device_type = torch.device(device).type
        if precision == "fp16" and self._device_type != "cuda":
            raise ValueError(
                f"precision='fp16': needs a CUDA device and device={self._device_type!r}; "
                "use 'bf16' here"
            )
        self.clip_grad_norm = clip_grad_norm
        self.accumulate = accumulate
        self.precision = precision
        self._scaler = torch.amp.GradScaler("cuda") if precision == "fp16" else None
        self.waiting = 0
        self.window = accumulate

    @property
    def starts_anew(self) -> bool:
        """Whether no gradient is waiting for an update."""
        return self.accumulate == 1 or self.waiting == 0

    @property
    def is_due(self) -> bool:
        """Whether as many batches were accumulated as an update takes."""
        return self.accumulate == 1 or self.waiting >= self.window

    def begin(self, batches_left: float) -> None:
        """Before the first batch of an update: how many there are until the end of the epoch."""
        less = 0 < batches_left < self.accumulate
        self.window = int(batches_left) if less else self.accumulate

    def reset(self) -> None:
        """Forget batches that were accumulated before an interruption; training starts anew."""
        if not self.waiting:
            return
        self.waiting = 0
        if self._scaler is not None:  # it keeps what it knows of the gradients until an update
            scale = self._scaler.state_dict()
            self._scaler = torch.amp.GradScaler("cuda")
            self._scaler.load_state_dict(scale)

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision inside; nothing with ``fp32``."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self._device_type, dtype=_DTYPES[self.precision])

    def backward(self, loss: Tensor, optimizer: Optimizer, retain_graph: bool = False) -> None:
        """Add the gradient of a batch's loss, shape ``()`` or ``(1,)``."""
        self.waiting += 1
        if self.window > 1:
            loss = loss / self.window
        if self._scaler is None:
            loss.backward(retain_graph=retain_graph)
            return
        self._scaler.scale(loss).backward(retain_graph=retain_graph)
        if self.is_due:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: Optimizer) -> None:
        """Update the parameters with what was accumulated."""
        if self._scaler is not None and not self.is_due:
            self._scaler.unscale_(optimizer)  # the last, incomplete update of an epoch
        if self.clip_grad_norm is not None:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, self.clip_grad_norm)
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()
        self.waiting = 0

    def state_dict(self) -> dict[str, Any]:
        """The scale of the losses, with ``fp16``."""
        return {} if self._scaler is None else self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        if self._scaler is not None and state:
            self._scaler.load_state_dict(state)
