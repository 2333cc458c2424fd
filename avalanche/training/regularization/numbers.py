"""Refusal of arguments that are no numbers, or out of their range."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

__all__ = ["check_number", "check_numbers"]


def check_number(
    name: str, value: Any, kind: str, *, above: float | None = None, most: float | None = None
) -> None:
    """Refuse what is not a finite number in its range.

    Args:
        name: of the argument.
        value: its value.
        kind: what is expected, after "a", such as ``"strength of 0 or more"``.
        above: the value must be larger; by default it must be 0 or more.
        most: largest value; None for no limit.

    Raises:
        TypeError: no number, or a truth value.
        ValueError: not finite, or out of the range.

    Example:
        >>> check_number("eps", -1, "number above 0", above=0)
        Traceback (most recent call last):
        ValueError: eps=-1: expected a number above 0
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        expected = kind if kind.startswith("number") else f"number, a {kind}"
        raise TypeError(f"{name}={value!r}: expected a {expected}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name}={value}: expected a {kind}, and finite")
    enough = number >= 0 if above is None else number > above
    if not enough or (most is not None and number > most):
        raise ValueError(f"{name}={value}: expected a {kind}")


def check_numbers(name: str, value: Any, kind: str) -> None:
    """Refuse what is neither a finite number of 0 or more nor a list of them, one per experience.

    Raises:
        TypeError: no number, and no list.
        ValueError: a number out of its range, or a list with anything else in it.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        check_number(name, value, kind)
        return
    try:
        for number in value:
            check_number(name, number, kind)
        fine = len(value) > 0
    except (TypeError, ValueError):
        fine = False
    if not fine:
        raise ValueError(
            f"{name}={value!r}: expected a {kind}, or a list with one per experience"
        ) from None
