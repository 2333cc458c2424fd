"""Penalties that remember: usable inside a strategy, an agent, or a loop of one's own."""

from avalanche.training.regularization.agem import AverageGradientEpisodicMemory
from avalanche.training.regularization.base import RegularizationMethod
from avalanche.training.regularization.ewc import ElasticWeightConsolidation
from avalanche.training.regularization.fisher import diagonal_fisher
from avalanche.training.regularization.gem import GradientEpisodicMemory
from avalanche.training.regularization.lwf import LearningWithoutForgetting
from avalanche.training.regularization.mas import MemoryAwareSynapses
from avalanche.training.regularization.quadratic import QuadraticPenalty
from avalanche.training.regularization.synaptic_intelligence import SynapticIntelligencePenalty

__all__ = [
    "AverageGradientEpisodicMemory",
    "ElasticWeightConsolidation",
    "GradientEpisodicMemory",
    "LearningWithoutForgetting",
    "MemoryAwareSynapses",
    "QuadraticPenalty",
    "RegularizationMethod",
    "SynapticIntelligencePenalty",
    "diagonal_fisher",
]
