"""A first look at a benchmark of images."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from ..utils.data_loader import TaskBalancedDataLoader

__all__ = ["check_vision_benchmark"]

_SHOWN = 50  # images in the picture


def check_vision_benchmark(
    benchmark_instance: Any,
    show_without_transforms: bool = True,
    *,
    out: TextIO | None = None,
    show: bool = True,
) -> Any:
    """Write what the experiences of a benchmark hold, and draw some images of the first one.

    Args:
        benchmark_instance: a benchmark with ``train_stream`` and ``test_stream`` of images.
        show_without_transforms: whether the images are drawn as they are stored, else as the
            training transforms make them.
        out: where the text goes; ``sys.stdout`` by default.
        show: whether to open a window where matplotlib has one.

    Returns:
        The matplotlib figure.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> figure = check_vision_benchmark(SplitDigits(5, seed=1), show=False)
        ... # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
        train stream, experience 0: 272 samples, classes [5, 6], task labels [0]
        ...
    """
    out = sys.stdout if out is None else out
    for name in ("train", "test"):
        for experience in benchmark_instance.streams[name]:
            out.write(
                f"{name} stream, experience {experience.current_experience}: "
                f"{len(experience.dataset)} samples, classes "
                f"{sorted(experience.classes_in_this_experience)}, task labels "
                f"{experience.task_labels}\n"
            )
    dataset = benchmark_instance.train_stream[0].dataset
    if show_without_transforms:
        dataset = dataset.replace_current_transform_group(_ToPixels())
    loader = TaskBalancedDataLoader(dataset, batch_size=min(_SHOWN, len(dataset)), shuffle=False)
    images = next(iter(loader))[0]
    out.write(f"a batch of the first experience: {tuple(images.shape)}, {images.dtype}\n")
    return _draw(images, show)


class _ToPixels:
    """Images as tensors with values from 0 to 1; tensors stay as they are."""

    def __call__(self, image: Any) -> Any:
        import torch
        from torchvision.transforms.functional import to_tensor

        return image if isinstance(image, torch.Tensor) else to_tensor(image)


def _draw(images: Any, show: bool) -> Any:
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from torchvision.utils import make_grid

    interactive = show and mpl.get_backend().lower() not in {"agg", "pdf", "ps", "svg", "template"}
    grid = make_grid(images.float(), nrow=10, normalize=True).permute(1, 2, 0).numpy()
    if interactive:
        from matplotlib import pyplot as plt

        figure = plt.figure()
    else:
        figure = Figure()
    axes = figure.add_subplot()
    axes.imshow(grid)
    axes.set_axis_off()
    if interactive:
        plt.show()
    return figure
