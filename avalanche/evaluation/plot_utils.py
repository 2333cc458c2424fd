"""Plots of metric values. Matplotlib is loaded when a plot is drawn; pyplot never is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["learning_curves_plot", "plot_metric_matrix"]


def learning_curves_plot(
    all_metrics: Mapping[str, tuple[Sequence[int], Sequence[Any]]],
) -> "Figure":
    """Accuracy of every experience over training time.

    Args:
        all_metrics: what ``EvaluationPlugin.get_all_metrics()`` returns; values named
            ``Top1_Acc_Exp`` are drawn, one line per experience.

    Returns:
        a figure; save it with ``figure.savefig(path)``.

    Raises:
        ValueError: there is no accuracy per experience.
    """
    from matplotlib.figure import Figure

    curves = {name: data for name, data in all_metrics.items() if "Top1_Acc_Exp" in name}
    if not curves:
        raise ValueError(
            "all_metrics has no value named Top1_Acc_Exp: "
            "measure accuracy_metrics(experience=True) and evaluate during or after training"
        )
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    streams = {name.split("/")[2] for name in curves if name.count("/") >= 2}
    for name, (steps, values) in sorted(curves.items()):
        parts = name.split("/")
        label = parts[-1] if len(streams) <= 1 else f"{parts[2]} {parts[-1]}"
        axes.plot(steps, values, marker="o", markersize=3, label=label)
    axes.set(xlabel="Training iterations", ylabel="Accuracy", title="Accuracy per experience")
    axes.set_ylim(-0.02, 1.02)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return figure


def plot_metric_matrix(
    metric_matrix: npt.ArrayLike,
    title: str,
    *,
    ax: "Axes | None" = None,
    text_values: bool = True,
) -> "Figure":
    """Heat map of a matrix of values over time and experiences.

    Args:
        metric_matrix: shape ``(times, experiences)``. Time runs to the right, experiences
            downwards; values that are not a number stay white.
        title: title above the map.
        ax: axes to draw into; a new figure by default.
        text_values: write each value into its cell.

    Returns:
        the figure.

    Raises:
        ValueError: not a matrix.
    """
    from matplotlib.figure import Figure

    matrix = np.asarray(metric_matrix, dtype=np.float64).T
    if matrix.ndim != 2:
        raise ValueError(
            f"metric_matrix of shape {matrix.shape[::-1]}: expected (times, experiences)"
        )
    rows, columns = matrix.shape
    if ax is None:
        size = (2.2 + 0.6 * columns, 1.6 + 0.5 * rows)
        ax = Figure(figsize=size, layout="constrained").add_subplot()
    picture = ax.imshow(np.ma.masked_invalid(matrix), cmap="viridis", aspect="auto")
    ax.set(title=title, xlabel="Time (experiences learnt)", ylabel="Experience")
    ax.set_xticks(range(columns))
    ax.set_yticks(range(rows))
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    figure.colorbar(picture, ax=ax)
    if text_values and matrix.size:
        middle = (np.nanmin(matrix) + np.nanmax(matrix)) / 2
        for row, column in np.argwhere(np.isfinite(matrix)):
            value = matrix[row, column]
            colour = "black" if value > middle else "white"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
    return figure
