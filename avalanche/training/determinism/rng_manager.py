"""The generators of random numbers that an experiment draws from, seeded and stored together."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from avalanche.training.determinism.cuda_rng import (
    cpu_rng_seed,
    cuda_rng_load_state,
    cuda_rng_save_state,
    cuda_rng_seed,
    cuda_rng_step,
)

__all__ = ["RNGManager"]

Generator = Mapping[str, Callable[..., Any]]

_SEEDS = 2**32  # numpy takes seeds below this
_FIELDS = frozenset({"seed", "save_state", "load_state", "step"})


class RNGManager:
    """Seeds, steps and stores the generators of ``torch``, its GPUs, ``numpy`` and ``random``.

    Everything is done on the class. An instance, pickled, holds the states of that moment;
    unpickled it puts them back.

    Example:
        >>> RNGManager.set_random_seeds(1234)
        >>> first = torch.rand(1), np.random.rand(), random.random()
        >>> RNGManager.set_random_seeds(1234)
        >>> first == (torch.rand(1), np.random.rand(), random.random())
        True
    """

    random_generators: ClassVar[dict[str, Generator]] = {
        "torch": {
            "seed": cpu_rng_seed,
            "save_state": torch.get_rng_state,
            "load_state": torch.set_rng_state,
            "step": lambda: torch.rand(1),
        },
        "torch.cuda": {
            "seed": cuda_rng_seed,
            "save_state": cuda_rng_save_state,
            "load_state": cuda_rng_load_state,
            "step": cuda_rng_step,
        },
        "numpy": {
            "seed": np.random.seed,
            "save_state": np.random.get_state,
            "load_state": np.random.set_state,
            "step": lambda: np.random.rand(1),
        },
        "random": {
            "seed": random.seed,
            "save_state": random.getstate,
            "load_state": random.setstate,
            "step": random.random,
        },
    }

    @classmethod
    def register_random_generator(cls, name: str, rng_def: Generator) -> None:
        """Add a generator, or replace the one of that name.

        Args:
            name: what states are stored under.
            rng_def: the functions ``seed(seed)``, ``save_state()``, ``load_state(state)`` and
                ``step()``, which draws one number.

        Raises:
            ValueError: a function is missing, or one that is not known is there.
        """
        if set(rng_def) != _FIELDS:
            raise ValueError(
                f"rng_def={sorted(rng_def)}: expected the functions {', '.join(sorted(_FIELDS))}; "
                f"missing {sorted(_FIELDS - set(rng_def))}, not known "
                f"{sorted(set(rng_def) - _FIELDS)}"
            )
        cls.random_generators[name] = dict(rng_def)

    @classmethod
    def set_random_seeds(cls, random_seed: int) -> None:
        """Seed every generator.

        Raises:
            TypeError: a seed that is no whole number.
            ValueError: a seed that is negative, or 2**32 or more, which numpy does not take.
        """
        random_seed = operator.index(random_seed)
        if not 0 <= random_seed < _SEEDS:
            raise ValueError(f"random_seed={random_seed}: expected a number from 0 to 2**32 - 1")
        for generator in cls.random_generators.values():
            generator["seed"](random_seed)

    @classmethod
    def align_seeds(cls) -> None:
        """Seed every generator by a number that is drawn from torch's.

        Processes whose torch generators agree then agree in all.
        """
        cls.set_random_seeds(int(torch.randint(0, _SEEDS, (1,), dtype=torch.int64)))

    @classmethod
    def step_generators(cls) -> None:
        """Draw one number from every generator."""
        for generator in cls.random_generators.values():
            generator["step"]()

    def __getstate__(self) -> dict[str, Any]:
        generators = self.random_generators.items()
        return {name: generator["save_state"]() for name, generator in generators}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, saved in state.items():
            if name in self.random_generators:  # a registered one may not be there yet
                self.random_generators[name]["load_state"](saved)
