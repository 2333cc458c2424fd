"""Metrics: standalone, as plugins that follow a strategy, and what they emit."""

from avalanche.evaluation import metric_definitions, metric_results, metric_utils, metrics
from avalanche.evaluation.metric_definitions import GenericPluginMetric, Metric, PluginMetric

__all__ = [
    "GenericPluginMetric",
    "Metric",
    "PluginMetric",
    "metric_definitions",
    "metric_results",
    "metric_utils",
    "metrics",
]
