"""What a metric emits: a named value with its place in the run."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from avalanche.evaluation.metric_names import MetricKey

__all__ = [
    "AlternativeValues",
    "LazyValue",
    "LoggingType",
    "MetricResult",
    "MetricType",
    "MetricValue",
    "TensorImage",
]


class LoggingType(Enum):
    """How a logger should show a value, where the value alone does not tell."""

    ANY = 1
    IMAGE = 2
    FIGURE = 3
    HISTOGRAM = 4


class TensorImage:
    """A tensor that is a picture.

    Args:
        image: shape ``(channels, height, width)``.
    """

    def __init__(self, image: Tensor) -> None:
        self.image = image

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self.image.detach().cpu().numpy(), dtype=dtype)


class LazyValue:
    """A picture that is drawn the first time that somebody asks for it.

    Args:
        make: draws the picture; called at most once.
        *arguments: what it is called with.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any) -> None:
        self._make: Callable[..., Any] | None = make
        self._arguments = arguments
        self._value: Any = None

    def get(self) -> Any:
        """The picture, drawn now if it was not yet."""
        if self._make is not None:
            self._value = self._make(*self._arguments)
            self._make, self._arguments = None, ()
        return self._value


_PLAIN = (int, float, complex, str, bytes, list, tuple, dict, np.ndarray, Tensor)


class AlternativeValues:
    """The same fact in several forms; every logger takes the one it can show.

    Args:
        alternatives: the forms, best first. A :class:`LazyValue` among them is made only when a
            logger asks for a type that is not a plain number, tensor, text or container.

    Example:
        >>> value = AlternativeValues(LazyValue(lambda: 1 / 0), torch.eye(2))
        >>> value.best_supported_value(float, Tensor)
        tensor([[1., 0.],
                [0., 1.]])
    """

    def __init__(self, *alternatives: Any) -> None:
        self.alternatives = alternatives

    def best_supported_value(self, *supported_types: type) -> Any:
        """First form that is an instance of one of ``supported_types``, or None."""
        wants_picture = not all(issubclass(kind, _PLAIN) for kind in supported_types)
        for form in self.alternatives:
            if isinstance(form, LazyValue):
                if not wants_picture:
                    continue
                form = form.get()
            if isinstance(form, supported_types):
                return form
        return None


MetricType: TypeAlias = Any


class MetricValue:
    """One value of one metric, with its full name and its place in the run.

    A scalar stays where it was computed, as a 0-dim tensor, until somebody reads :attr:`value`:
    only that read waits for the device.

    Args:
        origin: the metric that made the value.
        name: full name, or the :class:`~avalanche.evaluation.metric_utils.MetricKey` behind it.
        value: a number, a 0-dim tensor, a tensor, a dictionary of those, a picture, or
            :class:`AlternativeValues`.
        x_plot: position on the horizontal axis: training iterations so far.
        logging_type: a hint for loggers.
        covers_stream: the value belongs to no single task. The names of such values carry, for
            compatibility, the task of the stream's last experience; :attr:`task` is then None.

    Attributes:
        metric, phase, stream, experience, task: the parts of the name.
        trained_experience: number of experiences learnt when the value was made, set when the
            evaluation plugin publishes it.

    Example:
        >>> made = MetricValue(None, "Loss_Exp/eval_phase/test_stream/Task000/Exp002",
        ...                    torch.tensor(0.5), x_plot=120)
        >>> made.value, made.metric, made.stream, made.experience
        (0.5, 'Loss_Exp', 'test', 2)
    """

    __slots__ = (
        "_value",
        "experience",
        "logging_type",
        "metric",
        "name",
        "origin",
        "phase",
        "stream",
        "task",
        "trained_experience",
        "x_plot",
    )

    def __init__(
        self,
        origin: Any,
        name: "str | MetricKey",
        value: MetricType,
        x_plot: int,
        logging_type: LoggingType = LoggingType.ANY,
        covers_stream: bool = False,
    ) -> None:
        key = MetricKey.parse(name) if isinstance(name, str) else name
        self.origin = origin
        self.name = str(name)
        self.metric = key.metric if key.detail is None else f"{key.metric}/{key.detail}"
        self.phase = key.phase
        self.stream = key.stream
        self.experience = key.experience
        self.task = None if covers_stream else key.task
        self.x_plot = x_plot
        self.logging_type = logging_type
        self.trained_experience: int | None = None
        self._value = value

    @property
    def value(self) -> MetricType:
        """The value; a scalar as a python number. The first read may wait for the device."""
        if self.pending:
            self._value = self._value.item()
        return self._value

    @property
    def pending(self) -> bool:
        """Whether reading :attr:`value` would convert a tensor."""
        return isinstance(self._value, Tensor) and self._value.dim() == 0

    def tidy(self) -> dict[str, Any] | None:
        """The row of the tidy table, or None if the value is not a scalar."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return {
            "step": self.x_plot,
            "trained_experience": self.trained_experience,
            "phase": self.phase,
            "stream": self.stream,
            "experience": self.experience,
            "task": self.task,
            "metric": self.metric,
            "value": value,
        }

    def __repr__(self) -> str:
        return f"MetricValue({self.name!r}, {self._value!r}, x_plot={self.x_plot})"

    @staticmethod
    def resolve(values: "list[MetricValue]") -> None:
        """Convert many pending scalars with one wait per device and type."""
        groups: dict[tuple[torch.device, torch.dtype], list[MetricValue]] = {}
        for value in values:
            if value.pending:
                raw: Tensor = value._value
                groups.setdefault((raw.device, raw.dtype), []).append(value)
        for group in groups.values():
            numbers = torch.stack([value._value for value in group]).tolist()
            for value, number in zip(group, numbers, strict=True):
                value._value = number


MetricResult: TypeAlias = "list[MetricValue] | MetricValue | None"


def plain_value(value: MetricType) -> Any:
    """What of a value a checkpoint keeps: numbers, text, tensors, and containers of those.

    Pictures are dropped (None); of alternatives the first plain one stays.
    """
    if isinstance(value, AlternativeValues):
        return plain_value(value.best_supported_value(Tensor, int, float))
    if isinstance(value, Mapping):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    return value if isinstance(value, (bool, int, float, str, Tensor)) else None
