"""Metrics: standalone, as plugins that follow a strategy, and what they emit."""

from avalanche.evaluation import metric_definitions, metric_results, metric_utils, metrics
from avalanche.evaluation.metric_definitions import GenericPluginMetric, Metric, PluginMetric
from avalanche.evaluation.timeline import AvlAccuracy, AvlCE, TimelineMetric

__all__ = [
    "AvlAccuracy",
    "AvlCE",
    "GenericPluginMetric",
    "Metric",
    "PluginMetric",
    "TimelineMetric",
    "metric_definitions",
    "metric_results",
    "metric_utils",
    "metrics",
]
