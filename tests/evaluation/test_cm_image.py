"""The picture of a confusion matrix."""

import sys

import numpy as np
import pytest
import torch

from avalanche.evaluation.cm_image import default_cm_image_creator


@pytest.mark.parametrize("matrix", [torch.tensor([[3, 0], [1, 2]]), torch.rand(12, 12).double()])
def test_draws_a_picture(matrix):
    image = default_cm_image_creator(matrix, include_values=True, image_title="title")
    pixels = np.asarray(image)
    assert image.mode == "RGB"
    assert min(image.size) >= 300
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


def test_labels_change_the_picture():
    matrix = torch.eye(2)
    plain = np.asarray(default_cm_image_creator(matrix))
    named = np.asarray(default_cm_image_creator(matrix, ["cat", "dog"]))
    assert plain.shape == named.shape
    assert (plain != named).any()


def test_leaves_the_state_of_pyplot_alone():
    if "matplotlib.pyplot" in sys.modules:
        pytest.skip("another test loaded pyplot")
    default_cm_image_creator(torch.eye(2))
    assert "matplotlib.pyplot" not in sys.modules
