"""What one strategy did, over its seeds: mean and standard deviation of every number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from avalanche.report.rows import Row
from avalanche.report.tables import (
    AccuracyMatrix,
    accuracy_matrix,
    average_accuracy,
    backward_transfer,
    final_accuracy,
    forgetting,
)

__all__ = ["COSTS", "MeanSd", "StrategySummary", "as_json", "best_learner", "summarize"]

COSTS = {
    "train_seconds": "TrainSeconds",
    "eval_seconds": "EvalSeconds",
    "samples_per_second": "SamplesPerSecond",
    "peak_memory_mib": "PeakMemoryMiB",
    "peak_gpu_memory_mib": "PeakGpuMemoryMiB",
    "parameters": "Parameters",
}
"""Field of `StrategySummary` -> metric of the rows with phase ``"cost"`` that it is read from."""


@dataclass(frozen=True)
class MeanSd:
    """Values of several seeds with their mean and sample standard deviation.

    Example:
        >>> MeanSd((0.5, 0.7)).text(1, scale=100)
        '60.0 ± 14.1'
        >>> MeanSd((0.5,)).text(2)
        '0.50'
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean of the known values, NaN if there is none."""
        known = [value for value in self.values if math.isfinite(value)]
        return float(np.mean(known)) if known else math.nan

    @property
    def sd(self) -> float:
        """Sample standard deviation (divisor n - 1), NaN with fewer than two values."""
        known = [value for value in self.values if math.isfinite(value)]
        return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan

    def text(self, digits: int, *, scale: float = 1.0) -> str:
        """Return ``mean ± sd``, only the mean for one value, a dash for none."""
        if math.isnan(self.mean):
            return "-"
        text = f"{self.mean * scale:.{digits}f}"
        return text if math.isnan(self.sd) else f"{text} ± {self.sd * scale:.{digits}f}"


@dataclass(frozen=True)
class StrategySummary:
    """One strategy's numbers over its seeds.

    `final_accuracy` weighs samples the same, `average_accuracy` experiences. `forgetting` is
    against the best accuracy ever had, `forgetting_first` against the one right after training.
    `peak_memory_mib` is that of the whole process, `peak_gpu_memory_mib` that of the tensors.
    """

    name: str
    upper_bound: bool
    seeds: tuple[int, ...]
    matrices: tuple[AccuracyMatrix, ...] = field(repr=False)
    final_accuracy: MeanSd
    average_accuracy: MeanSd
    forgetting: MeanSd
    forgetting_first: MeanSd
    bwt: MeanSd
    train_seconds: MeanSd
    eval_seconds: MeanSd
    samples_per_second: MeanSd
    peak_memory_mib: MeanSd
    peak_gpu_memory_mib: MeanSd
    parameters: MeanSd


def summarize(
    rows: Iterable[Row], *, upper_bounds: Sequence[str] = ("JointTraining",)
) -> list[StrategySummary]:
    """Return one summary per strategy, in the order in which they first appear.

    Args:
        rows: rows of any number of strategies and seeds.
        upper_bounds: strategies that see all data at once: a bound, not a continual learner.

    Example:
        >>> row = Row("Naive", 0, 8, 1, "eval", "test", None, 0, "Top1_Acc_Stream", 0.75)
        >>> summarize([row])[0].final_accuracy.mean
        0.75
    """
    runs: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        runs.setdefault(row.strategy, {}).setdefault(row.seed, []).append(row)
    return [_summary(name, seeds, name in upper_bounds) for name, seeds in runs.items()]


def _summary(name: str, seeds: dict[int, list[Row]], upper_bound: bool) -> StrategySummary:
    order = sorted(seeds)
    runs = [seeds[seed] for seed in order]
    matrices = tuple(accuracy_matrix(run) for run in runs)
    first = tuple(forgetting(matrix, reference="first") for matrix in matrices)
    costs = {
        name: MeanSd(tuple(_cost(run, metric) for run in runs)) for name, metric in COSTS.items()
    }
    return StrategySummary(
        name=name,
        upper_bound=upper_bound,
        seeds=tuple(order),
        matrices=matrices,
        final_accuracy=MeanSd(tuple(final_accuracy(run) for run in runs)),
        average_accuracy=MeanSd(tuple(average_accuracy(matrix) for matrix in matrices)),
        forgetting=MeanSd(tuple(forgetting(matrix) for matrix in matrices)),
        forgetting_first=MeanSd(first),
        bwt=MeanSd(tuple(backward_transfer(matrix) for matrix in matrices)),
        **costs,
    )


def _cost(run: Sequence[Row], metric: str) -> float:
    """Times add up over experiences, speed is averaged by time, memory and size are maxima."""
    values = [row.value for row in run if row.phase == "cost" and row.metric == metric]
    if not values:
        return math.nan
    if metric in (COSTS["train_seconds"], COSTS["eval_seconds"]):
        return sum(values)
    if metric == COSTS["samples_per_second"]:
        seconds = [
            row.value for row in run if row.phase == "cost" and row.metric == COSTS["train_seconds"]
        ]
        total = sum(seconds)
        if len(seconds) == len(values) and total > 0:
            return sum(v * s for v, s in zip(values, seconds, strict=True)) / total
    return max(values)


def best_learner(summaries: Iterable[StrategySummary]) -> StrategySummary | None:
    """Return the strategy with the highest final accuracy among those that are no upper bound.

    None where there are not at least two to choose from.
    """
    learners = [
        summary
        for summary in summaries
        if not summary.upper_bound and math.isfinite(summary.final_accuracy.mean)
    ]
    if len(learners) < 2:
        return None
    return max(learners, key=lambda summary: summary.final_accuracy.mean)


def as_json(summary: StrategySummary) -> dict[str, object]:
    """Return the summary as plain values for JSON; unknown numbers are None."""
    result: dict[str, object] = {
        "strategy": summary.name,
        "upper_bound": summary.upper_bound,
        "seeds": list(summary.seeds),
    }
    for item in fields(summary):
        value = getattr(summary, item.name)
        if isinstance(value, MeanSd):
            result[item.name] = {
                "mean": _known(value.mean),
                "sd": _known(value.sd),
                "per_seed": [_known(entry) for entry in value.values],
            }
    return result


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
