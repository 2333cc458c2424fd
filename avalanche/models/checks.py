"""What the sizes of models must be."""

from typing import Any

from avalanche.core.whole_numbers import whole_number

__all__ = ["check_sizes"]


def check_sizes(minimum: int = 1, **sizes: Any) -> None:
    """Refuse sizes that are no whole numbers of at least ``minimum``.

    Args:
        minimum: the smallest size that makes sense.
        **sizes: arguments by name.

    Raises:
        ValueError: one of them is none; the message names it.

    Example:
        >>> check_sizes(in_features=3)
        >>> check_sizes(in_features=1.5)
        Traceback (most recent call last):
        ValueError: in_features=1.5: expected a whole number of at least 1
    """
    for name, value in sizes.items():
        if whole_number(value, minimum) is None:
            raise ValueError(f"{name}={value!r}: expected a whole number of at least {minimum}")
