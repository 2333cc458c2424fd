"""Small data for tests of memories."""

from types import SimpleNamespace

import torch

from avalanche.benchmarks.utils.classification_dataset import (
    _make_taskaware_tensor_classification_dataset as tensor_set,
)


def dataset(targets, first_id=0):
    """Samples whose single feature is a running number."""
    ids = torch.arange(first_id, first_id + len(targets), dtype=torch.float32)
    return tensor_set(ids, torch.tensor(targets))


def experience(targets, first_id=0):
    return SimpleNamespace(dataset=dataset(targets, first_id))
