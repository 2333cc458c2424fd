"""What counts as a whole number in an argument."""

import operator
from typing import Any

__all__ = ["whole_number"]


def whole_number(value: Any, minimum: int) -> int | None:
    """``value`` as an int; None if it is no whole number of at least ``minimum``.

    Those of numpy and torch are such numbers, ``True`` and ``2.0`` are not.

    Example:
        >>> whole_number(3, minimum=1), whole_number(0, minimum=1), whole_number(True, minimum=1)
        (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        number = operator.index(value)
    except TypeError:  # a float, a text, None
        return None
    return number if number >= minimum else None
