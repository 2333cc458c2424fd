"""Skeletons: strategies as ordered trees of named steps whose values go by name."""

from avalanche.training.skeletons.adapters import FlowPlugin, as_plugin
from avalanche.training.skeletons.flow_group import FlowGroup
from avalanche.training.skeletons.strategy_flow import StrategyFlow
from avalanche.training.skeletons.strategy_parts import (
    TestingFlow,
    TrainingFlow,
    make_strategy_part_decorator,
)
from avalanche.training.skeletons.strategy_skeleton import StrategySkeleton
from avalanche.training.skeletons.strategy_template import IStrategy, StrategyTemplate

__all__ = [
    "FlowGroup",
    "FlowPlugin",
    "IStrategy",
    "StrategyFlow",
    "StrategySkeleton",
    "StrategyTemplate",
    "TestingFlow",
    "TrainingFlow",
    "as_plugin",
    "make_strategy_part_decorator",
]
