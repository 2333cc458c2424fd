"""The pictures of a report, each a function from summaries to a matplotlib figure.

Nothing here touches pyplot or any window: a figure is made, returned, and written by `save`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avalanche.report.style import (
    INK,
    MUTED,
    UPPER_BOUND,
    colours,
    looks,
    new_figure,
    tidy_axes,
)
from avalanche.report.summary import MeanSd, StrategySummary
from avalanche.report.tables import mean_matrix, seen_accuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "accuracy_over_time", "final_bars", "matrices", "per_experience", "save"]

Summaries = Sequence[StrategySummary]


def learners(summaries: Summaries) -> list[StrategySummary]:
    """Return the strategies that learn experience by experience (no upper bounds)."""
    return [
        summary
        for summary in summaries
        if not summary.upper_bound and len(mean_matrix(summary.matrices).trained)
    ]


def accuracy_over_time(summaries: Summaries) -> Figure:
    """Draw mean accuracy over the experiences seen so far, with a band of one sd over seeds."""
    figure = new_figure(8.2, 4.2)
    axes = figure.subplots()
    look = colours([summary.name for summary in learners(summaries)])
    order = sorted(learners(summaries), key=lambda s: -s.average_accuracy.mean)
    for place, summary in enumerate(order):
        curves = [seen_accuracy(matrix) for matrix in summary.matrices]
        length = min(len(curve) for curve in curves)
        stack = np.stack([curve[:length] for curve in curves]) * 100
        x = summary.matrices[0].trained[:length]
        colour, marker = look[summary.name]
        # Thick below, thin above: curves that lie on each other are both seen.
        thin = 1.0 - place / max(1, len(order) - 1)
        axes.plot(x, stack.mean(axis=0), color=colour, marker=marker, ms=4.5 + 3 * thin,
                  lw=1.6 + 1.4 * thin, label=summary.name)  # fmt: skip
        if len(stack) > 1:
            mean, sd = stack.mean(axis=0), stack.std(axis=0, ddof=1)
            low, high = np.clip(mean - sd, 0, 100), np.clip(mean + sd, 0, 100)
            axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
    for summary in summaries:
        if summary.upper_bound and math.isfinite(summary.average_accuracy.mean):
            axes.axhline(summary.average_accuracy.mean * 100, color=UPPER_BOUND, ls="--", lw=1.5,
                         label=f"{summary.name}\n(upper bound)")  # fmt: skip
    tidy_axes(axes)
    _percent(axes)
    axes.set_xlabel("experiences trained")
    axes.set_ylabel("accuracy on experiences seen so far (%)")
    _whole_numbers(axes, "x")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), labelspacing=0.9)
    return figure


def per_experience(summaries: Summaries) -> Figure:
    """Draw, for each strategy, how the accuracy on each experience changes as training goes on."""
    import matplotlib as mpl

    shown = learners(summaries)
    figure, panels = _panels(len(shown), 2.75, 2.5)
    for summary, axes in zip(shown, panels, strict=True):
        matrix = mean_matrix(summary.matrices)
        count = matrix.values.shape[1]
        shades = mpl.colormaps["viridis"](np.linspace(0.0, 0.88, count))
        for experience in range(count):
            rows = [row for row, trained in enumerate(matrix.trained) if trained > experience]
            axes.plot([matrix.trained[row] for row in rows],
                      matrix.values[rows, experience] * 100,
                      color=shades[experience], marker="o", ms=4, lw=1.8, clip_on=False,
                      label=f"{experience}")  # fmt: skip
        axes.set_title(summary.name)
        axes.set_xlim(0.7, matrix.trained[-1] + 0.3)
        tidy_axes(axes)
        _percent(axes)
        _whole_numbers(axes, "x")
    if panels:
        handles, labels = panels[0].get_legend_handles_labels()
        if len(handles) > 10:
            places = sorted({round(i) for i in np.linspace(0, len(handles) - 1, 8)})
            handles, labels = [handles[i] for i in places], [labels[i] for i in places]
        figure.legend(handles, labels, title="experience", loc="outside right center")
    figure.supxlabel("experiences trained", fontsize=10)
    figure.supylabel("accuracy (%)", fontsize=10)
    return figure


def matrices(summaries: Summaries) -> Figure:
    """Draw the accuracy matrices: trained so far downwards, experience tested to the right."""
    shown = [s for s in summaries if len(mean_matrix(s.matrices).trained)]
    figure, panels = _panels(len(shown), 2.75, 2.75)
    image = None
    for summary, axes in zip(shown, panels, strict=True):
        matrix = mean_matrix(summary.matrices)
        height, width = matrix.values.shape
        image = axes.imshow(matrix.values * 100, vmin=0, vmax=100, cmap="cividis")
        bound = "\n(upper bound)" if summary.upper_bound else ""
        axes.set_title(f"{summary.name}{bound}")
        axes.set_xticks(_some(width), [str(place) for place in _some(width)])
        labels = ["all" if summary.upper_bound else str(matrix.trained[i]) for i in _some(height)]
        axes.set_yticks(_some(height), labels)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        if width <= 10:
            _write_cells(axes, matrix.values * 100)
    figure.supxlabel("experience tested", fontsize=10)
    figure.supylabel("experiences trained", fontsize=10)
    if image is not None:
        bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=30, pad=0.02)
        bar.set_label("accuracy (%)")
        outline: Any = bar.outline
        outline.set_visible(False)
        bar.ax.tick_params(length=0)
    return figure


def final_bars(summaries: Summaries) -> Figure:
    """Draw final accuracy and forgetting side by side, with one sd over seeds."""
    figure = new_figure(8.8, 0.9 + 0.48 * max(2, len(summaries)))
    left, right = figure.subplots(1, 2, sharey=True)
    names = [summary.name for summary in learners(summaries)]
    look = colours(names)
    _bars(left, summaries, look, "final accuracy (%)", lambda s: s.final_accuracy)
    _bars(right, summaries, look, "forgetting (points)", lambda s: s.forgetting)
    left.set_xlim(0, 122)
    left.set_xticks(range(0, 101, 20))
    labels = [f"{s.name} (upper bound)" if s.upper_bound else s.name for s in summaries]
    left.set_yticks(range(len(summaries)), labels)
    left.tick_params(axis="y", labelcolor=INK)
    margin = 0.5 if len(summaries) > 1 else 0.9
    left.set_ylim(len(summaries) - 1 + margin, -margin)
    return figure


def _bars(
    axes: Axes,
    summaries: Summaries,
    look: dict[str, tuple[str, str]],
    title: str,
    number: Callable[[StrategySummary], MeanSd],
) -> None:
    ends = [0.0]
    for place, summary in enumerate(summaries):
        value = number(summary)
        mean = value.mean * 100
        if math.isnan(mean):
            axes.text(1.5, place, "not defined", va="center", color=MUTED, fontsize=9)
            continue
        sd = 0.0 if math.isnan(value.sd) else value.sd * 100
        colour = look[summary.name][0] if summary.name in look else UPPER_BOUND
        axes.barh(place, mean, height=0.62, color=colour, alpha=0.55 if summary.upper_bound else 1,
                  hatch="///" if summary.upper_bound else None, edgecolor="white")  # fmt: skip
        if sd:
            axes.errorbar(mean, place, xerr=sd, color=INK, capsize=3, lw=1.2)
        end = max(mean + sd, 0.0)
        ends.append(end)
        axes.annotate(value.text(1, scale=100), (end, place), (5, 0), va="center", fontsize=9,
                      textcoords="offset points")  # fmt: skip
    low = min(0.0, *(number(s).mean * 100 for s in summaries if number(s).mean < 0), 0.0)
    axes.set_xlim(low * 1.1, max(max(ends) * 1.32, 10.0))
    axes.set_xticks([tick for tick in axes.get_xticks() if low - 20 <= tick <= 100])
    axes.set_title(title)
    tidy_axes(axes, grid="x")


def _panels(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` panels in rows of at most three, and no empty panel."""
    columns = min(3, max(1, count)) if count != 4 else 2
    rows = max(1, math.ceil(count / columns))
    figure = new_figure(1.4 + width * columns, 0.6 + height * rows)
    grid = figure.add_gridspec(rows, columns)
    panels = [figure.add_subplot(grid[place // columns, place % columns]) for place in range(count)]
    return figure, panels


def _write_cells(axes: Axes, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    size = 9 if values.shape[1] <= 6 else 7
    for (row, column), value in np.ndenumerate(values):
        if math.isfinite(value):
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=size,
                      color="white" if value < 55 else "black")  # fmt: skip


def _percent(axes: Axes) -> None:
    axes.set_ylim(-2, 102)
    axes.set_yticks(range(0, 101, 20))


def _whole_numbers(axes: Axes, axis: str) -> None:
    from matplotlib.ticker import MaxNLocator

    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))


def _some(count: int) -> list[int]:
    """Return at most ten evenly spaced positions of `count`."""
    step = max(1, math.ceil(count / 10))
    return list(range(0, count, step))


PLOTS: dict[str, Callable[[Summaries], Figure]] = {
    "final": final_bars,
    "accuracy": accuracy_over_time,
    "experiences": per_experience,
    "matrices": matrices,
}
"""File name (without ending) of each picture and the function that draws it."""


def save(summaries: Summaries, folder: Path) -> dict[str, dict[str, Path]]:
    """Write every picture as PNG and SVG and return their paths by name and ending.

    Pictures that need a strategy that learns step by step are left out where there is none.

    Args:
        summaries: what to draw.
        folder: where to write; made if absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, dict[str, Path]] = {}
    for name, draw in PLOTS.items():
        if name in ("accuracy", "experiences") and not learners(summaries):
            continue
        with looks():
            figure = draw(summaries)
            written[name] = {}
            for ending in ("png", "svg"):
                path = folder / f"{name}.{ending}"
                metadata = {"Date": None} if ending == "svg" else {}
                figure.savefig(path, dpi=150, metadata=metadata)
                written[name][ending] = path
    return written
