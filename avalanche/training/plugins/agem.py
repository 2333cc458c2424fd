"""A-GEM as a plugin."""

import inspect
from typing import Any

from torch import Tensor, nn

from avalanche.training.plugins.projection import GradientProjectionPlugin, task_labels
from avalanche.training.regularization.agem import AverageGradientEpisodicMemory
from avalanche.training.regularization.joint_gradients import BatchLoss

__all__ = ["AGEMPlugin"]


class AGEMPlugin(GradientProjectionPlugin):
    """Keeps updates from raising the loss of a memory; see :class:`AverageGradientEpisodicMemory`.

    Args:
        patterns_per_experience: patterns to keep of each experience, at least 1.
        sample_size: patterns to draw from the whole memory for each update, at least 1.

    Attributes:
        buffers: the remembered patterns, one data set per experience.

    A subclass may override :meth:`sample_from_memory` and :meth:`update_memory`.

    Example:
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> plugin = AGEMPlugin(patterns_per_experience=20, sample_size=8)
        >>> plugin.update_memory(SplitDigits().train_stream[0].dataset)
        >>> patterns, targets = plugin.sample_from_memory(4)
        >>> len(targets)
        4
    """

    def __init__(self, patterns_per_experience: int, sample_size: int) -> None:
        super().__init__()
        self.agem = AverageGradientEpisodicMemory(patterns_per_experience, sample_size)

    @property
    def method(self) -> AverageGradientEpisodicMemory:
        """The component."""
        return self.agem

    @property
    def sample_size(self) -> int:
        """Patterns drawn for each update."""
        return self.agem.sample_size

    @property
    def buffers(self) -> tuple[Any, ...]:
        """The remembered patterns, one data set per experience; to be read only."""
        return tuple(self.agem.memory.data.values())

    def _look_back(self, parameters: list[nn.Parameter], loss_of: BatchLoss) -> None:
        batches = None
        own = type(self).sample_from_memory is not AGEMPlugin.sample_from_memory
        if own and len(self.agem.memory):
            # Of avalanche-lib 0.6 without arguments, of earlier releases with the size.
            needs_size = any(
                p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
                for p in inspect.signature(self.sample_from_memory).parameters.values()
            )
            drawn = self.sample_from_memory(*([self.sample_size] if needs_size else []))
            batches = [[column.to(parameters[0].device) for column in drawn]]
        self.agem.look_back(parameters, loss_of, batches)

    def _remember(self, strategy: Any, dataset: Any) -> None:
        self.update_memory(dataset)

    def sample_from_memory(self, sample_size: int | None = None) -> tuple[Tensor, ...]:
        """Patterns drawn uniformly from the whole memory.

        Args:
            sample_size: how many; by default the plugin's own number.

        Returns:
            Inputs and targets; without ``sample_size``, as in avalanche-lib 0.6, the task labels
            too.

        Raises:
            RuntimeError: the memory is empty.
        """
        if not len(self.agem.memory):
            raise RuntimeError("the memory is empty; call update_memory first")
        columns = self.agem.memory.sample(sample_size or self.sample_size, "cpu")
        if sample_size is None:
            return columns[0], columns[1], task_labels(columns)
        return columns[0], columns[1]

    def update_memory(self, dataset: Any, num_workers: int = 0, **kwargs: Any) -> None:
        """Remember patterns of one more experience.

        Args:
            dataset: the samples, or a loader whose batches are read once.
            num_workers: accepted for compatibility; patterns are read without workers.
            **kwargs: accepted for compatibility.
        """
        self.agem.memory.add(dataset)
