"""Training: strategies, the plugins and components they are made of, the loops they run in."""

from avalanche.training.regularization import LearningWithoutForgetting
from avalanche.training.storage_policy import (
    BalancedExemplarsBuffer,
    ClassBalancedBuffer,
    ExemplarsBuffer,
    ExperienceBalancedBuffer,
    ReservoirSamplingBuffer,
)
from avalanche.training.supervised import (
    EWC,
    AlreadyTrainedError,
    Cumulative,
    JointTraining,
    LwF,
    Naive,
    Replay,
)

__all__ = [
    "EWC",
    "AlreadyTrainedError",
    "BalancedExemplarsBuffer",
    "ClassBalancedBuffer",
    "Cumulative",
    "ExemplarsBuffer",
    "ExperienceBalancedBuffer",
    "JointTraining",
    "LearningWithoutForgetting",
    "LwF",
    "Naive",
    "Replay",
    "ReservoirSamplingBuffer",
]
