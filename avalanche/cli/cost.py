"""Watches a run: its seconds, memory and samples, and whether it still learns at all."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from avalanche.core import SupervisedPlugin

__all__ = ["DivergenceGuard", "MemoryWatch", "SampleCounter", "seconds_now"]


class MemoryWatch:
    """Finds the largest resident size of this process while it is entered, by looking often.

    The operating system's own maximum never falls, so it could not tell one strategy from the
    next in the same process.

    Args:
        device: the device that is trained on; its memory is watched too where it is CUDA.
        every: seconds between two looks.

    Example:
        >>> with MemoryWatch() as watch:
        ...     data = bytearray(1000)
        >>> watch.peak_mib > 1
        True
    """

    def __init__(self, device: Any = "cpu", every: float = 0.05) -> None:
        import psutil
        import torch

        self._device = torch.device(device)

        self._process = psutil.Process()
        self._every = every
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._peak = 0

    @property
    def peak_mib(self) -> float:
        """The largest size seen, in MiB."""
        return self._peak / 2**20

    @property
    def peak_gpu_mib(self) -> float | None:
        """The most that tensors held on the CUDA device, in MiB; None on another device."""
        import torch

        if self._device.type != "cuda":
            return None
        return torch.cuda.max_memory_allocated(self._device) / 2**20

    def __enter__(self) -> MemoryWatch:
        import torch

        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        self._stop.clear()
        self._look()
        self._thread = threading.Thread(target=self._watch, name="memory watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._look()

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self._look()

    def _look(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)


class SampleCounter(SupervisedPlugin, supports_distributed=True):
    """Counts the samples that went through the model in training, replayed ones too.

    Also measures the evaluations during training, so that they do not count as training.

    Attributes:
        samples: samples so far.
        evaluation_seconds: seconds spent in evaluations so far.
    """

    def __init__(self) -> None:
        self.samples = 0
        self.evaluation_seconds = 0.0
        self._start = 0.0

    def before_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Start the watch."""
        self._start = seconds_now(strategy.device)

    def after_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Stop the watch."""
        self.evaluation_seconds += seconds_now(strategy.device) - self._start

    def after_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Add the batch."""
        self.samples += len(strategy.mb_y)


class DivergenceGuard(SupervisedPlugin, supports_distributed=True):
    """Stops a training whose loss is no number any more; looks once per epoch."""

    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Look at the loss of the last batch: one wait for the device.

        Raises:
            FloatingPointError: the loss is infinite or not a number.
        """
        loss = float(strategy.loss.detach())
        if not math.isfinite(loss):
            clock = strategy.clock
            raise FloatingPointError(
                f"loss={loss} in epoch {clock.train_exp_epochs} of experience "
                f"{clock.train_exp_counter} (from 0): training diverged; "
                "lower the learning rate or the strength of the penalty"
            )


def seconds_now(device: Any) -> float:
    """Return a clock in seconds, once everything queued on the device is done."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
