"""Experience replay as a plugin."""

from collections.abc import Mapping
from typing import Any, cast

from avalanche.benchmarks.utils import replay_view
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader
from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.plugins.storage_policies import (
    ClassBalancedStoragePolicy,
    ExperienceBalancedStoragePolicy,
    PolicyBuffer,
    StoragePolicy,
)
from avalanche.training.storage_policy import ExemplarsBuffer, ExperienceBalancedBuffer
from avalanche.training.storage_policy.base import check_size

# The storage policies of avalanche-lib 0.1 were found in this module.
__all__ = [
    "ClassBalancedStoragePolicy",
    "ExperienceBalancedStoragePolicy",
    "ReplayPlugin",
    "StoragePolicy",
]


class ReplayPlugin(SupervisedPlugin, supports_distributed=True):
    """Trains on new and remembered samples together.

    From the second experience on each batch holds ``batch_size`` new samples and up to
    ``batch_size_mem`` samples of the memory, none of them twice; the memory takes in each
    experience after training.
    Remembered samples go through the transform group ``replay`` where a data set defines one, and
    through ``train`` otherwise.

    Args:
        mem_size: capacity of the memory, in samples.
        batch_size: new samples of a batch, at least 1; by default the strategy's
            ``train_mb_size``.
        batch_size_mem: remembered samples of a batch, at least 1; by default ``train_mb_size``.
        task_balanced_dataloader: balance the batch over tasks.
        storage_policy: the memory; by default equal shares for all experiences. May also be given
            as second argument, and be a :class:`StoragePolicy`, as in avalanche-lib 0.1.

    Attributes:
        storage_policy: the memory.

    Raises:
        TypeError: a storage policy that is neither a buffer nor a :class:`StoragePolicy`.
        ValueError: a negative ``mem_size``, no samples of a kind in a batch, or a storage policy
            of another capacity.

    References:
        Chaudhry et al., "On tiny episodic memories in continual learning", 2019
        (arXiv 1902.10486); Rolnick et al., NeurIPS 2019 (arXiv 1811.11682).
    """

    owns = ("dataloader",)
    looks_back = True

    def __init__(
        self,
        mem_size: int = 200,
        batch_size: int | ExemplarsBuffer | StoragePolicy | None = None,
        batch_size_mem: int | None = None,
        task_balanced_dataloader: bool = False,
        storage_policy: ExemplarsBuffer | StoragePolicy | None = None,
    ) -> None:
        if isinstance(batch_size, (ExemplarsBuffer, StoragePolicy)):
            batch_size, storage_policy = None, batch_size
        self.mem_size = check_size("mem_size", mem_size)
        self.batch_size = _batch_part("batch_size", batch_size)
        self.batch_size_mem = _batch_part("batch_size_mem", batch_size_mem)
        self.task_balanced_dataloader = task_balanced_dataloader
        if storage_policy is None:
            storage_policy = ExperienceBalancedBuffer(self.mem_size, adaptive_size=True)
        self.storage_policy: Any = storage_policy
        if self._memory.max_size != mem_size:
            raise ValueError(
                f"mem_size={mem_size}: the storage policy holds max_size="
                f"{self._memory.max_size} samples; give both the same number"
            )

    @property
    def _memory(self) -> Any:
        """The storage policy as a buffer."""
        given = self.storage_policy
        if isinstance(given, StoragePolicy) and not isinstance(given, ExemplarsBuffer):
            return PolicyBuffer(given, self.mem_size)
        if not all(hasattr(given, name) for name in ("buffer", "max_size", "update")):
            raise TypeError(
                f"storage_policy={given!r}: expected a buffer, such as ReservoirSamplingBuffer"
                f"(max_size={self.mem_size}); derive one's own from ExemplarsBuffer"
            )
        return given

    @property
    def ext_mem(self) -> dict[int, Any]:
        """The memory as group to data set, as in avalanche-lib 0.1."""
        shared = getattr(self._memory, "ext_mem", None)
        if shared is not None:
            return cast("dict[int, Any]", shared)
        groups = getattr(self._memory, "buffer_groups", None)
        if groups is None:
            return {0: self._memory.buffer}
        return {key: group.buffer for key, group in groups.items()}

    def before_training_exp(
        self,
        strategy: Any,
        num_workers: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        **kwargs: Any,
    ) -> None:
        """Replace the loader by one that mixes in the memory."""
        memory = replay_view(self._memory.buffer.train())
        if len(memory) == 0:
            return
        new, old = self.batch_size, self.batch_size_mem
        strategy.dataloader = ReplayDataLoader(
            strategy.adapted_dataset,
            memory,
            oversample_small_tasks=True,
            batch_size=strategy.train_mb_size if new is None else new,
            batch_size_mem=strategy.train_mb_size if old is None else old,
            task_balanced_dataloader=self.task_balanced_dataloader,
            num_workers=num_workers,
            shuffle=shuffle,
            drop_last=drop_last,
        )

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Let the memory take in the experience."""
        self._memory.update(strategy)

    def state_dict(self) -> dict[str, Any]:
        """State of the memory, with its capacity, which may have been changed since."""
        own = {"policy": type(self.storage_policy).__name__, "mem_size": self.mem_size}
        return {**own, **self._memory.state_dict()}

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse the state of a plugin with another kind of memory, or another ``mem_size``."""
        own = type(self.storage_policy).__name__, self.mem_size
        saved = state["policy"], state.get("mem_size", state["max_size"])
        if own != saved:
            raise ValueError(
                f"storage_policy: the state is of a {saved[0]} of {saved[1]} samples and this "
                f"plugin has a {own[0]} of {own[1]}; build the plugin as it was"
            )

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; needs ``parts`` in the context."""
        self._memory.load_state_dict(state, context["parts"])


def _batch_part(name: str, size: Any) -> Any:
    """Refuse what is no number of samples, but None and a mapping from task label to it."""
    if isinstance(size, Mapping):
        return {task: check_size(f"{name}[{task}]", n, minimum=1) for task, n in size.items()}
    return None if size is None else check_size(name, size, minimum=1)
