"""How a capacity is divided among groups."""

from __future__ import annotations

from collections.abc import Sequence

from avalanche.core.whole_numbers import whole_number

__all__ = ["check_groups", "equal_shares", "fill_shares"]


def check_groups(adaptive_size: bool, total_num_groups: int | None) -> None:
    """Refuse a fixed division without the number of groups."""
    if adaptive_size:
        return
    if whole_number(total_num_groups, 1) is None:
        raise ValueError(
            f"adaptive_size=False, total groups={total_num_groups!r}: a fixed division needs "
            "to know how many groups there will be; give that number, at least 1"
        )


def equal_shares(
    capacity: int,
    num_groups: int,
    adaptive: bool,
    total_num_groups: int | None,
    argument: str = "total_num_groups",
) -> list[int]:
    """An equal division of a capacity; the first groups get one more where it does not divide.

    Args:
        capacity: places to divide.
        num_groups: groups to give a share.
        adaptive: divide among ``num_groups``; otherwise among ``total_num_groups``.
        total_num_groups: number of groups to expect.
        argument: what the memory calls ``total_num_groups``.

    Raises:
        ValueError: not adaptive, and more groups than expected.

    Example:
        >>> equal_shares(10, 2, adaptive=False, total_num_groups=3)
        [4, 3]
    """
    among = num_groups if adaptive else int(total_num_groups or 0)
    if num_groups > among:
        raise ValueError(
            f"{argument}={total_num_groups}: there are {num_groups} groups, and a fixed division "
            f"has no places for more than it expects; give {argument}={num_groups} or more, or "
            "adaptive_size=True"
        )
    if among == 0:
        return []
    base, extra = divmod(capacity, among)
    return [base + (i < extra) for i in range(num_groups)]


def fill_shares(stored: Sequence[int], shares: Sequence[int]) -> list[int]:
    """Divide what small groups leave over among the others ("water-filling").

    Args:
        stored: samples that each group has.
        shares: an equal division of the capacity.

    Returns:
        Samples that each group may keep: no more than it has, as equal as possible, and together
        the capacity whenever there are enough samples.

    Example:
        >>> fill_shares([5, 100, 100], [34, 33, 33])
        [5, 48, 47]
    """
    capacity = sum(shares)
    kept = [0] * len(stored)
    open_groups = [i for i, count in enumerate(stored) if count]
    while open_groups and capacity:
        base, extra = divmod(capacity, len(open_groups))
        offers = {i: base + (rank < extra) for rank, i in enumerate(open_groups)}
        small = {i for i in open_groups if stored[i] <= offers[i]}
        if not small:
            for i in open_groups:
                kept[i] = offers[i]
            break
        for i in small:
            kept[i] = stored[i]
            capacity -= stored[i]
        open_groups = [i for i in open_groups if i not in small]
    return kept
