"""The picture of a confusion matrix."""

import subprocess
import sys
from pathlib import Path

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


def test_does_not_load_pyplot():
    code = (
        "import sys, torch\n"
        "from avalanche.evaluation.cm_image import default_cm_image_creator as draw\n"
        "assert 'matplotlib' not in sys.modules\n"
        "draw(torch.eye(2))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
