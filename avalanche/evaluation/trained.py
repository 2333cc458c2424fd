"""Which experiences a strategy has learnt, by position in their stream."""

from typing import Any

__all__ = ["TrainedExperiences", "trained_position"]


def trained_position(experience: Any) -> int:
    """Position of a training experience in its benchmark's stream.

    The small experiences of an online stream count as the experience that they were cut from.
    """
    origin = getattr(experience, "origin_experience", None)
    return int((experience if origin is None else origin).current_experience)


class TrainedExperiences:
    """The set of positions that were trained on, and the latest of them."""

    def __init__(self) -> None:
        self._positions: set[int] = set()

    def add(self, strategy: Any) -> None:
        """Remember what ``strategy`` is training on.

        That is ``strategy.experience``, or all of ``strategy.joint_experiences`` where a strategy
        that learns many at once says so.
        """
        together = getattr(strategy, "joint_experiences", None) or [strategy.experience]
        self._positions.update(trained_position(experience) for experience in together)

    def __contains__(self, position: int) -> bool:
        return position in self._positions

    def __bool__(self) -> bool:
        return bool(self._positions)

    def state(self) -> list[int]:
        """The positions, sorted."""
        return sorted(self._positions)

    def load(self, positions: list[int]) -> None:
        """Restore what :meth:`state` gave."""
        self._positions = set(positions)
