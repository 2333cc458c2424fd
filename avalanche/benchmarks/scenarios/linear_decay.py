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
    shares = torch.zeros(n_tasks * iters, n_tasks + 2)  # a column of nothing at either side
    slots = torch.arange(n_tasks * iters) // iters
    shares.scatter_(1, slots[:, None] + torch.arange(3), near_shares(n_tasks, iters, beta))
    return shares[:, 1:-1]


def near_shares(n_tasks: int, iters: int, beta: float) -> Tensor:
    """Share of the task before, the slot's own and the task after: ``(n_tasks * iters, 3)``.

    With ``beta > 1`` ramps end within the slots beside theirs, so all others have none.

    Example:
        >>> [round(p, 2) for p in near_shares(2, 4, 2.0)[3].tolist()]
        [0.0, 0.62, 0.38]
    """
    place = ((torch.arange(iters) + 0.5) / iters).repeat(n_tasks)  # middle of a part, in its slot
    slots = torch.arange(n_tasks).repeat_interleave(iters)
    rise = place * beta / 2 + 0.5
    fall = (1 - place) * beta / 2 + 0.5
    own = torch.minimum(
        torch.where(slots == 0, 1.0, rise), torch.where(slots == n_tasks - 1, 1.0, fall)
    )
    before = torch.where(slots == 0, 0.0, 0.5 - place * beta / 2)
    after = torch.where(slots == n_tasks - 1, 0.0, 0.5 - (1 - place) * beta / 2)
    height = torch.stack([before, own, after], 1).clamp(0, 1)
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
        self._counts = torch.zeros(0, 3, dtype=torch.int64)
        self._before = torch.zeros(0, 3, dtype=torch.int64)

    def __len__(self) -> int:
        if not self._tasks:
            self._plan()
        return len(self._tasks) * self._iters

    def _plan(self) -> None:
        """Draw how many samples every part has of its own task and those beside it.

        Both tables are ``(parts, 3)``; the other one says how many samples of the same task came
        in earlier parts.
        """
        tasks = list(self._stream)
        empty = [i for i, task in enumerate(tasks) if not len(task.dataset)]
        if empty or not tasks:
            raise ValueError(
                f"original_stream: experiences {empty} of {len(tasks)} are empty; expected "
                "at least one experience, and samples in each"
            )
        generator = Generator().manual_seed(self._seed)
        shares = near_shares(len(tasks), self._iters, self._beta)
        drawn = torch.multinomial(shares, self._size, replacement=True, generator=generator)
        self._counts = torch.stack([(drawn == place).sum(1) for place in range(3)], 1)
        self._before = _counted_before(self._counts.view(len(tasks), self._iters, 3)).view(-1, 3)
        self._tasks = tasks

    def _of_part(self, number: int) -> list[tuple[int, int, int]]:
        """``(task, samples, samples of it in earlier parts)`` of the tasks that a part has."""
        first = number // self._iters - 1
        counts, before = self._counts[number].tolist(), self._before[number].tolist()
        return [(first + i, counts[i], before[i]) for i in range(3) if counts[i]]

    def part(self, number: int) -> OnlineCLExperience:
        """One part."""
        len(self)
        counts = [0] * len(self._tasks)
        for task, count, _ in self._of_part(number):
            counts[task] = count
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
        for task, count, before in self._of_part(number):
            rows = self._rows(task, before, count)
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
            self._recent = {t: o for t, o in self._recent.items() if abs(t - task) <= 2}
            self._recent[task] = known
        return known[1]


def _counted_before(counts: Tensor) -> Tensor:
    """Samples of a task in the parts before, from counts ``(slots, parts of a slot, 3)``.

    A task has samples in the slot before its own (as the task after), its own and the next.
    """
    nothing = torch.zeros_like(counts[:1, :, 0])
    of_task = torch.cat(
        [
            torch.cat([nothing, counts[:-1, :, 2]]),
            counts[:, :, 1],
            torch.cat([counts[1:, :, 0], nothing]),
        ],
        1,
    )
    early, own, late = (of_task.cumsum(1) - of_task).chunk(3, 1)
    return torch.stack([torch.cat([nothing, late[:-1]]), own, torch.cat([early[1:], nothing])], 2)
