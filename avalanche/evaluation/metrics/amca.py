"""Average mean class accuracy: accuracy per class, averaged over classes, then over time."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from avalanche.evaluation.metric_definitions import Metric, PluginMetric
from avalanche.evaluation.metric_names import MetricKey
from avalanche.evaluation.metric_results import MetricResult, MetricValue
from avalanche.evaluation.metric_utils import stream_type
from avalanche.evaluation.metrics.by_task import task_ids
from avalanche.evaluation.metrics.class_accuracy import ClassAccuracy, TrackedClassesType

__all__ = ["AMCAPluginMetric", "AverageMeanClassAccuracy", "MultiStreamAMCA", "amca_metrics"]


class AverageMeanClassAccuracy(Metric[dict[int, float]]):
    r"""Mean over evaluations of the mean accuracy per class, for every task.

    With :math:`a_{t,c}` the accuracy on class :math:`c` in evaluation :math:`t`,
    :math:`\frac1T \sum_t \frac{1}{|C_t|} \sum_{c \in C_t} a_{t,c}`: rare classes count as much as
    frequent ones, early evaluations as much as the last.

    Args:
        classes: the classes that count; see
            :class:`~avalanche.evaluation.metrics.ClassAccuracy`.

    Example:
        >>> import torch
        >>> amca = AverageMeanClassAccuracy()
        >>> for answer in (0, 1):  # two evaluations
        ...     amca.update(torch.tensor([0, answer, answer]), torch.tensor([0, 1, 1]), 0)
        ...     amca.next_experience()
        >>> amca.result()
        {0: 0.75}
    """

    def __init__(self, classes: TrackedClassesType | None = None) -> None:
        self._now = ClassAccuracy(classes)
        self._measures = False
        self._past: dict[int, list[float]] = {}

    def update(self, predicted_y: Tensor, true_y: Tensor, task_labels: int | Tensor) -> None:
        """Take one more batch of the current evaluation.

        Args:
            predicted_y: labels ``(batch,)`` or scores ``(batch, classes)``.
            true_y: labels ``(batch,)`` or one-hot ``(batch, classes)``.
            task_labels: one label for all, or shape ``(batch,)``.
        """
        self._now.update(predicted_y, true_y, task_labels)
        self._measures = True

    def next_experience(self) -> None:
        """The evaluation is over; without data it does not count."""
        if self._measures:
            for task, value in self._current().items():
                self._past.setdefault(task, []).append(value)
        self.drop_current()

    def drop_current(self) -> None:
        """Forget the batches of the current evaluation."""
        self._now.reset()
        self._measures = False

    def _current(self) -> dict[int, float]:
        return {
            task: sum(classes.values()) / len(classes)
            for task, classes in self._now.result().items()
            if classes
        }

    def result(self) -> dict[int, float]:
        """Mean per task over the evaluations so far, the current one if it has data."""
        now = self._current() if self._measures else {}
        found = {}
        for task in sorted({*self._past, *now}):
            values = [*self._past.get(task, ()), *([now[task]] if task in now else ())]
            found[task] = sum(values) / len(values)
        return found

    def reset(self) -> None:
        """Forget everything."""
        self.drop_current()
        self._past = {}

    def state_dict(self) -> dict[str, Any]:
        """Counts of the current evaluation and the values of those before."""
        past = {task: list(values) for task, values in self._past.items()}
        return {"now": self._now.state_dict(), "measures": self._measures, "past": past}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._now.load_state_dict(state["now"])
        self._measures = state["measures"]
        self._past = {task: list(values) for task, values in state["past"].items()}


class MultiStreamAMCA(Metric[dict[str, dict[int, float]]]):
    """:class:`AverageMeanClassAccuracy` of several streams, which never mix.

    Args:
        classes: the classes that count, for all streams the same.
        streams: names of the streams to measure, others are left out; None for all.
    """

    def __init__(
        self,
        classes: TrackedClassesType | None = None,
        streams: Sequence[str] | None = None,
    ) -> None:
        if isinstance(streams, str):
            raise TypeError(f"streams={streams!r}: expected a list of names, such as [{streams!r}]")
        self._classes = classes
        self._streams = None if streams is None else {_name(stream) for stream in streams}
        self._of: dict[str, AverageMeanClassAccuracy] = {}
        self._stream: str | None = None

    def set_stream(self, stream_name: str) -> None:
        """What comes now is of this stream."""
        self._stream = _name(stream_name)

    @property
    def _measured(self) -> AverageMeanClassAccuracy | None:
        if self._stream is None or (
            self._streams is not None and self._stream not in self._streams
        ):
            return None
        return self._of.setdefault(self._stream, AverageMeanClassAccuracy(self._classes))

    def update(self, predicted_y: Tensor, true_y: Tensor, task_labels: int | Tensor) -> None:
        """Take one more batch of the current stream."""
        if self._measured is not None:
            self._measured.update(predicted_y, true_y, task_labels)

    def begin_phase(self) -> None:
        """An evaluation of the streams begins; batches of one that was broken off are dropped."""
        for metric in self._of.values():
            metric.drop_current()

    def finish_phase(self) -> None:
        """The evaluation of the streams is over."""
        for metric in self._of.values():
            metric.next_experience()

    def result(self) -> dict[str, dict[int, float]]:
        """Value per stream and task."""
        return {stream: metric.result() for stream, metric in self._of.items()}

    def reset(self) -> None:
        """Forget everything."""
        self._of, self._stream = {}, None

    def state_dict(self) -> dict[str, Any]:
        """State per stream, and which one is measured."""
        streams = {stream: metric.state_dict() for stream, metric in self._of.items()}
        return {"streams": streams, "stream": self._stream}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.reset()
        self._stream = state["stream"]
        for stream, saved in state["streams"].items():
            self._of[stream] = AverageMeanClassAccuracy(self._classes)
            self._of[stream].load_state_dict(saved)


class AMCAPluginMetric(PluginMetric[dict[str, dict[int, float]]]):
    """Average mean class accuracy of every evaluated stream: ``Top1_AMCA_Stream``.

    Args:
        classes: the classes that count; those that appear by default.
        streams: names of the streams to measure; None for all.
        ignore_validation: leave out evaluations during training, which are not evenly spread over
            experiences.
    """

    def __init__(
        self,
        classes: TrackedClassesType | None = None,
        streams: Sequence[str] | None = None,
        ignore_validation: bool = True,
    ) -> None:
        self._amca = MultiStreamAMCA(classes, streams)
        self._ignore_validation = ignore_validation
        self._in_training = False

    def __str__(self) -> str:
        return "Top1_AMCA_Stream"

    @property
    def _ignores(self) -> bool:
        return self._ignore_validation and self._in_training

    def result(self) -> dict[str, dict[int, float]]:
        """Value per stream and task."""
        return self._amca.result()

    def reset(self) -> None:
        """Forget everything; the events never do."""
        self._amca.reset()

    def update(self, strategy: Any) -> None:
        """Count the current batch."""
        self._amca.update(strategy.mb_output, strategy.mb_y, task_ids(strategy))

    def before_training(self, strategy: Any) -> MetricResult:
        """Evaluations are now validations."""
        self._in_training = True
        return None

    def after_training(self, strategy: Any) -> MetricResult:
        """Evaluations count again."""
        self._in_training = False
        return None

    def before_eval(self, strategy: Any) -> MetricResult:
        """Begin an evaluation."""
        self._amca.begin_phase()
        return None

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Note the stream."""
        if not self._ignores:
            self._amca.set_stream(stream_type(strategy.experience))
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Count the batch."""
        if not self._ignores:
            self.update(strategy)
        return None

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit the values of the stream."""
        if self._ignores or strategy.experience is None:
            return None
        self._amca.finish_phase()
        name = stream_type(strategy.experience)
        has_labels = getattr(strategy.experience, "task_labels", None) is not None
        step, result, made = strategy.clock.train_iterations, self.result().get(name, {}), []
        for task, value in result.items():
            named = task if has_labels or len(result) > 1 else None
            key = MetricKey(str(self), stream=name, task=named)
            made.append(MetricValue(self, key, value, step))
        return made

    def state_dict(self) -> dict[str, Any]:
        """Everything measured so far."""
        return self._amca.state_dict()

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._amca.load_state_dict(state)

    def close(self) -> None:
        """A training that was interrupted is over."""
        self._in_training = False


def _name(stream: str) -> str:
    """Name of a stream, which may be given as ``test`` or ``test_stream``."""
    return stream.removesuffix("_stream")


def amca_metrics(streams: Sequence[str] | None = ("test",)) -> AMCAPluginMetric:
    """Average mean class accuracy, one metric and not a list.

    Args:
        streams: names of the streams to measure; None for all.

    Example:
        >>> str(amca_metrics())
        'Top1_AMCA_Stream'
    """
    return AMCAPluginMetric(streams=streams)
