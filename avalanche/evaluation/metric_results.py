"""What a metric emits: a named value with its place in the run."""

from collections.abc import Callable, Iterator, Mapping
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

    A scalar stays where it was computed, as a tensor with one element, until somebody reads
    :attr:`value`: only that read waits for the device.

    Args:
        origin: the metric that made the value.
        name: full name, or the :class:`~avalanche.evaluation.metric_utils.MetricKey` behind it.
        value: a number, a tensor or an array, a dictionary of those, a picture, or
            :class:`AlternativeValues`. Numbers of numpy become those of python.
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
        self._value = (
            {key: _of_python(item) for key, item in value.items()}  # the metric may change its own
            if isinstance(value, dict)
            else _of_python(value)
        )

    @property
    def value(self) -> MetricType:
        """The value; scalars as python numbers. The first read may wait for the device."""
        if self.pending:
            MetricValue.resolve([self])
        return self._value

    @property
    def pending(self) -> bool:
        """Whether reading :attr:`value` would convert a tensor."""
        raw = self._value
        if isinstance(raw, Tensor):  # first, since it is asked for every value of every iteration
            return raw.numel() == 1
        return isinstance(raw, dict) and any(map(_is_unread, raw.values()))

    def _unread(self) -> list[tuple[Any, Tensor]]:
        """The scalars that are tensors yet, with their keys where the value is a dictionary."""
        raw = self._value
        if isinstance(raw, Tensor):
            return [(None, raw)] if raw.numel() == 1 else []
        parts = raw.items() if isinstance(raw, dict) else ()
        return [(key, item) for key, item in parts if _is_unread(item)]

    def _put(self, key: Any, number: Any) -> None:
        if isinstance(self._value, dict):
            self._value[key] = number
        else:
            self._value = number

    def tidy(self) -> list[dict[str, Any]]:
        """The rows of the tidy table: one for a scalar, one for each scalar of a dictionary."""
        return [
            {
                "step": self.x_plot,
                "trained_experience": self.trained_experience,
                "phase": self.phase,
                "stream": self.stream,
                "experience": self.experience,
                "task": self.task,
                "metric": metric,
                "value": value,
            }
            for metric, value in scalars(self.metric, self.value)
        ]

    def __repr__(self) -> str:
        return f"MetricValue({self.name!r}, {self._value!r}, x_plot={self.x_plot})"

    @staticmethod
    def resolve(values: "list[MetricValue]") -> None:
        """Convert many pending scalars with one wait per device and type."""
        groups: dict[Any, list[tuple[MetricValue, Any, Tensor]]] = {}
        for value in values:
            for key, raw in value._unread():
                groups.setdefault((raw.device, raw.dtype), []).append((value, key, raw))
        for group in groups.values():
            raws = [raw if raw.dim() == 0 else raw.reshape(()) for _, _, raw in group]
            numbers = torch.stack(raws).tolist()
            for (value, key, _), number in zip(group, numbers, strict=True):
                value._put(key, number)


MetricResult: TypeAlias = "list[MetricValue] | MetricValue | None"


def scalars(metric: str, value: MetricType) -> Iterator[tuple[str, int | float]]:
    """The numbers in a value that was read, each with its name in the tidy table.

    Example:
        >>> list(scalars("Loss", 0.5)), list(scalars("Loss", {"new": 1, "picture": None}))
        ([('Loss', 0.5)], [('Loss/new', 1)])
    """
    parts = (
        ((f"{metric}/{key}", item) for key, item in value.items())
        if isinstance(value, dict)
        else [(metric, value)]
    )
    for name, item in parts:
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            yield name, item


def _is_unread(value: MetricType) -> bool:
    return isinstance(value, Tensor) and value.numel() == 1


def _of_python(value: MetricType) -> MetricType:
    """A number of numpy, or an array with one element, as the same of python."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.size == 1):
        return value.item()
    return value


_SAVED = (Tensor, np.ndarray, int, float, str, bytes, dict, list, tuple)


def plain_value(value: MetricType) -> Any:
    """What of a value a checkpoint keeps: numbers, text, bytes, tensors, and containers of those.

    Pictures are dropped (None). Of alternatives the first plain one stays, as a tuple of one;
    :func:`from_plain` gives back an :class:`AlternativeValues`.
    """
    if isinstance(value, AlternativeValues):
        form = value.best_supported_value(*_SAVED)
        return None if form is None else (plain_value(form),)
    if isinstance(value, Mapping):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    return value if isinstance(value, (bool, int, float, str, bytes, Tensor)) else None


def from_plain(value: Any) -> MetricType:
    """A value again, of what :func:`plain_value` made of it."""
    return AlternativeValues(*value) if isinstance(value, tuple) else value
