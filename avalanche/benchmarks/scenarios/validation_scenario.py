"""Where 0.6 has the splits for validation."""

from .validation import (
    benchmark_with_validation_stream,
    split_validation_class_balanced,
    split_validation_random,
)

__all__ = [
    "benchmark_with_validation_stream",
    "split_validation_class_balanced",
    "split_validation_random",
]
