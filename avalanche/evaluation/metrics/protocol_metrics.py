"""The metrics of the first releases by the names they had in an ``EvalProtocol``.

Each gives today's metrics, for experiences and streams.
"""

from typing import Any

from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metrics.accuracy import accuracy_metrics
from avalanche.evaluation.metrics.confusion_matrix import confusion_matrix_metrics
from avalanche.evaluation.metrics.forgetting_bwt import forgetting_metrics
from avalanche.evaluation.metrics.gpu_usage import gpu_usage_metrics
from avalanche.evaluation.metrics.ram_usage import ram_usage_metrics
from avalanche.evaluation.metrics.timing import timing_metrics

__all__ = ["ACC", "CF", "CM", "RAMU", "GPUUsage", "TimeUsage"]

Metrics = list[PluginMetric[Any]]


def ACC(num_class: int | None = None) -> Metrics:
    """Accuracy of each experience and of the stream; the number of classes is not needed."""
    return accuracy_metrics(experience=True, stream=True)


def CF(num_class: int | None = None) -> Metrics:
    """Catastrophic forgetting of each experience and of the stream."""
    return forgetting_metrics(experience=True, stream=True)


def CM(num_class: int | None = None) -> Metrics:
    """The confusion matrix of the stream, with ``num_class`` rows."""
    return confusion_matrix_metrics(num_classes=num_class, save_image=False, stream=True)


def RAMU() -> Metrics:
    """The most memory in use during the evaluation of each experience."""
    return ram_usage_metrics(experience=True)


def GPUUsage(gpu_id: int, every: float = 10) -> Metrics:
    """The highest load of a GPU during the evaluation of each experience."""
    return gpu_usage_metrics(gpu_id, every, experience=True)


def TimeUsage() -> Metrics:
    """Seconds of each training epoch, and of the evaluation of each experience."""
    return timing_metrics(epoch=True, experience=True)
