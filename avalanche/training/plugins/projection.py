"""When a gradient projection acts in the loop: once for each update."""

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.regularization.base import finished_experience
from avalanche.training.regularization.joint_gradients import BatchLoss
from avalanche.training.regularization.projection import GradientProjection, trained_parameters

__all__ = ["GradientProjectionPlugin"]


class GradientProjectionPlugin(SupervisedPlugin, ABC):
    """Corrects the gradients of each update, before they are clipped.

    Where gradients of several batches are accumulated it corrects their mean. The memory takes in
    each experience after training.
    """

    owns = ("direction of the gradients",)
    looks_back = True

    def __init__(self) -> None:
        self._corrected = True

    @property
    @abstractmethod
    def method(self) -> GradientProjection:
        """The component."""

    @property
    def patterns_per_experience(self) -> int:
        """Patterns that the memory keeps of each experience."""
        return self.method.memory.patterns_per_experience

    @property
    def memory_x(self) -> Any:
        """Remembered inputs: experience to tensor ``(patterns, ...)``; to be read only."""
        return MappingProxyType({k: self._columns(k)[0] for k in self.method.memory.data})

    @property
    def memory_y(self) -> Any:
        """Remembered targets: experience to tensor ``(patterns,)``; to be read only."""
        return MappingProxyType({k: self._columns(k)[1] for k in self.method.memory.data})

    @property
    def memory_tid(self) -> Any:
        """Remembered task labels, 0 where samples have none: experience to ``(patterns,)``."""
        return MappingProxyType({k: task_labels(self._columns(k)) for k in self.method.memory.data})

    def _columns(self, key: int) -> list[Tensor]:
        data = self.method.memory.data[key]
        return list(data.batch(range(len(data))))

    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """What was looked up for an update that was interrupted is not for the next one."""
        self._corrected = True

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse what would give wrong gradients, or none once the experience is remembered."""
        updates = getattr(strategy, "updates", None)
        if updates is not None and updates.precision == "fp16" and updates.accumulate > 1:
            raise ValueError(
                f"precision='fp16', accumulate={updates.accumulate}: {type(self).__name__} needs "
                "unscaled gradients at every update; use precision='bf16' or accumulate=1"
            )
        self.method.memory.check(strategy.experience.dataset)

    def before_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Compute the gradients on the memory, once for each update."""
        updates = getattr(strategy, "updates", None)
        if updates is None or updates.starts_anew:
            self._look_back(_trained(strategy), _loss_of(strategy))
            self._corrected = False

    def after_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Correct the gradients if an update is due."""
        updates = getattr(strategy, "updates", None)
        if updates is None or updates.is_due:
            self._correct(strategy)

    def before_update(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Correct the gradients of the last update of an epoch, which may come early."""
        self._correct(strategy)

    def _correct(self, strategy: Any) -> None:
        if not self._corrected:
            self._project(_trained(strategy))
            self._corrected = True

    def _look_back(self, parameters: list[nn.Parameter], loss_of: BatchLoss) -> None:
        self.method.look_back(parameters, loss_of)

    def _project(self, parameters: list[nn.Parameter]) -> None:
        self.method.project(parameters)

    @abstractmethod
    def _remember(self, strategy: Any, dataset: Any) -> None:
        """Let :meth:`update_memory`, which may be one's own, take in an experience."""

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Remember patterns of the experience."""
        finished = finished_experience(strategy.experience)
        if finished is not None:
            self._remember(strategy, finished.dataset)

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse the state of a memory of another size."""
        saved = state["patterns_per_experience"]
        if saved != self.patterns_per_experience:
            raise ValueError(
                f"patterns_per_experience={self.patterns_per_experience}: the state is of a "
                f"memory of {saved} patterns per experience; build the plugin as it was"
            )

    def state_dict(self) -> dict[str, Any]:
        """State of the memory."""
        return self.method.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`; needs ``parts`` in the context."""
        self.method.load_state_dict(state, context["parts"])


def task_labels(columns: list[Tensor]) -> Tensor:
    """The task labels of a batch ``[x, y, ...]``, zeros where it has none."""
    return columns[-1] if len(columns) >= 3 else columns[1].new_zeros(len(columns[1]))


def _trained(strategy: Any) -> list[nn.Parameter]:
    return trained_parameters(strategy.optimizer.param_groups)


def _loss_of(strategy: Any) -> BatchLoss:
    """The strategy's loss; in fp16 it would need a scale of its own, so it is in full precision."""
    criterion = getattr(strategy, "_criterion", None) or strategy.criterion
    updates = getattr(strategy, "updates", None)
    if updates is None or updates.precision != "bf16":
        return BatchLoss(strategy.model, criterion)
    return BatchLoss(strategy.model, criterion, updates.autocast())
