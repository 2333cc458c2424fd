"""Builders of benchmarks, as 0.6 has them."""

from ..data_incremental import data_incremental_benchmark
from ..dataset_builders import dataset_benchmark, tensors_benchmark
from ..file_builders import filelist_benchmark, paths_benchmark
from ..new_classes_builder import nc_benchmark
from ..new_instances_builder import ni_benchmark

__all__ = [
    "data_incremental_benchmark",
    "dataset_benchmark",
    "filelist_benchmark",
    "nc_benchmark",
    "ni_benchmark",
    "paths_benchmark",
    "tensors_benchmark",
]
