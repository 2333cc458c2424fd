"""The generators that transforms draw from, put back as they were."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

__all__ = ["RandomState"]


class RandomState:
    """Puts the random state back as it was; transforms of users draw from any of three."""

    def __enter__(self) -> RandomState:
        self.numpy: Any = np.random.get_state()
        self.torch, self.python = torch.get_rng_state(), random.getstate()
        return self

    def __exit__(self, *error: object) -> None:
        torch.set_rng_state(self.torch)
        random.setstate(self.python)
        np.random.set_state(self.numpy)

    def has_changed(self) -> bool:
        """Whether something was drawn."""
        now: Any = np.random.get_state()
        return (
            not torch.equal(self.torch, torch.get_rng_state())
            or self.python != random.getstate()
            or self.numpy[2] != now[2]
            or not np.array_equal(self.numpy[1], now[1])
        )
