"""A picture of a stream: which classes come when."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

from .summary import class_counts


def class_matrix(stream: Any, max_experiences: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Samples of every class in every experience.

    Args:
        stream: the stream.
        max_experiences: how many experiences to look at, from the first.

    Returns:
        Counts ``(classes, experiences)``, float64, and the classes in order of appearance.

    Raises:
        ValueError: if an experience has no class labels.
    """
    columns: list[dict[int, int]] = []
    for number, experience in enumerate(islice(iter(stream), max_experiences)):
        counts = class_counts(experience)
        if counts is None:
            raise ValueError(
                f"experience {number} of the stream has no class labels: expected datasets with "
                "targets; wrap them with as_classification_dataset"
            )
        columns.append(counts)
    classes = list(dict.fromkeys(label for counts in columns for label in sorted(counts)))
    matrix = np.zeros((len(classes), len(columns)))
    row = {label: i for i, label in enumerate(classes)}
    for number, counts in enumerate(columns):
        for label, count in counts.items():
            matrix[row[label], number] = count
    return matrix, classes


def stream_picture(stream: Any, max_experiences: int = 200) -> Any:
    """Draw the classes of a stream by experience, darker the more samples there are.

    Args:
        stream: the stream.
        max_experiences: how many experiences to draw, from the first.

    Returns:
        A ``matplotlib.figure.Figure``; ``figure.savefig(path)`` writes it.

    Raises:
        ValueError: if an experience has no class labels.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> figure = stream_picture(SplitDigits(5, seed=0).train_stream)
        >>> figure.axes[0].get_xlabel()
        'experience'
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    matrix, classes = class_matrix(stream, max_experiences)
    n_classes, n_experiences = matrix.shape
    figure = Figure(
        figsize=(min(12, 2.5 + 0.35 * n_experiences), min(9, 1.5 + 0.28 * n_classes)),
        layout="constrained",
    )
    axes = figure.add_subplot()
    shown = np.ma.masked_equal(matrix, 0)
    image = axes.imshow(
        shown, cmap="Blues", vmin=0, vmax=max(matrix.max(initial=1), 1), aspect="auto"
    )
    axes.set_xlabel("experience")
    axes.set_ylabel("class")
    axes.set_title(f"{getattr(stream, 'name', 'stream')} stream")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if n_classes <= 40:
        axes.set_yticks(range(n_classes), labels=[str(label) for label in classes])
    else:
        axes.set_ylabel("class, in order of appearance")
    figure.colorbar(image, ax=axes, label="samples")
    return figure
