"""Pictures of the samples that a model is given."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metric_results import LoggingType, MetricResult, MetricValue, TensorImage
from avalanche.evaluation.metric_utils import get_metric_key

__all__ = ["ImagesSamplePlugin", "images_samples_metrics"]


class ImagesSamplePlugin(PluginMetric[Tensor | None]):
    """A grid of random samples of every experience: ``images``.

    It is made when the dataset of an experience is ready. Samples that the loader adds, as replay
    does, are not among them. No random state of the program is touched.

    Args:
        mode: ``"train"``, ``"eval"`` or ``"both"``.
        n_cols: pictures side by side, at least 1.
        n_rows: pictures one below the other, at least 1.
        group: sort by task and class.
        disable_augmentations: show samples as they are stored, without the transforms.

    Raises:
        ValueError: an unknown mode, or a size below 1.
    """

    def __init__(
        self,
        *,
        mode: Literal["train", "eval", "both"],
        n_cols: int,
        n_rows: int,
        group: bool = True,
        disable_augmentations: bool = True,
    ) -> None:
        if mode not in ("train", "eval", "both"):
            raise ValueError(f"mode={mode!r}: expected 'train', 'eval' or 'both'")
        if n_cols < 1 or n_rows < 1:
            raise ValueError(f"n_cols={n_cols}, n_rows={n_rows}: expected at least 1 of each")
        self.mode = mode
        self.n_cols = n_cols
        self.n_rows = n_rows
        self.group = group
        self.disable_augmentations = disable_augmentations
        self._generator = torch.Generator().manual_seed(0)
        self._grid: Tensor | None = None

    def __str__(self) -> str:
        return "images"

    def reset(self) -> None:
        """Forget the grid made last."""
        self._grid = None

    def result(self) -> Tensor | None:
        """The grid made last, ``(channels, height, width)``; None before any."""
        return self._grid

    def after_train_dataset_adaptation(self, strategy: Any) -> MetricResult:
        """Emit the grid of the training samples."""
        return self._emit(strategy, False) if self.mode in ("train", "both") else None

    def after_eval_dataset_adaptation(self, strategy: Any) -> MetricResult:
        """Emit the grid of the evaluation samples."""
        return self._emit(strategy, True) if self.mode in ("eval", "both") else None

    def _emit(self, strategy: Any, add_experience: bool) -> MetricResult:
        if not len(strategy.adapted_dataset):
            return None
        self._grid = self._make_grid(strategy.adapted_dataset)
        key = get_metric_key(self, strategy, add_experience)
        step, image = strategy.clock.train_iterations, TensorImage(self._grid)
        return MetricValue(self, key, image, step, logging_type=LoggingType.IMAGE)

    def _make_grid(self, dataset: Any) -> Tensor:
        from torchvision.utils import make_grid

        chosen = torch.randperm(len(dataset), generator=self._generator)
        chosen = chosen[: self.n_cols * self.n_rows]
        if self.disable_augmentations:
            dataset = dataset.remove_current_transform_group()
        with _random_state_kept():
            samples = [dataset[int(index)] for index in chosen]
        if self.group:  # a sample is (x, class) or (x, class, ..., task)
            samples.sort(key=lambda s: (int(s[-1]) if len(s) > 2 else 0, int(s[1])))
        images = [_as_image(sample[0]) for sample in samples]
        height, width = (max(image.shape[axis] for image in images) for axis in (1, 2))
        same = [_resized(image, height, width) for image in images]
        grid: Tensor = make_grid(torch.stack(same), nrow=self.n_cols)
        return grid


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Transforms may draw inside; outside nobody notices."""
    states = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _as_image(sample: Any) -> Tensor:
    """A picture, an array or a tensor as a tensor ``(channels, height, width)`` of floats.

    Raises:
        ValueError: it is no picture.
    """
    if not isinstance(sample, Tensor):
        from torchvision.transforms.functional import to_tensor

        sample = to_tensor(sample)
    if sample.dim() == 2:
        sample = sample.unsqueeze(0)
    if sample.dim() != 3 or sample.shape[0] not in (1, 3):
        raise ValueError(
            f"sample of shape {tuple(sample.shape)}: images_samples_metrics shows pictures, "
            "(height, width) or (channels, height, width) with 1 or 3 channels"
        )
    whole = not sample.is_floating_point()
    image: Tensor = sample.float() / 255 if whole else sample.float()
    return image.expand(3, -1, -1)


def _resized(image: Tensor, height: int, width: int) -> Tensor:
    if image.shape[1:] == (height, width):
        return image
    return F.interpolate(image.unsqueeze(0), (height, width)).squeeze(0)


def images_samples_metrics(
    *,
    n_rows: int = 8,
    n_cols: int = 8,
    group: bool = True,
    on_train: bool = True,
    on_eval: bool = False,
) -> list[PluginMetric[Any]]:
    """Grids of random samples, as they are stored.

    Args:
        n_rows: pictures one below the other.
        n_cols: pictures side by side.
        group: sort by task and class.
        on_train: of every training experience.
        on_eval: of every evaluated experience.

    Example:
        >>> [str(metric) for metric in images_samples_metrics(on_eval=True)]
        ['images', 'images']
    """
    modes: list[tuple[bool, Literal["train", "eval"]]] = [(on_train, "train"), (on_eval, "eval")]
    return [
        ImagesSamplePlugin(mode=mode, n_rows=n_rows, n_cols=n_cols, group=group)
        for wanted, mode in modes
        if wanted
    ]
