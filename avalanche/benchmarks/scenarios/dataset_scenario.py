"""Benchmarks from lists of datasets as they are: nothing is added to samples or experiences."""

from __future__ import annotations

from collections.abc import Sequence

from ..utils import AvalancheDataset
from .dataset_experience import DatasetExperience
from .generic_scenario import CLScenario
from .streams import EagerCLStream
from .validation import (
    benchmark_with_validation_stream,
    split_validation_class_balanced,
    split_validation_random,
)

__all__ = [
    "DatasetExperience",
    "benchmark_from_datasets",
    "benchmark_with_validation_stream",
    "split_validation_class_balanced",
    "split_validation_random",
]


def benchmark_from_datasets(**dataset_streams: Sequence[AvalancheDataset]) -> CLScenario:
    """A benchmark with one experience per dataset.

    Args:
        dataset_streams: the datasets of every stream, by the stream's name.

    Raises:
        ValueError: if something given is no ``AvalancheDataset``.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> data = AvalancheDataset(TensorDataset(torch.arange(3)))
        >>> benchmark = benchmark_from_datasets(train=[data, data], test=[data])
        >>> [len(e.dataset) for e in benchmark.train_stream]
        [3, 3]
    """
    streams = []
    for name, datasets in dataset_streams.items():
        if isinstance(datasets, AvalancheDataset) or not isinstance(datasets, Sequence):
            raise ValueError(
                f"{name}={type(datasets).__name__}: expected a list of AvalancheDataset, one per "
                f"experience; for a single experience pass {name}=[dataset]"
            )
        for position, dataset in enumerate(datasets):
            if not isinstance(dataset, AvalancheDataset):
                raise ValueError(
                    f"{name}[{position}]={type(dataset).__name__}: expected an AvalancheDataset; "
                    "wrap it with as_classification_dataset(dataset), or AvalancheDataset(dataset)"
                )
        experiences = [
            DatasetExperience(dataset=dataset, current_experience=i)
            for i, dataset in enumerate(datasets)
        ]
        streams.append(EagerCLStream(name, experiences))
    return CLScenario(streams)
