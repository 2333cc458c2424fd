"""Random numbers that are decided when a benchmark is made, not when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

LARGEST = 2**63


class PrivateDraws:
    """Torch's global generator, swapped for one of our own while somebody else's code runs.

    What that code draws then depends on the seed alone, and what others draw from the global
    generator does not depend on whether, or when, the code ran.

    Args:
        seed: of the draws.
        number: which of several sequences of draws with that seed.

    Example:
        >>> draws = PrivateDraws(0)
        >>> before = torch.get_rng_state()
        >>> with draws.used():
        ...     numbers = torch.rand(3)
        >>> torch.equal(before, torch.get_rng_state())
        True
    """

    def __init__(self, seed: int, number: int = 0) -> None:
        self._state = torch.Generator().manual_seed((seed + number) % LARGEST).get_state()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Draw from here inside the ``with`` block, going on where the last block ended."""
        outside = torch.get_rng_state()
        torch.set_rng_state(self._state)
        try:
            yield
        finally:
            self._state = torch.get_rng_state()
            torch.set_rng_state(outside)


def private_generator(seed: int, number: int = 0) -> torch.Generator:
    """The generator of number ``number`` of several sequences of draws with one seed."""
    return torch.Generator().manual_seed((seed + number) % LARGEST)
