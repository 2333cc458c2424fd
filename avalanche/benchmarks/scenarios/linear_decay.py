"""An online stream whose tasks fade into each other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from ..utils import concat_datasets
from .online_experience import OnlineCLExperience, any_seed, check_size
from .streams import CLStream, LazyCLStream


def split_continuous_linear_decay_stream(
    original_stream: Iterable[Any],
    experience_size: int,
    iters_per_virtual_epoch: int,
    beta: float,
    shuffle: bool,
    access_task_boundaries: bool = False,
    seed: int | None = None,
) -> CLStream[Any]:
    """Small experiences whose samples come from overlapping tasks.

    Every experience of ``original_stream`` is a task with a slot of ``iters_per_virtual_epoch``
    parts. Its share of the samples rises linearly from 0 to 1 around the start of its slot and
    falls linearly around the end; the ramps are ``2 / beta`` slots long, centred on the
    boundaries, so the larger ``beta`` the less tasks overlap. With ``p_k(i)`` the height of task
    k's ramp at part i, the samples of part i come from the tasks in the proportions
    ``p_k(i) / sum_j p_j(i)``.

    Args:
        original_stream: a stream or list of experiences, read when the first part is needed.
        experience_size: samples per part.
        iters_per_virtual_epoch: parts per task.
        beta: how steep the ramps are, above 1; 4 in the paper's experiments.
        shuffle: whether the samples of a task are dealt out in random order. A task whose
            samples are used up starts again.
        access_task_boundaries: see :class:`OnlineCLExperience`.
        seed: of the order and of the draws. None draws from torch's global generator, here and
            now.

    Returns:
        A stream with the name of the original, whose experiences also have
        ``n_samples_from_each_exp``.

    Raises:
        ValueError: if a number is too small.

    References:
        Zeno et al., "Task Agnostic Continual Learning Using Online Variational Bayes with
        Fixed-Point Updates", arXiv 2006.05990, section 5 and appendix on continuous tasks.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> train = SplitDigits(5, seed=0).train_stream
        >>> stream = split_continuous_linear_decay_stream(train, 10, 20, 4, True, seed=0)
        >>> len(stream), stream[0].n_samples_from_each_exp
        (100, [10, 0, 0, 0, 0])
    """
    check_size(experience_size)
    if iters_per_virtual_epoch < 1:
        raise ValueError(
            f"iters_per_virtual_epoch={iters_per_virtual_epoch}: expected the number of parts per "
            "task, at least 1"
        )
    if beta <= 1:
        raise ValueError(f"beta={beta}: expected more than 1; a task would never have all samples")
    own = any_seed() if seed is None else int(seed)
    fading = FadingTasks(
        original_stream,
        (experience_size, iters_per_virtual_epoch, beta),
        shuffle,
        access_task_boundaries,
        own,
    )
    name = getattr(original_stream, "name", "train")
    return LazyCLStream(name, fading.part, fading.__len__)


def task_shares(n_tasks: int, iters: int, beta: float) -> Tensor:
    """Share of every task in every part: ``(n_tasks * iters, n_tasks)``, rows sum to 1.

    Example:
        >>> [round(p, 2) for p in task_shares(2, 4, 2.0)[3].tolist()]
        [0.62, 0.38]
    """
    time = (torch.arange(n_tasks * iters) + 0.5) / iters  # in slots, at the middle of a part
    start = torch.arange(n_tasks, dtype=time.dtype)
    rise = (time[:, None] - start) * beta / 2 + 0.5
    fall = (start + 1 - time[:, None]) * beta / 2 + 0.5
    rise[:, 0] = 1.0
    fall[:, -1] = 1.0
    height = torch.minimum(rise, fall).clamp(0, 1)
    return height / height.sum(1, keepdim=True)


class FadingTasks:
    """The parts of a stream whose tasks fade into each other, by number.

    Args:
        stream: the tasks.
        shape: samples per part, parts per task, steepness.
        shuffle: whether the samples of a task are dealt out in random order.
        access_task_boundaries: see :class:`OnlineCLExperience`.
        seed: of everything random.
    """

    def __init__(
        self,
        stream: Iterable[Any],
        shape: tuple[int, int, float],
        shuffle: bool,
        access_task_boundaries: bool,
        seed: int,
    ) -> None:
        self._stream = stream
        self._size, self._iters, self._beta = shape
        self._shuffle = shuffle
        self._access = access_task_boundaries
        self._seed = seed
        self._tasks: list[Any] = []
        self._recent: dict[int, tuple[int, Tensor]] = {}
        self._counts = torch.zeros(0, 0)
        self._before = torch.zeros(0, 0)

    def __len__(self) -> int:
        if not self._tasks:
            self._plan()
        return len(self._tasks) * self._iters

    def _plan(self) -> None:
        """Draw how many samples every part has of every task: ``(parts, tasks)``."""
        self._tasks = list(self._stream)
        empty = [i for i, task in enumerate(self._tasks) if not len(task.dataset)]
        if empty or not self._tasks:
            raise ValueError(
                f"original_stream: experiences {empty} of {len(self._tasks)} are empty; expected "
                "at least one experience, and samples in each"
            )
        generator = Generator().manual_seed(self._seed)
        shares = task_shares(len(self._tasks), self._iters, self._beta)
        drawn = torch.multinomial(shares, self._size, replacement=True, generator=generator)
        self._counts = torch.nn.functional.one_hot(drawn, len(self._tasks)).sum(1)
        self._before = self._counts.cumsum(0) - self._counts

    def part(self, number: int) -> OnlineCLExperience:
        """One part."""
        len(self)
        counts = self._counts[number].tolist()
        by_share = sorted((i for i, n in enumerate(counts) if n), key=lambda i: -counts[i])
        place = number % self._iters
        made = OnlineCLExperience.part(
            partial(self._dataset, number),
            [self._tasks[i] for i in by_share],
            (self._size, place == 0, place == self._iters - 1, self._iters),
            self._access,
        )
        made.n_samples_from_each_exp = counts
        return made

    def _dataset(self, number: int) -> Any:
        pieces = []
        for task, count in enumerate(self._counts[number].tolist()):
            if count:
                rows = self._rows(task, int(self._before[number, task]), count)
                pieces.append(self._tasks[task].dataset.subset(rows))
        return concat_datasets(pieces)

    def _rows(self, task: int, first: int, count: int) -> Tensor:
        """Rows ``first`` to ``first + count - 1`` of a task's endless order."""
        length = len(self._tasks[task].dataset)
        laps = range(first // length, (first + count - 1) // length + 1)
        orders = torch.cat([self._order(task, lap, length) for lap in laps])
        start = first - laps[0] * length
        return orders[start : start + count]

    def _order(self, task: int, lap: int, length: int) -> Tensor:
        if not self._shuffle:
            return torch.arange(length)
        known = self._recent.get(task)
        if known is None or known[0] != lap:
            key = (self._seed + 1_000_003 * (task + 1) + 7919 * lap) % 2**63
            known = lap, torch.randperm(length, generator=Generator().manual_seed(key))
            self._recent[task] = known
        return known[1]
