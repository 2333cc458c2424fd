"""Datasets made when they are needed, as 0.6 has them."""

from ..lazy_dataset_sequence import LazyDatasetSequence

__all__ = [
    "LazyDatasetSequence",
]
