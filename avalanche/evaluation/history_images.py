"""Pictures of quantities over training time. Matplotlib is loaded when one is drawn."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "default_history_repartition_image_creator",
    "default_mean_scores_image_creator",
    "repartition_bar_chart_image_creator",
    "repartition_pie_chart_image_creator",
]


def _axes() -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    return figure, figure.add_subplot()


def _colours(colors: Sequence[Any] | None, count: int) -> list[Any]:
    if colors is None:
        from matplotlib import colormaps

        colors = [colormaps["tab20"](i) for i in range(20)]
    return [colors[i % len(colors)] for i in range(count)]


def default_history_repartition_image_creator(
    label2counts: Mapping[int, Sequence[int]],
    counters: Sequence[int],
    colors: Sequence[Any] | None = None,
) -> "Figure":
    """Stacked areas: how many samples of each class there were, over time.

    Args:
        label2counts: for every class its number of samples at each time.
        counters: the times, in training iterations.
        colors: colours of the classes; matplotlib's by default.
    """
    figure, axes = _axes()
    labels = sorted(label2counts)
    counts = [label2counts[label] for label in labels]
    shades = _colours(colors, len(labels))
    if len(counters) == 1:  # an area needs two points
        bottoms = np.cumsum([0, *(count[0] for count in counts)])
        for label, count, bottom, shade in zip(labels, counts, bottoms, shades, strict=False):
            axes.bar(str(counters[0]), count[0], bottom=bottom, color=shade, label=str(label))
    else:
        axes.stackplot(counters, counts, labels=[str(label) for label in labels], colors=shades)
    axes.set(xlabel="Training iterations", ylabel="Samples")
    axes.legend(title="Class", loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return figure


def repartition_pie_chart_image_creator(
    label2counts: Mapping[int, Sequence[int]],
    counters: Sequence[int],
    colors: Sequence[Any] | None = None,
    fmt: str = "%1.1f%%",
) -> "Figure":
    """A pie: the share of each class at the last time.

    Args:
        label2counts: for every class its number of samples at each time.
        counters: the times, in training iterations.
        colors: colours of the classes; matplotlib's by default.
        fmt: format of the shares, in percent.
    """
    figure, axes = _axes()
    last = {label: counts[-1] for label, counts in sorted(label2counts.items()) if counts[-1]}
    shades = _colours(colors, len(last))
    axes.pie([*last.values()], labels=[str(label) for label in last], colors=shades, autopct=fmt)
    return figure


def repartition_bar_chart_image_creator(
    label2counts: Mapping[int, Sequence[int]],
    counters: Sequence[int],
    colors: Sequence[Any] | None = None,
) -> "Figure":
    """Bars: how many samples of each class there were at the last time.

    Args:
        label2counts: for every class its number of samples at each time.
        counters: the times, in training iterations.
        colors: colours of the classes; matplotlib's by default.
    """
    figure, axes = _axes()
    labels = sorted(label2counts)
    heights = [label2counts[label][-1] for label in labels]
    axes.bar([str(label) for label in labels], heights, color=_colours(colors, len(labels)))
    axes.set(xlabel="Class", ylabel="Samples")
    return figure


def default_mean_scores_image_creator(
    label2step2mean_scores: Mapping[str, Mapping[int, float]],
) -> "Figure":
    """Lines: the mean score of new and of old classes over time.

    Args:
        label2step2mean_scores: for ``"new"`` and ``"old"``, the mean score at each training
            iteration at which it was measured.
    """
    figure, axes = _axes()
    for label, scores in label2step2mean_scores.items():
        axes.plot(list(scores), list(scores.values()), marker="o", label=f"{label} classes")
    axes.set(xlabel="Training iterations", ylabel="Mean score of the true class")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure
