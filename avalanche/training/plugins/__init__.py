"""Plugins: adapters that put a component into a loop, by event name."""

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.plugins.agem import AGEMPlugin
from avalanche.training.plugins.clock import Clock
from avalanche.training.plugins.cope import CoPEPlugin, PPPloss
from avalanche.training.plugins.cwr_star import CWRStarPlugin
from avalanche.training.plugins.early_stopping import EarlyStoppingPlugin
from avalanche.training.plugins.evaluation import (
    EvaluationPlugin,
    default_evaluator,
    default_loggers,
)
from avalanche.training.plugins.ewc import EWCPlugin
from avalanche.training.plugins.from_scratch_training import FromScratchTrainingPlugin
from avalanche.training.plugins.gdumb import GDumbPlugin
from avalanche.training.plugins.gem import GEMPlugin
from avalanche.training.plugins.lr_scheduling import LRSchedulerPlugin
from avalanche.training.plugins.lwf import LwFPlugin
from avalanche.training.plugins.mas import MASPlugin
from avalanche.training.plugins.periodic_eval import PeriodicEval
from avalanche.training.plugins.replay import ReplayPlugin
from avalanche.training.plugins.storage_policies import (
    ClassBalancedStoragePolicy,
    ExperienceBalancedStoragePolicy,
    StoragePolicy,
)
from avalanche.training.plugins.strategy_plugin import StrategyCallbacks, StrategyPlugin
from avalanche.training.plugins.synaptic_intelligence import SynapticIntelligencePlugin

__all__ = [
    "AGEMPlugin",
    "CWRStarPlugin",
    "ClassBalancedStoragePolicy",
    "Clock",
    "CoPEPlugin",
    "EWCPlugin",
    "EarlyStoppingPlugin",
    "EvaluationPlugin",
    "ExperienceBalancedStoragePolicy",
    "FromScratchTrainingPlugin",
    "GDumbPlugin",
    "GEMPlugin",
    "LRSchedulerPlugin",
    "LwFPlugin",
    "MASPlugin",
    "PPPloss",
    "PeriodicEval",
    "ReplayPlugin",
    "StoragePolicy",
    "StrategyCallbacks",
    "StrategyPlugin",
    "SupervisedPlugin",
    "SynapticIntelligencePlugin",
    "default_evaluator",
    "default_loggers",
]
