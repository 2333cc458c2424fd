"""Builders of benchmarks under their longer names, as 0.6 has them."""

from ...generators import (
    LazyStreamDefinition,
    create_generic_benchmark_from_filelists,
    create_generic_benchmark_from_paths,
    create_generic_benchmark_from_tensor_lists,
    create_lazy_generic_benchmark,
    create_multi_dataset_generic_benchmark,
)

__all__ = [
    "LazyStreamDefinition",
    "create_generic_benchmark_from_filelists",
    "create_generic_benchmark_from_paths",
    "create_generic_benchmark_from_tensor_lists",
    "create_lazy_generic_benchmark",
    "create_multi_dataset_generic_benchmark",
]
