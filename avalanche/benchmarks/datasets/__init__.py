"""Data sets, read from their original files."""

from .dataset_utils import default_dataset_location
from .digits import digits_tensors
from .idx import read_idx
from .mnist import mnist_dataset, mnist_tensors

__all__ = [
    "default_dataset_location",
    "digits_tensors",
    "mnist_dataset",
    "mnist_tensors",
    "read_idx",
]
