"""Results of evaluations over time, kept together, reduced and saved."""

import copy
import difflib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

__all__ = ["MetricCollector"]

TimeReduce = Literal["last", "mean"]
ExpReduce = Literal["sample_mean", "experience_mean", "weighted_sum"]


class MetricCollector:
    """Collects what evaluations say, one after the other.

    Example:
        >>> collector = MetricCollector()
        >>> collector.update({"loss": 0.9})
        >>> collector.update({"loss": 0.5})
        >>> collector.get("loss").tolist()
        [0.9, 0.5]
        >>> float(collector.get("loss", time_reduce="last"))
        0.5
    """

    def __init__(self) -> None:
        self._metrics: dict[str, list[Any]] = {}

    def update(self, res: Mapping[str, Any], *, stream: Any = None) -> None:
        """Append one value to every metric of ``res``.

        Args:
            res: metric name to value.
            stream: the stream that was evaluated. Every value must then be a list with one entry
                per experience, and the metric is known as ``"{stream.name}/{metric}"``.

        Raises:
            ValueError: a value has not one entry per experience; nothing is kept then.
        """
        named = {_name(metric, stream): value for metric, value in res.items()}
        if stream is not None:
            for name, value in named.items():
                given = len(value) if hasattr(value, "__len__") else 1
                if given != len(stream):
                    raise ValueError(
                        f"{name}: {given} values; the stream has {len(stream)} experiences, "
                        "give one value for each"
                    )
        for name, value in named.items():
            self._metrics.setdefault(name, []).append(_plain(value))

    def get(
        self,
        name: str,
        *,
        time_reduce: TimeReduce | None = None,
        exp_reduce: ExpReduce | None = None,
        stream: Any = None,
        weights: Sequence[float] | None = None,
    ) -> npt.NDArray[Any]:
        """All values of a metric, reduced over experiences first and over time last.

        Args:
            name: the metric, without the stream's name if ``stream`` is given.
            time_reduce: ``"last"`` for the latest values, ``"mean"`` for the mean over time.
            exp_reduce: ``"experience_mean"`` weighs every experience the same, ``"sample_mean"``
                by its number of samples, ``"weighted_sum"`` by ``weights``.
            stream: the stream given to :meth:`update`.
            weights: one weight per experience; with ``"weighted_sum"``, and only with it.

        Returns:
            ``(times, experiences)``, without the dimensions that were reduced.

        Raises:
            KeyError: no such metric.
            ValueError: an unknown reduction; weights without ``"weighted_sum"`` or the other way
                round; ``"sample_mean"`` without a stream; values without experiences.
        """
        _check("time_reduce", time_reduce, get_args(TimeReduce))
        _check("exp_reduce", exp_reduce, get_args(ExpReduce))
        if (weights is not None) != (exp_reduce == "weighted_sum"):
            raise ValueError(
                f"weights={weights} with exp_reduce={exp_reduce!r}: give weights with "
                "exp_reduce='weighted_sum', and only then"
            )
        values = np.asarray(self._metrics[self._key(name, stream)])
        if exp_reduce is not None:
            values = _over_experiences(name, values, exp_reduce, stream, weights)
        if time_reduce == "last":
            return np.asarray(values[-1])
        return np.asarray(values.mean(axis=0)) if time_reduce == "mean" else values

    def get_dict(self) -> dict[str, list[Any]]:
        """A copy of everything: metric name to its values over time."""
        return copy.deepcopy(self._metrics)

    def load_dict(self, d: Mapping[str, Sequence[Any]]) -> None:
        """Replace everything by what :meth:`get_dict` gave."""
        self._metrics = {name: [_plain(v) for v in values] for name, values in d.items()}

    def to_json(self, fname: str | os.PathLike[str]) -> None:
        """Write everything to a file; tensors and arrays become lists."""
        text = json.dumps(self._metrics)  # before the file is opened: an error leaves it alone
        with open(fname, "w", encoding="utf-8") as file:
            file.write(text)

    def load_json(self, fname: str | os.PathLike[str]) -> None:
        """Replace everything by what :meth:`to_json` wrote; the file is only read."""
        with open(fname, encoding="utf-8") as file:
            self.load_dict(json.load(file))

    def _key(self, name: str, stream: Any) -> str:
        key = _name(name, stream)
        if key not in self._metrics:
            near = difflib.get_close_matches(key, self._metrics, n=3, cutoff=0.4)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            if stream is None and any(known.endswith(f"/{name}") for known in self._metrics):
                hint = f"{hint} Values of a stream need stream=..."
            raise KeyError(f"name={key!r}: no such metric{hint}")
        return key


def _name(metric: str, stream: Any) -> str:
    return metric if stream is None else f"{stream.name}/{metric}"


def _plain(value: Any) -> Any:
    """Tensors and arrays as numbers and lists, inside containers too."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _check(argument: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        words = ", ".join(repr(word) for word in known)
        raise ValueError(f"{argument}={value!r}: expected None or one of {words}")


def _over_experiences(
    name: str,
    values: npt.NDArray[Any],
    how: ExpReduce,
    stream: Any,
    weights: Sequence[float] | None,
) -> npt.NDArray[Any]:
    """``(times, experiences)`` to ``(times,)``."""
    if values.ndim != 2:
        raise ValueError(
            f"exp_reduce={how!r}: {name} has values of shape {values.shape}; expected "
            "(times, experiences)"
        )
    if how == "experience_mean":
        return np.asarray(values.mean(axis=1))
    if how == "weighted_sum":
        share = np.asarray(weights, dtype=np.float64)
        if share.shape != (values.shape[1],):
            raise ValueError(
                f"weights={weights}: expected one for each of the {values.shape[1]} experiences"
            )
        return np.asarray(values @ share)
    if stream is None:
        raise ValueError("exp_reduce='sample_mean' needs stream=..., whose experiences it counts")
    sizes = np.array([len(experience.dataset) for experience in stream], dtype=np.float64)
    return np.asarray(values @ (sizes / sizes.sum()))
