"""Which classes come when: checked, and the same for the same seed on every machine."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import torch


def class_order(
    known: Sequence[int], shuffle: bool, seed: int | None, fixed: Sequence[int] | None
) -> list[int]:
    """The order in which classes appear.

    Args:
        known: the classes of the data, ascending.
        shuffle: whether to permute them.
        seed: of the permutation. None draws from torch's global generator, so that
            ``torch.manual_seed`` decides; with a seed that generator is not touched.
        fixed: the order itself; may leave out classes.

    Raises:
        ValueError: if ``fixed`` repeats a class or names one that the data does not have.

    Example:
        >>> class_order(range(10), True, 1, None)
        [5, 6, 1, 2, 0, 8, 9, 3, 7, 4]
    """
    if fixed is not None:
        order = [int(label) for label in fixed]
        repeated = sorted({label for label in order if order.count(label) > 1})
        if repeated:
            raise ValueError(
                f"fixed_class_order={order}: classes {repeated} occur twice; list each class once"
            )
        unknown = sorted(set(order) - set(known))
        if unknown:
            raise ValueError(
                f"fixed_class_order={order}: classes {unknown} do not occur in the training "
                f"data; expected some of {list(known)}"
            )
        return order
    if not shuffle:
        return list(known)
    generator = None if seed is None else torch.Generator().manual_seed(int(seed))
    return [known[i] for i in torch.randperm(len(known), generator=generator).tolist()]


def positive_int(name: str, value: Any, what: str = "") -> int:
    """A whole number above zero, of Python, numpy or torch.

    Raises:
        ValueError: for anything else.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name}={value!r}: expected an int above zero{what}")
    return number


def classes_per_experience(
    n_classes: int, n_experiences: int, given: Mapping[int, int] | None
) -> list[int]:
    """How many classes every experience has.

    Args:
        n_classes: classes to deal out.
        n_experiences: number of experiences.
        given: number of classes of some experiences; the rest is divided evenly.

    Raises:
        ValueError: if the classes can't be divided like that.

    Example:
        >>> classes_per_experience(10, 4, {0: 4})
        [4, 2, 2, 2]
    """
    n_experiences = positive_int("n_experiences", n_experiences)
    given = dict(given or {})
    odd = {i: n for i, n in given.items() if not 0 <= i < n_experiences or n < 0}
    if odd:
        raise ValueError(
            f"per_exp_classes={given}: expected experiences from 0 to {n_experiences - 1} with "
            f"counts of zero or more; mend {odd}"
        )
    left, open_exps = n_classes - sum(given.values()), n_experiences - len(given)
    if left < 0 or (left and not open_exps) or (open_exps and left % open_exps):
        what = f" after per_exp_classes={given}" if given else ""
        fits = [n for n in range(1, n_classes + 1) if n_classes % n == 0]
        raise ValueError(
            f"n_experiences={n_experiences}: {left} classes{what} can't be divided evenly among "
            f"{open_exps} experiences; "
            + ("change per_exp_classes" if given else f"choose one of {fits}, or per_exp_classes")
        )
    return [given.get(i, left // max(open_exps, 1)) for i in range(n_experiences)]
