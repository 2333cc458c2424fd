"""Grids of samples."""

import random
from types import SimpleNamespace as Namespace

import numpy as np
import pytest
import torch
from fake_loop import make_stream
from PIL import Image
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils import TransformGroups, as_classification_dataset
from avalanche.evaluation.metric_results import TensorImage
from avalanche.evaluation.metrics import ImagesSamplePlugin, images_samples_metrics


def strategy_with(dataset, training=True):
    name = "train" if training else "test"
    return Namespace(
        adapted_dataset=dataset,
        experience=make_stream(name)[1],
        is_training=training,
        clock=Namespace(train_iterations=3),
    )


def grey(shades, transform=None):
    """Pictures of 4 x 4 in one shade each, whose class is the shade."""
    targets = torch.tensor(shades)
    inputs = (targets.float() / 255)[:, None, None, None].expand(-1, 1, 4, 4)
    data = TensorDataset(inputs, targets)
    data.targets = targets.tolist()
    groups = (
        None
        if transform is None
        else TransformGroups({"train": (transform, None), "eval": (None, None)})
    )
    return as_classification_dataset(data, transform_groups=groups)


def shades(grid, rows, columns):
    """The shade in the middle of every cell (2 pixels between pictures of 4 pixels)."""
    assert grid.shape == (3, rows * 6 + 2, columns * 6 + 2)
    return (grid[0, 4::6, 4::6] * 255).round().int().tolist()


def test_name_value_and_order():
    (metric,) = images_samples_metrics(n_rows=2, n_cols=3)
    value = metric.after_train_dataset_adaptation(strategy_with(grey([60, 20, 50, 10, 40, 30])))
    assert value.name == "images/train_phase/train_stream/Task000"
    assert value.x_plot == 3
    assert isinstance(value.value, TensorImage)
    assert shades(metric.result(), 2, 3) == [[10, 20, 30], [40, 50, 60]]
    assert metric.after_eval_dataset_adaptation(strategy_with(grey([1]), False)) is None
    metric.reset()
    assert metric.result() is None


def test_in_evaluation_the_name_has_the_experience():
    (metric,) = images_samples_metrics(on_train=False, on_eval=True)
    assert metric.after_train_dataset_adaptation(strategy_with(grey([1]))) is None
    value = metric.after_eval_dataset_adaptation(strategy_with(grey([1]), training=False))
    assert value.name == "images/eval_phase/test_stream/Task000/Exp001"


def test_no_more_than_there_are_and_none_of_none():
    metric = ImagesSamplePlugin(mode="both", n_cols=2, n_rows=9)
    metric.after_train_dataset_adaptation(strategy_with(grey([30, 20, 10])))
    assert shades(metric.result(), 2, 2) == [[10, 20], [30, 0]]
    empty = Namespace(adapted_dataset=[])
    assert metric.after_eval_dataset_adaptation(empty) is None


def noisy(image):
    random.random()
    np.random.rand()
    return image * 0 + torch.rand(1) * 0 + 77 / 255


@pytest.mark.parametrize(("disable", "expected"), [(True, 10), (False, 77)], ids=["off", "on"])
def test_augmentations_and_random_state(disable, expected):
    metric = ImagesSamplePlugin(
        mode="train", n_cols=2, n_rows=1, disable_augmentations=disable, group=False
    )
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    metric.after_train_dataset_adaptation(strategy_with(grey([10, 10], noisy)))
    assert shades(metric.result(), 1, 2) == [[expected, expected]]
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert np.array_equal(states[2], np.random.get_state()[1])


def test_pictures_of_several_sizes_and_whole_numbers():
    metric = ImagesSamplePlugin(
        mode="train", n_cols=2, n_rows=1, group=False, disable_augmentations=False
    )
    samples = [
        (Image.new("RGB", (4, 4), (9, 9, 9)), 0),
        (torch.full((2, 2), 9, dtype=torch.uint8), 0),
    ]
    metric.after_train_dataset_adaptation(strategy_with(samples))
    assert shades(metric.result(), 1, 2) == [[9, 9]]


def test_what_is_no_picture_is_refused():
    metric = ImagesSamplePlugin(mode="train", n_cols=1, n_rows=1, disable_augmentations=False)
    with pytest.raises(ValueError, match="sample of shape .7,.: images_samples_metrics shows"):
        metric.after_train_dataset_adaptation(strategy_with([(torch.zeros(7), 0)]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "test", "n_cols": 1, "n_rows": 1}, "mode='test': expected 'train', 'eval' or"),
        ({"mode": "train", "n_cols": 0, "n_rows": 1}, "n_cols=0, n_rows=1: expected at least 1"),
    ],
    ids=["mode", "size"],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        ImagesSamplePlugin(**options)
