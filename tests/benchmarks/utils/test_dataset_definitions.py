"""The protocols fit the data they describe."""

import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks.utils import PathsDataset
from avalanche.benchmarks.utils.dataset_definitions import (
    IClassificationDataset,
    IDataset,
    ITensorDataset,
)


def test_protocols_name_what_data_has():
    tensors: ITensorDataset = TensorDataset(torch.zeros(2))
    paths: IClassificationDataset = PathsDataset(None, [("a.png", 1)])
    data: IDataset = paths
    assert (len(tensors.tensors), paths.targets, len(data)) == (1, [1], 1)
