"""Checks to run on one's own strategies, plugins, buffers, metrics, models and benchmarks.

The library's own classes pass the same checks; its tests find them by introspection.
"""

from avalanche.testing.benchmarks import check_benchmark
from avalanche.testing.buffers import check_buffer
from avalanche.testing.metrics import check_metric
from avalanche.testing.models import MODEL_CHECKS, check_model
from avalanche.testing.strategies import STRATEGY_CHECKS, check_plugin, check_strategy

__all__ = [
    "MODEL_CHECKS",
    "STRATEGY_CHECKS",
    "check_benchmark",
    "check_buffer",
    "check_metric",
    "check_model",
    "check_plugin",
    "check_strategy",
]
