"""The older path of strategies for online streams."""

from typing import Any

from avalanche.training.supervised.naive import Naive

__all__ = ["OnlineNaive"]


class OnlineNaive(Naive):
    """Fine-tuning on an online stream; :class:`Naive` with ``train_passes`` for ``train_epochs``.

    Args:
        *args: ``model``, ``optimizer``, ``criterion``, as of :class:`Naive`.
        train_passes: passes over each experience.
        **base: as of :class:`Naive`.
    """

    def __init__(self, *args: Any, train_passes: int = 1, **base: Any) -> None:
        super().__init__(*args, **{"train_epochs": train_passes, **base})
