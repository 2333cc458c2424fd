"""Selections: precision, task labels, and rankings that are none."""

import numpy as np
import pytest
import torch
from torch import nn

from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.models import SimpleMLP, as_multitask
from avalanche.training.storage_policy import (
    ClosestToCenterSelectionStrategy,
    ExemplarsSelectionStrategy,
    HerdingSelectionStrategy,
    ParametricBuffer,
)

BY_FEATURES = [HerdingSelectionStrategy, ClosestToCenterSelectionStrategy]


def points(x, tasks=0):
    return tensor_set(x, torch.zeros(len(x), dtype=torch.int64), task_labels=tasks)


def order_by_hand(kind, values):
    """In float64, all sums written out."""
    mean, chosen = values.mean(0), []
    if kind is ClosestToCenterSelectionStrategy:
        return np.linalg.norm(values - mean, axis=1).argsort().tolist()
    for count in range(1, len(values) + 1):
        left = [i for i in range(len(values)) if i not in chosen]
        sums = {i: values[[*chosen, i]].sum(0) / count for i in left}
        chosen.append(min(left, key=lambda i: np.linalg.norm(mean - sums[i])))
    return chosen


@pytest.mark.parametrize("kind", BY_FEATURES)
def test_features_of_half_precision_do_not_overflow(kind):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 512)).half()
    x = (torch.randn(12, 4) * 400).half()
    with torch.no_grad():
        features = model(x).double().numpy()
    assert (features**2).sum(1).max() > torch.finfo(torch.float16).max
    found = kind(model, "0").make_sorted_indices(None, points(x))
    assert found == order_by_hand(kind, features)


@pytest.mark.parametrize("kind", BY_FEATURES)
@pytest.mark.parametrize("value", [1e30, float("inf"), float("nan")])
def test_a_ranking_has_every_position_once_whatever_the_features(kind, value):
    features = torch.full((6, 3), value) * torch.arange(6.0)[:, None]
    selection = kind(nn.Sequential(nn.Linear(3, 3)), "0")
    assert sorted(selection.make_sorted_indices_from_features(features)) == list(range(6))


@pytest.mark.parametrize("kind", BY_FEATURES)
def test_a_multi_task_model_gets_the_task_labels_of_the_samples(kind):
    model = as_multitask(SimpleMLP(num_classes=2, input_size=4, hidden_size=5), "classifier")
    torch.manual_seed(1)
    data = points(torch.randn(6, 4), [0, 0, 0, 1, 1, 1])
    for task in (0, 1):
        model.adaptation(experience_of(data.subset(range(3 * task, 3 * task + 3)), task))
    model.train()
    asked = []
    model.register_forward_pre_hook(lambda _, args: asked.append(args[1].tolist()))
    found = kind(model, "model.features").make_sorted_indices(None, data)
    assert sorted(found) == list(range(6))
    assert asked == [[0, 0, 0, 1, 1, 1]]
    assert model.training


def experience_of(data, task):
    from types import SimpleNamespace

    classes = list(data.targets.uniques)
    return SimpleNamespace(
        dataset=data,
        task_label=task,
        task_labels=[task],
        classes_in_this_experience=classes,
        is_train=True,
    )


@pytest.mark.parametrize("ranked", [[0, 0, 0, 0], [0, 1], [1, 2, 3, 4], [3, 2, 1, 0, 0]])
def test_what_is_no_ranking_is_refused(ranked):
    class Odd(ExemplarsSelectionStrategy):
        def make_sorted_indices(self, strategy, data):
            return ranked

    buffer = ParametricBuffer(3, "class", Odd())
    with pytest.raises(ValueError, match="selection_strategy=Odd: .*each of 0 to 3 once"):
        buffer.update_from_dataset(points(torch.zeros(4, 1)))
    assert len(buffer.buffer) == 0


def test_rankings_of_other_types():
    class Reversed(ExemplarsSelectionStrategy):
        def make_sorted_indices(self, strategy, data):
            return np.arange(len(data))[::-1].copy()

    buffer = ParametricBuffer(2, "class", Reversed())
    buffer.update_from_dataset(points(torch.arange(4.0)))
    assert buffer.buffer.batch([0, 1])[0].tolist() == [3.0, 2.0]
    buffer.buffer = points(torch.arange(10.0, 14.0))
    assert buffer.buffer.batch([0, 1])[0].tolist() == [13.0, 12.0]
