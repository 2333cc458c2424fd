"""The picture of a confusion matrix. Matplotlib is loaded when a picture is drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["default_cm_image_creator"]


def default_cm_image_creator(
    confusion_matrix_tensor: Tensor,
    display_labels: Sequence[Any] | None = None,
    include_values: bool = False,
    xticks_rotation: float = 0,
    yticks_rotation: float = 0,
    values_format: str | None = None,
    cmap: str = "viridis",
    image_title: str = "",
) -> "Image":
    """Draw a confusion matrix: rows are true classes, columns are predictions.

    Args:
        confusion_matrix_tensor: shape ``(classes, classes)``, counts or shares.
        display_labels: names of the classes, in the matrix's order; positions by default.
        include_values: whether to write every value into its cell.
        xticks_rotation: angle of the labels below, in degrees.
        yticks_rotation: angle of the labels at the left, in degrees.
        values_format: format of the values, ``"d"`` for counts and ``".2g"`` for shares by default.
        cmap: name of a matplotlib colour map.
        image_title: title above the picture.

    Returns:
        a PIL image, RGB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    matrix = confusion_matrix_tensor.detach().cpu().numpy()
    size = len(matrix)
    labels = [str(label) for label in (range(size) if display_labels is None else display_labels)]
    side = min(4.0 + 0.25 * size, 16.0)
    figure = Figure(figsize=(side + 1, side), dpi=100, layout="tight")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    picture = axes.imshow(matrix, cmap=cmap)
    figure.colorbar(picture, ax=axes)
    axes.set(xlabel="Predicted class", ylabel="True class", title=image_title)
    axes.set_xticks(range(size), labels, rotation=xticks_rotation)
    axes.set_yticks(range(size), labels, rotation=yticks_rotation)
    if include_values and size:
        spec = values_format or ("d" if np.issubdtype(matrix.dtype, np.integer) else ".2g")
        middle = (float(matrix.max()) + float(matrix.min())) / 2
        for row, column in np.ndindex(matrix.shape):
            value = matrix[row, column]
            colour = "black" if value > middle else "white"
            axes.text(column, row, format(value, spec), ha="center", va="center", color=colour)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return Image.fromarray(pixels).convert("RGB")
