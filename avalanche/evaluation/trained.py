"""Which experiences a strategy has learnt, by position in their stream."""

from collections.abc import Iterator
from typing import Any

__all__ = ["TrainedExperiences", "classes_of", "experiences_in_training", "trained_position"]


def trained_position(experience: Any) -> int:
    """Position of a training experience in its benchmark's stream.

    The small experiences of an online stream count as the experience that they were cut from.
    """
    origin = getattr(experience, "origin_experience", None)
    return int((experience if origin is None else origin).current_experience)


def experiences_in_training(strategy: Any) -> list[Any]:
    """What a strategy is training on.

    That is ``strategy.experience``, or all of ``strategy.joint_experiences`` where a strategy that
    learns many at once says so.
    """
    return getattr(strategy, "joint_experiences", None) or [strategy.experience]


def classes_of(metric: object, experience: Any) -> list[int]:
    """Classes of an experience, for a metric that needs them.

    Raises:
        ValueError: the experience does not know them.
    """
    classes = getattr(experience, "classes_in_this_experience", None)
    if classes is None:
        raise ValueError(
            f"{metric} needs to know the classes of an experience, and this one has no "
            "classes_in_this_experience; use a benchmark of classes"
        )
    return [*map(int, classes)]


class TrainedExperiences:
    """The positions that were trained on, in the order in which their training first began."""

    def __init__(self) -> None:
        self._positions: dict[int, None] = {}

    def add(self, strategy: Any) -> None:
        """Remember what ``strategy`` is training on."""
        now = experiences_in_training(strategy)
        self._positions.update(dict.fromkeys(map(trained_position, now)))

    def __contains__(self, position: int) -> bool:
        return position in self._positions

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[int]:
        return iter(self._positions)

    @property
    def in_order(self) -> bool:
        """Whether the first ones of the stream were learnt, in its order."""
        return [*self] == [*range(len(self))]

    def state(self) -> list[int]:
        """The positions, in order."""
        return [*self]

    def load(self, positions: list[int]) -> None:
        """Restore what :meth:`state` gave."""
        self._positions = dict.fromkeys(positions)
