"""Checks to run on one's own strategies, plugins, buffers, metrics and benchmarks.

The library's own classes pass the same checks; its tests find them by introspection.
"""

from avalanche.testing.benchmarks import check_benchmark
from avalanche.testing.buffers import check_buffer
from avalanche.testing.metrics import check_metric
from avalanche.testing.strategies import STRATEGY_CHECKS, check_plugin, check_strategy

__all__ = [
    "STRATEGY_CHECKS",
    "check_benchmark",
    "check_buffer",
    "check_metric",
    "check_plugin",
    "check_strategy",
]
