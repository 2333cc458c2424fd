"""GEM as a plugin."""

from typing import Any

from torch import Tensor, nn

from avalanche.training.plugins.projection import GradientProjectionPlugin
from avalanche.training.regularization.gem import GradientEpisodicMemory
from avalanche.training.regularization.projection import flat_gradient

__all__ = ["GEMPlugin"]


class GEMPlugin(GradientProjectionPlugin):
    """Keeps updates from raising any earlier loss; see :class:`GradientEpisodicMemory`.

    Args:
        patterns_per_experience: patterns to keep of each experience, at least 1.
        memory_strength: offset of the projection in favour of earlier experiences, 0 or more.

    Attributes:
        memory_x: remembered inputs, experience to tensor.
        memory_y: remembered targets.
        memory_tid: remembered task labels.

    A subclass may override :meth:`update_memory` and :meth:`solve_quadprog`.
    """

    def __init__(self, patterns_per_experience: int, memory_strength: float) -> None:
        super().__init__()
        self.gem = GradientEpisodicMemory(patterns_per_experience, memory_strength)

    @property
    def method(self) -> GradientEpisodicMemory:
        """The component."""
        return self.gem

    @property
    def memory_strength(self) -> float:
        """Offset of the projection."""
        return self.gem.memory_strength

    @property
    def G(self) -> Tensor:
        """Gradients of the earlier experiences at this update, ``(experiences, parameters)``.

        A copy: assign to change them.
        """
        return self.gem.G

    @G.setter
    def G(self, value: Tensor) -> None:
        self.gem.G = value

    def _project(self, parameters: list[nn.Parameter]) -> None:
        own = type(self).solve_quadprog is not GEMPlugin.solve_quadprog
        if not (own and self.gem.memory.data):
            self.gem.project(parameters)
            return
        g = flat_gradient(parameters)
        if (self.G @ g < 0).any():
            self.gem.assign(parameters, self.solve_quadprog(g).to(g))

    def _remember(self, strategy: Any, dataset: Any) -> None:
        number = max(self.gem.memory.data, default=-1) + 1
        self.update_memory(dataset, number, strategy.train_mb_size)

    def update_memory(self, dataset: Any, t: int, batch_size: int) -> None:
        """Remember patterns of an experience.

        Args:
            dataset: the samples, or a loader whose batches are read once.
            t: number of the experience; patterns kept under it before are replaced.
            batch_size: accepted for compatibility; the patterns are read at once.
        """
        self.gem.memory.add(dataset, t)

    def solve_quadprog(self, g: Tensor) -> Tensor:
        """The vector next to ``g``, ``(parameters,)``, that agrees with all rows of :attr:`G`."""
        return self.gem.solve(g)
