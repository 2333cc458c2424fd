"""Memories as dictionaries of data sets, as in avalanche-lib 0.0.1.

New code uses the buffers of :mod:`avalanche.training.storage_policy`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any, ClassVar

import torch

from avalanche.benchmarks.utils import AvalancheDataset, as_avalanche_dataset, concat_datasets
from avalanche.benchmarks.utils.view_state import view_state
from avalanche.training.storage_policy import ExemplarsBuffer
from avalanche.training.storage_policy.base import as_classified, check_size
from avalanche.training.storage_policy.shares import check_groups, equal_shares, fill_shares

__all__ = ["ClassBalancedStoragePolicy", "ExperienceBalancedStoragePolicy", "StoragePolicy"]

_WEIGHTS = "storage_weights"  # the data attribute that says which samples stay


class StoragePolicy(ABC):
    """Decides what to keep: called with a strategy after each experience."""

    @abstractmethod
    def __call__(self, data_source: Any, **kwargs: Any) -> None:
        """Store samples of ``data_source.experience``."""


class _DictionaryMemory(ExemplarsBuffer):
    """A dictionary of data sets, which somebody else may hold too, where a buffer is wanted."""

    def __init__(self, ext_mem: dict[Any, Any], mem_size: int) -> None:
        if not isinstance(ext_mem, dict):
            raise TypeError(
                f"ext_mem={type(ext_mem).__name__}: expected a dictionary to store in, as {{}}"
            )
        super().__init__(check_size("mem_size", mem_size))
        self._ext_mem = ext_mem

    @property
    def ext_mem(self) -> dict[Any, Any]:
        """Key to data set."""
        return self._ext_mem

    @ext_mem.setter
    def ext_mem(self, value: dict[Any, Any]) -> None:
        self._ext_mem = value

    @property
    def buffer(self) -> AvalancheDataset:
        """The stored samples of all keys."""
        joined: AvalancheDataset = concat_datasets(list(self.ext_mem.values()))
        return joined

    @buffer.setter
    def buffer(self, data: AvalancheDataset) -> None:
        if len(data):
            raise AttributeError("buffer: the memory is the dictionary ext_mem; change that")

    def state_dict(self) -> dict[str, Any]:
        """References to the stored samples, by key."""
        kept = {key: as_avalanche_dataset(data) for key, data in self.ext_mem.items()}
        groups = [(key, view_state(data)) for key, data in kept.items()]
        return {"max_size": self.max_size, "groups": groups}

    def load_state_dict(self, state: dict[str, Any], parts: Any = ()) -> None:
        """Restore :meth:`state_dict` into the same dictionary."""
        self.max_size = state["max_size"]
        self.ext_mem.clear()
        for key, saved in state["groups"]:
            self.ext_mem[key] = AvalancheDataset.from_state(saved, parts)


class PolicyBuffer(_DictionaryMemory):
    """A storage policy of one's own where a buffer is wanted: what is in its ``ext_mem``.

    Args:
        policy: keeps what it wants to in its dictionary ``ext_mem`` when it is called.
        mem_size: the capacity that it was made for; keeping to it is up to the policy.

    Raises:
        TypeError: a policy without such a dictionary.
    """

    def __init__(self, policy: StoragePolicy, mem_size: int) -> None:
        if not hasattr(policy, "ext_mem"):
            raise TypeError(
                f"storage_policy: {type(policy).__name__} has no attribute ext_mem; let it keep "
                "its data sets in a dictionary of that name"
            )
        super().__init__(policy.ext_mem, mem_size)
        self.policy = policy

    @property
    def ext_mem(self) -> dict[Any, Any]:
        """The policy's dictionary, which may be another one after a call."""
        found: dict[Any, Any] = self.policy.ext_mem
        return found

    @ext_mem.setter
    def ext_mem(self, value: dict[Any, Any]) -> None:
        self.policy.ext_mem = value

    def update(self, strategy: Any, **kwargs: Any) -> None:
        """Call the policy with the strategy."""
        self.policy(strategy, **kwargs)

    def resize(self, strategy: Any, new_size: int) -> None:
        """Note another capacity."""
        self.max_size = check_size("new_size", new_size)


class _GroupedPolicy(StoragePolicy, _DictionaryMemory):
    """Equal shares of a capacity for the keys of a dictionary.

    Every sample draws a weight once, an attribute of the data, and each key keeps its largest: the
    samples of a key are a uniform random sample of all that it was given. Usable wherever a buffer
    is.
    """

    _total_argument: ClassVar[str]

    def __init__(
        self, ext_mem: dict[Any, Any], mem_size: int, adaptive_size: bool, total_groups: int
    ) -> None:
        _DictionaryMemory.__init__(self, ext_mem, mem_size)
        check_groups(adaptive_size, total_groups)
        self.adaptive_size = adaptive_size
        self._total_groups = total_groups

    @property
    def mem_size(self) -> int:
        """Capacity in samples."""
        return self.max_size

    @abstractmethod
    def new_groups(self, experience: Any) -> dict[Any, Any]:
        """Key to new samples."""

    def __call__(self, data_source: Any, **kwargs: Any) -> None:
        """Store samples of ``data_source.experience``, a strategy's or any object's."""
        groups = self.new_groups(data_source.experience)
        self._equal_shares(self.max_size, len({*self.ext_mem, *groups}))  # raises for too many
        for key, new in groups.items():
            data = _drawn(new)
            known = key in self.ext_mem
            self.ext_mem[key] = _weighted(self.ext_mem[key]).concat(data) if known else data
        self.subsample_all_groups(self.max_size)

    def _equal_shares(self, capacity: int, num_groups: int) -> list[int]:
        total, name = self._total_groups, self._total_argument
        return equal_shares(capacity, num_groups, self.adaptive_size, total, name)

    def subsample_single(self, data: Any, new_size: int) -> Any:
        """A random part of ``data`` of at most ``new_size`` samples."""
        if len(data) <= new_size:
            return data
        data = _weighted(data)
        by_weight = data.data_attributes[_WEIGHTS].values.argsort(descending=True, stable=True)
        return data.subset(by_weight[:new_size])

    def subsample_all_groups(self, new_size: int) -> None:
        """Cut all groups to equal shares of ``new_size`` samples."""
        stored = [len(data) for data in self.ext_mem.values()]
        shares = self._equal_shares(new_size, len(stored))
        if self.adaptive_size:
            shares = fill_shares(stored, shares)
        self.cutoff_memory(dict(zip(self.ext_mem, shares, strict=True)))

    def cutoff_memory(self, cutoff_per_exp: dict[Any, int]) -> None:
        """Cut each group to at most its number of samples."""
        for key, size in cutoff_per_exp.items():
            self.ext_mem[key] = self.subsample_single(self.ext_mem[key], size)

    def divide_remaining_samples(
        self, exp_mem_size: dict[Any, int], div_cnt: int
    ) -> dict[Any, int]:
        """The shares with ``div_cnt`` more samples, dealt out one by one from the first on."""
        base, extra = divmod(div_cnt, max(1, len(exp_mem_size)))
        return {k: n + base + (i < extra) for i, (k, n) in enumerate(exp_mem_size.items())}

    def post_adapt(self, agent_state: Any, exp: Any) -> None:
        """Store samples of ``exp``."""
        self(SimpleNamespace(experience=exp))

    def resize(self, strategy: Any, new_size: int) -> None:
        """Change the capacity."""
        self.max_size = check_size("new_size", new_size)
        self.subsample_all_groups(self.max_size)


def _weighted(data: Any) -> AvalancheDataset:
    """Stored data with its weights; what somebody else stored draws them now."""
    data = as_avalanche_dataset(data)
    return data if _WEIGHTS in data.data_attributes else _drawn(data)


def _drawn(data: Any) -> AvalancheDataset:
    """Data with a new weight for each sample."""
    weights = torch.rand(len(data), dtype=torch.float64)
    drawn: AvalancheDataset = as_avalanche_dataset(data).update_data_attribute(_WEIGHTS, weights)
    return drawn


class ClassBalancedStoragePolicy(_GroupedPolicy):
    """Equal shares for all classes.

    Args:
        ext_mem: class to data set; filled in place.
        mem_size: capacity in samples.
        adaptive_size: divide among the classes seen so far.
        total_num_classes: number of classes to expect, if not adaptive.

    Raises:
        ValueError: not adaptive and no number of classes; at a call, more than that.

    Example:
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> memory = {}
        >>> policy = ClassBalancedStoragePolicy(memory, mem_size=20)
        >>> for experience in SplitDigits().train_stream:
        ...     policy(SimpleNamespace(experience=experience))
        >>> {len(data) for data in memory.values()}
        {2}
    """

    _total_argument: ClassVar[str] = "total_num_classes"

    def __init__(
        self,
        ext_mem: dict[Any, Any],
        mem_size: int,
        adaptive_size: bool = True,
        total_num_classes: int = -1,
    ) -> None:
        super().__init__(ext_mem, mem_size, adaptive_size, total_num_classes)
        self.total_num_classes = total_num_classes

    def new_groups(self, experience: Any) -> dict[Any, Any]:
        """Class to new samples."""
        data = as_classified(experience.dataset)
        return {k: data.subset(rows) for k, rows in data.targets.val_to_idx.items()}


class ExperienceBalancedStoragePolicy(_GroupedPolicy):
    """Equal shares for all experiences.

    Args:
        ext_mem: number of the experience to data set; filled in place.
        mem_size: capacity in samples.
        adaptive_size: divide among the experiences seen so far.
        num_experiences: number of experiences to expect, if not adaptive.

    Raises:
        ValueError: not adaptive and no number of experiences; at a call, more than that.
    """

    _total_argument: ClassVar[str] = "num_experiences"

    def __init__(
        self,
        ext_mem: dict[Any, Any],
        mem_size: int,
        adaptive_size: bool = True,
        num_experiences: int = -1,
    ) -> None:
        super().__init__(ext_mem, mem_size, adaptive_size, num_experiences)
        self.num_experiences = num_experiences

    def new_groups(self, experience: Any) -> dict[Any, Any]:
        """The experience's number to its samples."""
        return {experience.current_experience: experience.dataset}
