"""PyTorch's generators, on the CPU and on every GPU; without a GPU the latter do nothing."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = [
    "cpu_rng_seed",
    "cuda_rng_load_state",
    "cuda_rng_save_state",
    "cuda_rng_seed",
    "cuda_rng_step",
]


def cpu_rng_seed(seed: int) -> None:
    """Seed the generator of the CPU, and no other.

    Example:
        >>> cpu_rng_seed(0)
        >>> first = torch.rand(2)
        >>> cpu_rng_seed(0)
        >>> torch.equal(first, torch.rand(2))
        True
    """
    torch.default_generator.manual_seed(seed)


def cuda_rng_seed(seed: int) -> None:
    """Seed the generators of all GPUs."""
    torch.cuda.manual_seed_all(seed)


def cuda_rng_save_state() -> list[Tensor]:
    """States of the generators of all GPUs; empty without one."""
    return torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []


def cuda_rng_load_state(rng_state: Sequence[Tensor]) -> None:
    """Restore :func:`cuda_rng_save_state`; states of GPUs that are not there are left out."""
    for number, state in enumerate(rng_state[: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(state, number)


def cuda_rng_step() -> None:
    """Draw one number on each GPU."""
    for number in range(torch.cuda.device_count()):
        torch.rand(1, device=f"cuda:{number}")
