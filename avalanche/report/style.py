"""Looks shared by the pictures: colours that colour-blind readers can tell apart, sizes, grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["INK", "MUTED", "UPPER_BOUND", "colours", "looks", "new_figure", "tidy_axes"]

# Okabe and Ito 2008, without the yellow that vanishes on white; then darker relatives.
_PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
    "#5D3A9B", "#8C510A", "#01665E", "#999933",
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", ">")

INK = "#22262b"
MUTED = "#6b7480"
UPPER_BOUND = "#4d4d4d"


def colours(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each name, the same for the same order of names.

    Example:
        >>> colours(["Naive", "Replay"])["Replay"]
        ('#D55E00', 's')
    """
    return {
        name: (_PALETTE[place % len(_PALETTE)], _MARKERS[place % len(_MARKERS)])
        for place, name in enumerate(names)
    }


@contextmanager
def looks() -> Iterator[None]:
    """Set fonts and sizes while a picture is drawn and written; nothing stays changed."""
    import matplotlib as mpl

    # Keys and the layout engine are typed differently from one matplotlib to the next: Any.
    settings: Any = {
        "font.size": 10.0,
        "axes.titlesize": 11.0,
        "axes.titleweight": "bold",
        "axes.labelsize": 10.0,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#b5bcc4",
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "legend.frameon": False,
        # Same input, same file: element ids come from content, not from a random number.
        "svg.hashsalt": "avalanche",
    }
    with mpl.rc_context(settings):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches, with no ties to any window or global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.08, h_pad=0.10)  # inches, so that titles stay clear of ticks above
    return figure


def tidy_axes(axes: Axes, *, grid: Literal["x", "y"] = "y") -> None:
    """Take away the box around a plot and draw a light grid behind it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#e6e9ed", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
