"""The metrics, one concept per file."""

from avalanche.evaluation.metrics.accuracy import (
    Accuracy,
    AccuracyPerTaskPluginMetric,
    EpochAccuracy,
    ExperienceAccuracy,
    MinibatchAccuracy,
    RunningEpochAccuracy,
    StreamAccuracy,
    TaskAwareAccuracy,
    TrainedExperienceAccuracy,
    accuracy_metrics,
)
from avalanche.evaluation.metrics.loss import (
    EpochLoss,
    ExperienceLoss,
    LossMetric,
    LossPerTaskPluginMetric,
    MinibatchLoss,
    RunningEpochLoss,
    StreamLoss,
    TaskAwareLoss,
    loss_metrics,
)
from avalanche.evaluation.metrics.mean import Mean, Sum

__all__ = [
    "Accuracy",
    "AccuracyPerTaskPluginMetric",
    "EpochAccuracy",
    "EpochLoss",
    "ExperienceAccuracy",
    "ExperienceLoss",
    "LossMetric",
    "LossPerTaskPluginMetric",
    "Mean",
    "MinibatchAccuracy",
    "MinibatchLoss",
    "RunningEpochAccuracy",
    "RunningEpochLoss",
    "StreamAccuracy",
    "StreamLoss",
    "Sum",
    "TaskAwareAccuracy",
    "TaskAwareLoss",
    "TrainedExperienceAccuracy",
    "accuracy_metrics",
    "loss_metrics",
]
