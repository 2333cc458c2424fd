"""Training: strategies, the plugins and components they are made of, the loops they run in."""

from avalanche.training.regularization import LearningWithoutForgetting
from avalanche.training.storage_policy import (
    BalancedExemplarsBuffer,
    ClassBalancedBuffer,
    ClosestToCenterSelectionStrategy,
    ExemplarsBuffer,
    ExemplarsSelectionStrategy,
    ExperienceBalancedBuffer,
    FeatureBasedExemplarsSelectionStrategy,
    HerdingSelectionStrategy,
    ParametricBuffer,
    RandomExemplarsSelectionStrategy,
    ReservoirSamplingBuffer,
)
from avalanche.training.supervised import (
    EWC,
    AlreadyTrainedError,
    Cumulative,
    JointTraining,
    LwF,
    Naive,
    OnlineNaive,
    Replay,
)
    PNNStrategy,

__all__ = [
    "EWC",
    "AlreadyTrainedError",
    "BalancedExemplarsBuffer",
    "ClassBalancedBuffer",
    "ClosestToCenterSelectionStrategy",
    "Cumulative",
    "ExemplarsBuffer",
    "ExemplarsSelectionStrategy",
    "ExperienceBalancedBuffer",
    "FeatureBasedExemplarsSelectionStrategy",
    "HerdingSelectionStrategy",
    "JointTraining",
    "LearningWithoutForgetting",
    "LwF",
    "Naive",
    "OnlineNaive",
    "ParametricBuffer",
    "RandomExemplarsSelectionStrategy",
    "Replay",
    "ReservoirSamplingBuffer",
    "PNNStrategy",
]
