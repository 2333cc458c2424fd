"""Every value that was emitted, kept small, and the tidy table of them."""

import operator
from array import array
from typing import Any

from avalanche.evaluation.metric_results import MetricValue, from_plain, plain_value, scalars

__all__ = ["MetricHistory"]

_RESOLVE_EVERY = 1024


class _Series:
    """All values of one name; one column per coordinate that changes."""

    def __init__(self, place: dict[str, Any]) -> None:
        self.place = place
        self.order = array("q")
        self.steps: array[Any] = array("q")  # of type "d" once one is not whole
        self.trained = array("q")
        self.values: list[Any] = []


class MetricHistory:
    """Last value per name and, if wanted, all values.

    Scalars still on the device are converted many at a time, so that a value per iteration costs
    one wait for the device per thousand; once converted, a value takes about 60 bytes.

    Args:
        keep_all: whether to keep more than the last value of each name.

    Example:
        >>> history = MetricHistory()
        >>> history.add(MetricValue(None, "Loss_MB/train_phase/train_stream", 0.5, x_plot=0))
        >>> history.add(MetricValue(None, "Loss_MB/train_phase/train_stream", 0.25, x_plot=1))
        >>> history.all()
        {'Loss_MB/train_phase/train_stream': ([0, 1], [0.5, 0.25])}
    """

    def __init__(self, keep_all: bool = True) -> None:
        self.keep_all = keep_all
        self._last: dict[str, MetricValue] = {}
        self._series: dict[str, _Series] = {}
        self._count = 0
        self._pending: list[tuple[MetricValue, _Series, int]] = []
        self._present: list[MetricValue] = []  # of evaluations at the latest step

    def add(self, value: MetricValue) -> None:
        """Keep one more value.

        Raises:
            TypeError: its position on the horizontal axis is no number; nothing is kept then.
        """
        step = _position(value)
        self._last[value.name] = value
        if value.phase == "eval":
            if self._present and self._present[0].x_plot != value.x_plot:
                self._present = []
            self._present.append(value)
        if not self.keep_all:
            return
        series = self._series.get(value.name)
        if series is None:
            place = {
                "phase": value.phase,
                "stream": value.stream,
                "experience": value.experience,
                "task": value.task,
                "metric": value.metric,
            }
            series = self._series[value.name] = _Series(place)
        if isinstance(step, float) and series.steps.typecode == "q":
            series.steps = array("d", series.steps)
        series.order.append(self._count)
        series.steps.append(step)
        series.trained.append(-1 if value.trained_experience is None else value.trained_experience)
        self._count += 1
        if value.pending:
            self._pending.append((value, series, len(series.values)))
            series.values.append(None)
            if len(self._pending) >= _RESOLVE_EVERY:
                self._resolve()
        else:
            series.values.append(value.value)

    def _resolve(self) -> None:
        MetricValue.resolve([value for value, _, _ in self._pending])
        for value, series, position in self._pending:
            series.values[position] = value.value
        self._pending = []

    def settle(self, step: int, learnt: int) -> None:
        """The evaluations at ``step`` were of a model that had learnt ``learnt`` experiences."""
        for value in self._present:
            if value.x_plot == step:
                value.trained_experience = learnt
        for series in self._series.values():
            if series.place["phase"] != "eval":
                continue
            position = len(series.steps) - 1
            while position >= 0 and series.steps[position] == step:
                series.trained[position] = learnt
                position -= 1

    def last(self, since: int = 0) -> dict[str, Any]:
        """Last value of every name that got one at position ``since`` or later."""
        wanted = {n: v for n, v in self._last.items() if since <= 0 or v.x_plot >= since}
        MetricValue.resolve([*wanted.values()])
        return {name: value.value for name, value in wanted.items()}

    def reset_last(self) -> None:
        """Forget the last values; the history of all stays."""
        self._last = {}

    def all(self) -> dict[str, tuple[list[int], list[Any]]]:
        """For every name, the positions and the values, in order."""
        self._resolve()
        return {
            name: (series.steps.tolist(), list(series.values))
            for name, series in self._series.items()
        }

    def table(self) -> list[dict[str, Any]]:
        """One row per scalar value, in order of emission."""
        self._resolve()
        rows = [
            (order, step, trained, {**series.place, "metric": metric}, number)
            for series in self._series.values()
            for order, step, trained, value in zip(
                series.order, series.steps, series.trained, series.values, strict=True
            )
            for metric, number in scalars(series.place["metric"], value)
        ]
        rows.sort(key=lambda row: row[0])
        return [
            {
                "step": step,
                "trained_experience": None if trained < 0 else trained,
                **place,
                "value": value,
            }
            for _, step, trained, place, value in rows
        ]

    def state_dict(self) -> dict[str, Any]:
        """Everything as plain values and tensors; pictures are left out."""
        self._resolve()
        last = {
            name: {
                "value": plain_value(value.value),
                "step": _position(value),
                "trained": value.trained_experience,
            }
            for name, value in self._last.items()
        }
        series = {
            name: {
                "place": dict(series.place),
                "order": series.order.tolist(),
                "steps": series.steps.tolist(),
                "trained": series.trained.tolist(),
                "values": [plain_value(value) for value in series.values],
            }
            for name, series in self._series.items()
        }
        return {"last": last, "series": series, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._pending, self._present = [], []
        self._count = state["count"]
        self._last = {}
        for name, saved in state["last"].items():
            value = MetricValue(None, name, from_plain(saved["value"]), saved["step"])
            value.trained_experience = saved["trained"]
            self._last[name] = value
        self._series = {}
        for name, saved in state["series"].items():
            series = self._series[name] = _Series(dict(saved["place"]))
            series.order = array("q", saved["order"])
            whole = all(isinstance(step, int) for step in saved["steps"])
            series.steps = array("q" if whole else "d", saved["steps"])
            series.trained = array("q", saved["trained"])
            series.values = [from_plain(value) for value in saved["values"]]


def _position(value: MetricValue) -> int | float:
    try:
        return operator.index(value.x_plot)
    except TypeError:  # not a whole number
        if not hasattr(value.x_plot, "__float__"):
            raise TypeError(f"x_plot={value.x_plot!r} of {value.name}: expected a number") from None
        return float(value.x_plot)
