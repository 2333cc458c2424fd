"""What a metric is: three methods on its own, and event callbacks when it rides a strategy."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metric_results import MetricResult, MetricType, MetricValue
from avalanche.evaluation.metric_utils import get_metric_key, get_metric_name
from avalanche.evaluation.trained import TrainedExperiences, trained_position

__all__ = ["GenericPluginMetric", "Metric", "PluginMetric", "get_metric_name"]

TResult_co = TypeVar("TResult_co", covariant=True)
TResult = TypeVar("TResult")

ResetAt = Literal["iteration", "epoch", "experience", "stream", "never"]
EmitAt = Literal["iteration", "epoch", "experience", "stream"]
Mode = Literal["train", "eval"]

_TRAIN_EVENTS = {
    "iteration": "training_iteration",
    "epoch": "training_epoch",
    "experience": "training_exp",
    "stream": "training",
}
_EVAL_EVENTS = {"iteration": "eval_iteration", "experience": "eval_exp", "stream": "eval"}


class Metric(Protocol[TResult_co]):
    """A standalone metric: give it data with ``update``, read ``result``, start again with
    ``reset``.

    ``update`` is not part of the protocol because every metric takes its own data.
    """

    def result(self) -> TResult_co:
        """The value over everything since the last reset."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """A metric whose state can be saved."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave."""
        ...


class PluginMetric(SupervisedPlugin, ABC, Generic[TResult]):
    """A metric that follows a strategy's events.

    Override the callbacks that you need; each returns what it emits, if anything: a
    :class:`~avalanche.evaluation.metric_results.MetricValue` or a list of them. A callback that is
    not overridden is never called. ``str(metric)`` is the name of its values, by default the class.

    Use :class:`GenericPluginMetric` where a standalone metric needs only to be reset and emitted at
    the right moments.

    Example:
        >>> class Patterns(PluginMetric[int]):
        ...     def __init__(self):
        ...         self.count = 0
        ...     def result(self):
        ...         return self.count
        ...     def reset(self):
        ...         self.count = 0
        ...     def after_training_iteration(self, strategy):
        ...         self.count += len(strategy.mb_y)
        ...     def after_training(self, strategy):
        ...         step = strategy.clock.train_iterations
        ...         return MetricValue(self, "Patterns", self.count, step)
    """

    def __str__(self) -> str:
        """Name of the metric, the first part of its values' names."""
        return type(self).__name__

    @abstractmethod
    def result(self) -> Any:
        """The current value."""

    @abstractmethod
    def reset(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Let go of what a run holds, such as a thread; the run was interrupted or is over."""


class GenericPluginMetric(PluginMetric[TResult]):
    """Resets and emits a standalone metric at the right moments.

    Subclasses override :meth:`update`, which gives the current batch to the metric, and
    ``__str__``, the metric's name. A dictionary as the result gives one value per key: an integer
    key is the value's task label (left out if it is the only one and the experience has no task
    labels), any other key is appended to the name.

    A subclass with ``updates_each_iteration = False`` measures the machine and not batches: its
    metric's ``update()`` takes a reading at every reset and every emission.

    Args:
        metric: the standalone metric.
        reset_at: when to forget: ``"iteration"``, ``"epoch"`` (training only), ``"experience"``,
            ``"stream"`` (a whole call of ``train`` or ``eval``) or ``"never"``.
        emit_at: when to emit; the same words without ``"never"``.
        mode: ``"train"`` or ``"eval"``, the phase to measure.
        trained_only: measure, in evaluation, only experiences whose position was trained on, in
            whatever order; the one in training counts. Nothing is emitted where none of them was
            evaluated.

    Raises:
        ValueError: an unknown word, or ``"epoch"`` with ``mode="eval"``.
    """

    updates_each_iteration: ClassVar[bool] = True

    def __init__(
        self,
        metric: Metric[TResult],
        reset_at: ResetAt = "experience",
        emit_at: EmitAt = "experience",
        mode: Mode = "eval",
        trained_only: bool = False,
    ) -> None:
        if mode not in ("train", "eval"):
            raise ValueError(f"mode={mode!r}: expected 'train' or 'eval'")
        events = _TRAIN_EVENTS if mode == "train" else _EVAL_EVENTS
        _check_moment("reset_at", reset_at, [*events, "never"], mode)
        _check_moment("emit_at", emit_at, [*events], mode)
        self._metric = metric
        self._reset_at: ResetAt = reset_at
        self._emit_at: EmitAt = emit_at
        self._mode: Mode = mode
        self._trained = TrainedExperiences() if trained_only else None
        self._has_batches = False
        acts = {f"after_{events[emit_at]}"}
        if reset_at != "never":
            acts.add(f"before_{events[reset_at]}")
        if self.updates_each_iteration:
            acts.add(f"after_{events['iteration']}")
        if trained_only:
            acts.add("before_training_exp")
        self._acts = frozenset(acts)

    def listens(self, event: str) -> bool:
        """Whether the metric updates, resets or emits at ``event``, or overrides its callback."""
        if event in self._acts:
            return True
        return getattr(type(self), event, None) is not getattr(GenericPluginMetric, event, None)

    def result(self) -> Any:
        """The metric's value."""
        return self._metric.result()

    def lazy_result(self) -> MetricType:
        """What is emitted: the result, or the same as a 0-dim tensor that stays on the device."""
        self._read()
        return self.result()

    def reset(self) -> None:
        """Forget everything."""
        self._metric.reset()
        self._read()

    def _read(self) -> None:
        if not self.updates_each_iteration:
            self._metric.update()  # type: ignore[attr-defined]

    def update(self, strategy: Any) -> None:
        """Give the current batch to the metric."""

    def state_dict(self) -> dict[str, Any]:
        """State of the metric, if it has one, and the experiences learnt, if they matter."""
        state = self._metric.state_dict() if isinstance(self._metric, Stateful) else {}
        return state if self._trained is None else {"metric": state, "trained": [*self._trained]}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave."""
        if self._trained is not None:
            self._trained.load(state["trained"])
            state = state["metric"]
        if isinstance(self._metric, Stateful):
            self._metric.load_state_dict(state)

    def _package_result(self, strategy: Any) -> list[MetricValue]:
        """The values to emit now, named."""
        value = self.lazy_result()
        x_plot = strategy.clock.train_iterations
        add_exp = self._emit_at == "experience"
        if isinstance(value, dict):
            has_tasks = getattr(strategy.experience, "task_labels", None) is not None
            # Without labels, only a single value has a name of its own without its task.
            names_task = has_tasks or sum(map(_is_task, value)) > 1
            made = []
            for key, item in value.items():
                is_task = _is_task(key)
                name = get_metric_key(
                    self,
                    strategy,
                    add_exp,
                    add_task=key if is_task and names_task else not is_task,
                    detail=None if is_task else str(key),
                )
                made.append(MetricValue(self, name, item, x_plot))
            return made
        name = get_metric_key(self, strategy, add_exp, add_task=True)
        return [MetricValue(self, name, value, x_plot, covers_stream=self._emit_at == "stream")]

    def _before(self, moment: str, mode: Mode) -> None:
        if self._reset_at == moment and self._mode == mode:
            self.reset()
            self._has_batches = False

    def _after(self, moment: str, mode: Mode, strategy: Any) -> MetricResult:
        if self._emit_at != moment or self._mode != mode:
            return None
        if self._trained is not None and not self._has_batches:
            return None
        return self._package_result(strategy)

    def before_training(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment."""
        self._before("stream", "train")
        return None

    def before_training_exp(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment; what begins now counts as learnt."""
        if self._trained is not None:
            self._trained.add(strategy)
        self._before("experience", "train")
        return None

    def before_training_epoch(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment."""
        self._before("epoch", "train")
        return None

    def before_training_iteration(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment."""
        self._before("iteration", "train")
        return None

    def after_training_iteration(self, strategy: Any) -> MetricResult:
        """Update, and emit if that is the moment."""
        if self._mode == "train":
            self.update(strategy)
            self._has_batches = True
        return self._after("iteration", "train", strategy)

    def after_training_epoch(self, strategy: Any) -> MetricResult:
        """Emit, if that is the moment."""
        return self._after("epoch", "train", strategy)

    def after_training_exp(self, strategy: Any) -> MetricResult:
        """Emit, if that is the moment."""
        return self._after("experience", "train", strategy)

    def after_training(self, strategy: Any) -> MetricResult:
        """Emit, if that is the moment."""
        return self._after("stream", "train", strategy)

    def before_eval(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment."""
        self._before("stream", "eval")
        return None

    def before_eval_exp(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment."""
        self._before("experience", "eval")
        return None

    def before_eval_iteration(self, strategy: Any) -> MetricResult:
        """Reset, if that is the moment."""
        self._before("iteration", "eval")
        return None

    def after_eval_iteration(self, strategy: Any) -> MetricResult:
        """Update, and emit if that is the moment."""
        counts = self._trained is None or trained_position(strategy.experience) in self._trained
        if self._mode == "eval" and counts:
            self.update(strategy)
            self._has_batches = True
        return self._after("iteration", "eval", strategy)

    def after_eval_exp(self, strategy: Any) -> MetricResult:
        """Emit, if that is the moment."""
        return self._after("experience", "eval", strategy)

    def after_eval(self, strategy: Any) -> MetricResult:
        """Emit, if that is the moment."""
        return self._after("stream", "eval", strategy)


def _is_task(key: object) -> bool:
    return isinstance(key, int) and not isinstance(key, bool)


def _check_moment(argument: str, moment: str, known: list[str], mode: str) -> None:
    if moment not in known:
        words = ", ".join(repr(word) for word in known)
        raise ValueError(f"{argument}={moment!r}: with mode={mode!r} expected one of {words}")
