"""The path of avalanche-lib 0.6 for the loop in :mod:`avalanche.training.templates.sgd`."""

from avalanche.training.plugins.periodic_eval import PeriodicEval
from avalanche.training.templates.sgd import BaseSGDTemplate

__all__ = ["BaseSGDTemplate", "PeriodicEval"]
