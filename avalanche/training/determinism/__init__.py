"""One seed for all generators of random numbers, and their states as one object."""

from avalanche.training.determinism.cuda_rng import (
    cpu_rng_seed,
    cuda_rng_load_state,
    cuda_rng_save_state,
    cuda_rng_seed,
    cuda_rng_step,
)
from avalanche.training.determinism.rng_manager import RNGManager

__all__ = [
    "RNGManager",
    "cpu_rng_seed",
    "cuda_rng_load_state",
    "cuda_rng_save_state",
    "cuda_rng_seed",
    "cuda_rng_step",
]
