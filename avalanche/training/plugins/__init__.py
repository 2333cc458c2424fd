"""Plugins: adapters that put a component into a loop, by event name."""

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.plugins.clock import Clock
from avalanche.training.plugins.evaluation import (
    EvaluationPlugin,
    default_evaluator,
    default_loggers,
)
from avalanche.training.plugins.ewc import EWCPlugin
from avalanche.training.plugins.lwf import LwFPlugin
from avalanche.training.plugins.periodic_eval import PeriodicEval
from avalanche.training.plugins.replay import ReplayPlugin

__all__ = [
    "Clock",
    "EWCPlugin",
    "EvaluationPlugin",
    "LwFPlugin",
    "PeriodicEval",
    "ReplayPlugin",
    "SupervisedPlugin",
    "default_evaluator",
    "default_loggers",
]
