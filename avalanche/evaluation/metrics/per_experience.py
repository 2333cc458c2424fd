"""Measures something on every evaluated experience and books it per stream and position."""

from abc import abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from avalanche.evaluation.metric_definitions import Metric, PluginMetric
from avalanche.evaluation.metric_results import MetricResult
from avalanche.evaluation.metric_utils import stream_type
from avalanche.evaluation.trained import trained_position

__all__ = ["PerExperience"]


class Book(Protocol):
    """Measurements of the experiences of one stream."""

    def state_dict(self) -> dict[str, Any]:
        """The measurements."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        ...


TBook = TypeVar("TBook", bound=Book)


class PerExperience(PluginMetric[Any], Generic[TBook]):
    """Measures a metric on every evaluated experience; each stream has a book of its own.

    Positions of training and evaluation streams correspond; the small experiences of an online
    stream count as the experience that they were cut from.

    Args:
        current_metric: the standalone metric. :meth:`metric_update` gives it every batch, by
            default as ``update(strategy.mb_output, strategy.mb_y)``.
    """

    def __init__(self, current_metric: Metric[float]) -> None:
        self._current_metric = current_metric
        self._books: dict[str, TBook] = {"": self._new_book()}
        self._stream = ""
        self._opened: set[str] = set()
        self._batches = 0
        self._place: tuple[str, int] | None = None  # stream and position that are measured

    @abstractmethod
    def _new_book(self) -> TBook:
        """An empty book."""

    @property
    def _book(self) -> TBook:
        """The book of the stream evaluated last."""
        return self._books[self._stream]

    def reset(self) -> None:
        """Forget all streams."""
        self._books = {"": self._new_book()}
        self._stream = ""

    def metric_update(self, strategy: Any) -> None:
        """Give the current batch to the metric."""
        self._current_metric.update(  # type: ignore[attr-defined]
            strategy.mb_output, strategy.mb_y
        )

    def metric_result(self, strategy: Any) -> float:
        """Value of the metric on the experience just evaluated."""
        return self._current_metric.result()

    def before_eval(self, strategy: Any) -> MetricResult:
        """Begin an evaluation."""
        self._opened, self._place = set(), None
        return None

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Open the book of the stream."""
        self._stream = stream_type(strategy.experience)
        self._books.setdefault(self._stream, self._new_book())
        self._opened.add(self._stream)
        place = self._stream, trained_position(strategy.experience)
        if place != self._place:  # else another part of the same experience
            self._current_metric.reset()
            self._batches, self._place = 0, place
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Measure the batch."""
        self.metric_update(strategy)
        self._batches += 1
        return None

    def _measured(self, strategy: Any) -> tuple[int, float] | None:
        """Position and value of the experience just evaluated; None if it had no data."""
        if not self._batches:
            return None
        return trained_position(strategy.experience), float(self.metric_result(strategy))

    def state_dict(self) -> dict[str, Any]:
        """The books."""
        return {
            "streams": {name: book.state_dict() for name, book in self._books.items()},
            "stream": self._stream,
        }

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._books = {}
        for name, saved in state["streams"].items():
            self._books[name] = self._new_book()
            self._books[name].load_state_dict(saved)
        self._stream = state["stream"]
