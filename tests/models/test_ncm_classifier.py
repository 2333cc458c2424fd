"""Nearest class mean: distances, masks, momentum, saving."""

import numpy as np
import pytest
import torch
from torch import nn

from avalanche.models import NCMClassifier, TrainEvalModel

INF = float("inf")


@pytest.mark.parametrize("scaled", [True, False], ids=["normalize", "as it is"])
def test_distances_to_the_means(scaled):
    means, x = torch.randn(3, 4), torch.randn(6, 4)
    ncm = NCMClassifier(normalize=scaled)
    ncm.replace_class_means_dict(dict(enumerate(means)))
    points = x.numpy() / (np.linalg.norm(x, axis=1, keepdims=True) if scaled else 1)
    expected = -np.linalg.norm(points[:, None] - means.numpy()[None], axis=2)
    torch.testing.assert_close(ncm(x), torch.from_numpy(expected).float())


def test_row_19_ids_between_seen_classes_never_win():
    ncm = NCMClassifier()
    ncm.update_class_means_dict({0: torch.tensor([1.0, 0.0]), 3: torch.tensor([0.0, 1.0])})
    x = torch.tensor([[-1.0, -0.1], [-0.1, -1.0]])  # far from both: the origin would be nearer
    out = ncm(x)
    assert out[:, 1:3].eq(-INF).all()
    assert out.argmax(1).tolist() == [3, 0]
    assert out.softmax(1).isfinite().all()


def test_row_19_means_load_inside_a_parent():
    def parent():
        return TrainEvalModel(nn.Linear(3, 2), nn.Linear(2, 2), NCMClassifier())

    model = parent()
    model.eval_classifier.update_class_means_dict({1: torch.ones(2), 4: -torch.ones(2)})
    other = parent()
    other.load_state_dict(model.state_dict())
    x = torch.randn(5, 3)
    assert torch.equal(other.eval()(x), model.eval()(x))
    assert set(other.eval_classifier.class_means_dict) == {1, 4}


def test_means_of_avalanche_0_6_load():
    ncm = NCMClassifier()
    ncm.load_state_dict({"class_means": torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])})
    assert ncm.seen.tolist() == [True, False, True]


def test_momentum_moves_old_means_and_not_new_ones():
    ncm = NCMClassifier()
    ncm.update_class_means_dict({0: torch.tensor([1.0, 0.0])}, momentum=0.25)
    assert ncm.class_means[0].tolist() == [1, 0]
    ncm.update_class_means_dict({0: torch.tensor([3.0, 4.0]), 2: torch.ones(2)}, momentum=0.25)
    assert ncm.class_means.tolist() == [[1.5, 1.0], [0.0, 0.0], [1.0, 1.0]]
    ncm.replace_class_means_dict({1: torch.zeros(2)})
    assert ncm.seen.tolist() == [False, True]
    assert ncm.class_means_dict.keys() == {1}


def test_without_means_known_classes_get_equal_logits():
    ncm = NCMClassifier()
    ncm.init_missing_classes([0, 3], class_size=2, device="cpu")
    assert ncm(torch.randn(2, 2)).tolist() == [[0.0] * 4] * 2
    ncm.update_class_means_dict({1: torch.ones(2)})
    assert ncm(torch.randn(2, 2)).isinf().tolist() == [[True, False, True, True]] * 2


@pytest.mark.parametrize(
    ("means", "momentum", "message"),
    [
        ({0: torch.zeros(2)}, 2.0, "momentum=2.0: expected a number between 0 and 1"),
        ({0: torch.zeros(2), 1: torch.zeros(3)}, 0.5, r"means of shapes \[\(2,\), \(3,\)\]"),
        ({0: torch.zeros(2, 2)}, 0.5, r"means of shapes \[\(2, 2\)\]; expected vectors"),
    ],
    ids=["momentum", "lengths", "matrix"],
)
def test_wrong_means_are_refused(means, momentum, message):
    with pytest.raises(ValueError, match=message):
        NCMClassifier().update_class_means_dict(means, momentum)


@pytest.mark.parametrize(
    "wrong", [{0: torch.ones(3), 1: torch.ones(4)}, {0: torch.ones(3), -1: torch.zeros(3)}]
)
@pytest.mark.parametrize("method", ["replace_class_means_dict", "update_class_means_dict"])
def test_means_that_are_refused_leave_the_old_ones(method, wrong):
    ncm = NCMClassifier()
    ncm.replace_class_means_dict({0: torch.ones(3), 1: -torch.ones(3)})
    with pytest.raises(ValueError, match="class_means_dict"):
        getattr(ncm, method)(wrong)
    assert {c: m.tolist() for c, m in ncm.class_means_dict.items()} == {0: [1] * 3, 1: [-1] * 3}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    ncm = NCMClassifier(normalize=False).to(dtype)
    ncm.replace_class_means_dict({0: torch.zeros(3), 1: torch.tensor([0.0, 3, 4])})
    assert ncm.class_means.dtype == dtype
    out = ncm(torch.zeros(1, 3, dtype=dtype))
    assert out.dtype == dtype
    assert out.tolist() == [[0, -5]]
