"""Small experiences cut from larger ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from avalanche.core.experiences import CLExperience, ExperienceAttribute

from ..utils.view import View
from .class_order import positive_int
from .dataset_experience import DatasetExperience

FIELDS = (
    "origin_experience",
    "subexp_size",
    "is_first_subexp",
    "is_last_subexp",
    "sub_stream_length",
)
OF_ORIGIN = (
    "classes_in_this_experience",
    "classes_seen_so_far",
    "previous_classes",
    "future_classes",
    "task_labels",
    "task_label",
)


class OnlineCLExperience(DatasetExperience):
    """A small part of an experience, as a learner meets it in an online stream.

    What tells of task boundaries (``origin_experience``, ``subexp_size``, ``is_first_subexp``,
    ``is_last_subexp``, ``sub_stream_length``) is hidden in training and evaluation mode unless
    ``access_task_boundaries``. Class lists and task labels are those of the origin, if it has any.

    Args:
        dataset: the samples.
        origin_experience: the experience that they come from.
        is_first_subexp: whether it is the first part of its origin.
        is_last_subexp: whether it is the last one.
        sub_stream_length: number of parts of the origin.
        access_task_boundaries: whether learners may know about boundaries.

    Example:
        >>> from avalanche.benchmarks import SplitDigits, split_online_stream
        >>> first = next(iter(split_online_stream(SplitDigits(5).train_stream, 10)))
        >>> len(first.dataset), first.is_first_subexp, len(first.classes_in_this_experience)
        (10, True, 2)
    """

    def __init__(
        self,
        *,
        dataset: Any,
        origin_experience: Any,
        is_first_subexp: bool = False,
        is_last_subexp: bool = False,
        sub_stream_length: int | None = None,
        access_task_boundaries: bool = False,
    ) -> None:
        super().__init__(dataset=dataset)
        size = None if dataset is None else len(dataset)
        self._describe(
            (origin_experience,),
            (size, is_first_subexp, is_last_subexp, sub_stream_length),
            access_task_boundaries,
        )

    @classmethod
    def part(
        cls,
        make: Callable[[], Any],
        origins: Sequence[Any],
        known: tuple[int, bool, bool, int | None],
        access_task_boundaries: bool,
    ) -> OnlineCLExperience:
        """A part whose dataset is made when it is first read.

        Args:
            make: gives the dataset.
            origins: the experiences that samples come from, the main one first.
            known: size, is it the first part, is it the last part, number of parts.
            access_task_boundaries: whether learners may know about boundaries.
        """
        made = cls.__new__(cls)
        DatasetExperience.__init__(made, dataset=None)
        made.__dict__["_make_dataset"] = make
        made._describe(tuple(origins), known, access_task_boundaries)
        return made

    def _describe(
        self,
        origins: tuple[Any, ...],
        known: tuple[Any, Any, Any, Any],
        access_task_boundaries: bool,
    ) -> None:
        own = self.__dict__
        own["access_task_boundaries"] = access_task_boundaries
        own["_origins"] = origins
        shown = access_task_boundaries
        masked = own["_masked"]
        for name, value in zip(FIELDS, (origins[0], *known), strict=True):
            masked[name] = ExperienceAttribute(value, shown, shown)

    def _knows(self, name: str) -> bool:
        if name in self._masked or name not in OF_ORIGIN:
            return super()._knows(name)
        return all(
            o._knows(name) if isinstance(o, CLExperience) else hasattr(o, name)
            for o in self._origins
        )

    @property
    def classes_in_this_experience(self) -> Any:
        """Classes of the origin."""
        return self._of_all("classes_in_this_experience")

    @property
    def classes_seen_so_far(self) -> Any:
        """Classes of the origin and all before it."""
        return self._of_all("classes_seen_so_far")

    @property
    def previous_classes(self) -> Any:
        """Classes of all experiences before the origin."""
        return self._of_first("previous_classes")

    @property
    def future_classes(self) -> Any:
        """Classes of all experiences after the origin."""
        return self._of_first("future_classes")

    @property
    def task_labels(self) -> Any:
        """Task labels of the origin."""
        return self._of_all("task_labels")

    @property
    def task_label(self) -> Any:
        """The task label of the origin, where there is a single one."""
        if "task_label" in self._masked or len(self._origins) == 1:
            return self._of_first("task_label")
        labels = self.task_labels
        if len(labels) != 1:
            raise ValueError(
                f"task_label: the experience has the task labels {labels}, not one; "
                "read task_labels"
            )
        return labels[0]

    def _of_first(self, name: str) -> Any:
        """This part's own value, where it was given one, else that of the main origin."""
        return self._visible(name) if name in self._masked else getattr(self._origins[0], name)

    def _of_all(self, name: str) -> Any:
        """This part's own list, where it was given one, else that of all origins, each once."""
        if name in self._masked:
            return self._visible(name)
        found = [getattr(origin, name) for origin in self._origins]
        if len(found) == 1:
            return found[0]
        return list(dict.fromkeys(value for values in found for value in values))


class FixedSizeExperienceSplitter:
    """Cuts an experience into parts of the same size, one after the other.

    Args:
        experience: the experience.
        experience_size: samples per part; the last part may have fewer.
        shuffle: whether samples are dealt out in random order.
        drop_last: whether a last part with fewer samples is left out.
        access_task_boundaries: see :class:`OnlineCLExperience`.
        seed: of the order. None draws one from torch's global generator, here and now, so that
            every iteration has the same order.

    Raises:
        ValueError: if the size is not above zero.
    """

    def __init__(
        self,
        experience: Any,
        experience_size: int,
        shuffle: bool = True,
        drop_last: bool = False,
        access_task_boundaries: bool = False,
        seed: int | None = None,
    ) -> None:
        self.experience = experience
        self.experience_size = check_size(experience_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.access_task_boundaries = access_task_boundaries
        self.seed = any_seed() if seed is None and shuffle else seed
        self._ordered: Slices | None = None

    def __len__(self) -> int:
        return n_parts(len(self.experience.dataset), self.experience_size, self.drop_last)

    def __getitem__(self, number: int) -> OnlineCLExperience:
        """One part by its number."""
        length = len(self)
        if not -length <= number < length:
            raise IndexError(
                f"part {number}: the experience has {length} parts; use 0 to {length - 1}"
            )
        return self._part(number % length, length)

    def _part(self, number: int, length: int) -> OnlineCLExperience:
        if self._ordered is None:
            self._ordered = self._in_order()
        start = number * self.experience_size
        stop = min(start + self.experience_size, len(self._ordered))
        return OnlineCLExperience.part(
            partial(self._ordered.__getitem__, slice(start, stop)),
            (self.experience,),
            (stop - start, number == 0, number == length - 1, length),
            self.access_task_boundaries,
        )

    def __iter__(self) -> Iterator[OnlineCLExperience]:
        length = len(self)
        return (self._part(number, length) for number in range(length))

    def _in_order(self) -> Slices:
        """All samples in the order of the parts: one gather, of which the parts are slices."""
        dataset = self.experience.dataset
        if self.shuffle:
            assert self.seed is not None
            generator = torch.Generator().manual_seed(int(self.seed))
            dataset = dataset.subset(torch.randperm(len(dataset), generator=generator))
        return Slices(dataset)


class Slices:
    """Consecutive samples of a dataset, cut without a gather where that is possible.

    Args:
        dataset: the dataset.
    """

    def __init__(self, dataset: Any) -> None:
        self._whole = dataset
        self._length = len(dataset)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, piece: slice) -> Any:
        whole = self._whole
        view = getattr(whole, "_view", None)
        if view is None or view.part_ids is not None:  # several sources: some may drop out
            return whole.subset(list(range(piece.start, piece.stop)))
        attributes = {name: a[piece] for name, a in whole._attributes.items()}
        return whole._derive(View(view.parts, None, view.rows[piece]), attributes)


def check_size(experience_size: int) -> int:
    """A checked number of samples per part."""
    return positive_int("experience_size", experience_size, ", the number of samples of a part")


def any_seed() -> int:
    """A seed drawn from torch's global generator."""
    return int(torch.empty((), dtype=torch.int64).random_())


def n_parts(n_samples: int, size: int, drop_last: bool) -> int:
    """Number of parts of a given size."""
    return n_samples // size if drop_last else -(-n_samples // size)
