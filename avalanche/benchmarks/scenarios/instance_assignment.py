"""Which sample comes in which experience, where every experience has new samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Generator, Tensor

from ..utils.wrap import as_index
from .class_order import positive_int


def assign_instances(
    groups: Mapping[int, Tensor],
    n_experiences: int,
    shuffle: bool,
    generator: Generator | None,
    balance: bool = False,
    least: int = 0,
) -> list[Tensor]:
    """Deal out samples over experiences.

    The order in which random numbers are drawn is that of avalanche-lib 0.6, so that published
    splits repeat: one permutation per class; then, balanced, one of the experiences per class
    that does not divide evenly, else one of all samples and one of the experiences.

    Args:
        groups: positions of the samples of every class, classes ascending.
        n_experiences: number of experiences.
        shuffle: whether the order is random; otherwise it is that of the data.
        generator: of the order; None for torch's global one.
        balance: whether every class is divided evenly.
        least: least number of samples of every class in every experience.

    Returns:
        Positions of the samples of every experience, int64.

    Raises:
        ValueError: if there are too few samples.

    Example:
        >>> groups = {0: torch.tensor([0, 2, 4]), 1: torch.tensor([1, 3])}
        >>> [p.tolist() for p in assign_instances(groups, 2, False, None)]
        [[0, 1, 4], [2, 3]]
        >>> [p.tolist() for p in assign_instances(groups, 2, False, None, balance=True)]
        [[0, 2, 1], [4, 3]]
    """
    total = sum(len(positions) for positions in groups.values())
    n_experiences = positive_int("n_experiences", n_experiences)
    if n_experiences > total:
        raise ValueError(
            f"n_experiences={n_experiences}: the training data has only {total} samples; "
            f"expected at most {total}"
        )
    for label, positions in groups.items():
        if len(positions) < least * n_experiences:
            raise ValueError(
                f"min_class_patterns_in_exp={least}: class {label} has {len(positions)} samples "
                f"for n_experiences={n_experiences}; expected at most "
                f"{len(positions) // n_experiences}, or fewer experiences"
            )
    by_class = [p[_order(len(p), shuffle, generator)] for p in groups.values()]
    if balance:
        return _balanced(by_class, n_experiences, shuffle, generator)
    return _unbalanced(by_class, n_experiences, shuffle, generator, least)


def _order(length: int, shuffle: bool, generator: Generator | None) -> Tensor:
    return torch.randperm(length, generator=generator) if shuffle else torch.arange(length)


def _balanced(
    by_class: Sequence[Tensor], n: int, shuffle: bool, generator: Generator | None
) -> list[Tensor]:
    pieces: list[list[Tensor]] = [[] for _ in range(n)]
    for positions in by_class:
        share, left = divmod(len(positions), n)
        sizes = torch.full((n,), share)
        if left:
            sizes[_order(n, shuffle, generator)[:left]] += 1
        for own, piece in zip(pieces, positions.split(sizes.tolist()), strict=True):
            own.append(piece)
    return [torch.cat(own) for own in pieces]


def _unbalanced(
    by_class: Sequence[Tensor], n: int, shuffle: bool, generator: Generator | None, least: int
) -> list[Tensor]:
    reserved = [[p[i * least : (i + 1) * least] for p in by_class] for i in range(n)]
    rest = torch.cat([p[n * least :] for p in by_class]).sort().values
    rest = rest[_order(len(rest), shuffle, generator)]
    share, left = divmod(len(rest), n)
    pieces = [[*reserved[i], rest[i * share : (i + 1) * share]] for i in range(n)]
    if left:
        for extra, i in enumerate(_order(n, shuffle, generator)[:left].tolist()):
            pieces[i].append(rest[n * share + extra].reshape(1))
    return [torch.cat(own) for own in pieces]


def check_assignment(
    given: Sequence[Sequence[int]], n_experiences: int, n_samples: int
) -> list[Tensor]:
    """A user's assignment of samples to experiences, as positions.

    Raises:
        ValueError: if there is not one list per experience, or a sample is given twice.
        IndexError: if a position does not exist.
    """
    if len(given) != n_experiences:
        raise ValueError(
            f"fixed_exp_assignment has {len(given)} lists, n_experiences={n_experiences}: "
            "expected one list of positions per experience"
        )
    assignment = [as_index(positions, n_samples) for positions in given]
    everything = torch.cat(assignment)
    values, counts = everything.unique(return_counts=True)
    repeated = values[counts > 1][:5].tolist()
    if repeated:
        raise ValueError(
            f"fixed_exp_assignment gives the samples {repeated} more than once; expected every "
            "position in one experience at most"
        )
    return assignment
