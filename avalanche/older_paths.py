"""Module paths of earlier releases: one table instead of a file for each.

``from avalanche.training.strategies.strategy_wrappers import Naive`` works: a module of that path
is made when it is first imported, with the public names of the modules that the table gives.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["OLDER_PATHS", "OlderPaths", "install"]

_ROOT = "avalanche."
_BUILDERS = ("benchmarks.generators", "benchmarks.scenarios.older_names")
_STRATEGIES = ("training.strategies",)
_TEMPLATES = ("training.templates", "training.templates.older_names")

OLDER_PATHS: dict[str, tuple[str, ...]] = {
    "benchmarks.datasets.core50.core50": ("benchmarks.datasets.core50",),
    "benchmarks.datasets.cub200.cub200": ("benchmarks.datasets.cub200",),
    "benchmarks.datasets.mini_imagenet.mini_imagenet": ("benchmarks.datasets.mini_imagenet",),
    "benchmarks.datasets.tiny_imagenet.tiny_imagenet": ("benchmarks.datasets.tiny_imagenet",),
    "benchmarks.datasets_from_filelists": ("benchmarks.utils.file_datasets",),
    "benchmarks.generators.benchmark_generators": _BUILDERS,
    "benchmarks.generators.scenario_generators": _BUILDERS,
    "benchmarks.scenarios.classification_benchmark_creation": _BUILDERS,
    "benchmarks.scenarios.generic_benchmark_creation": _BUILDERS,
    "benchmarks.scenarios.generic_cl_scenario": ("benchmarks.scenarios",),
    "benchmarks.scenarios.generic_definitions": ("benchmarks.scenarios",),
    "benchmarks.scenarios.generic_scenario_creation": _BUILDERS,
    "benchmarks.scenarios.new_classes.nc_scenario": ("benchmarks.scenarios.new_classes",),
    "benchmarks.scenarios.new_instances.ni_scenario": ("benchmarks.scenarios.new_instances",),
    "benchmarks.scenarios.online_scenario": (
        "benchmarks.scenarios.online",
        "benchmarks.scenarios.older_names",
    ),
    "benchmarks.scenarios.rl_scenario": ("benchmarks.scenarios.reinforcement_learning",),
    "benchmarks.utils.adaptive_transform": ("benchmarks.utils.transforms",),
    "benchmarks.utils.avalanche_dataset": (
        "benchmarks.utils.data",
        "benchmarks.utils.older_names",
    ),
    "benchmarks.utils.datasets_from_filelists": ("benchmarks.utils.file_datasets",),
    "benchmarks.utils.torchvision_wrapper": ("benchmarks.datasets.torchvision_wrapper",),
    "evaluation.eval_protocol": ("training.plugins.eval_protocol",),
    "models.mlp_tiny_imagenet": ("models.simple_mlp",),
    "training.checkpoint": ("checkpointing",),
    "training.strategies.cumulative": _STRATEGIES,
    "training.strategies.cwr_star": _STRATEGIES,
    "training.strategies.ewc": _STRATEGIES,
    "training.strategies.gdumb": _STRATEGIES,
    "training.strategies.joint_training": _STRATEGIES,
    "training.strategies.lwf": _STRATEGIES,
    "training.strategies.naive": _STRATEGIES,
    "training.strategies.replay": _STRATEGIES,
    "training.strategies.strategy_wrappers": _STRATEGIES,
    "training.strategies.strategy_wrappers_online": _STRATEGIES,
    "training.templates.base_online_sgd": _TEMPLATES,
    "training.templates.observation_type": _TEMPLATES,
    "training.templates.observation_type.online_observation": _TEMPLATES,
    "training.templates.observation_type.batch_observation": _TEMPLATES,
    "training.templates.online_supervised": _TEMPLATES,
    "training.templates.problem_type": _TEMPLATES,
    "training.templates.problem_type.supervised_problem": _TEMPLATES,
    "training.templates.update_type": _TEMPLATES,
    "training.templates.update_type.meta_update": _TEMPLATES,
    "training.templates.update_type.sgd_update": _TEMPLATES,
}
"""Older path -> the modules whose public names it has; both below ``avalanche``."""


class OlderPaths:
    """Finds and makes the modules of :data:`OLDER_PATHS`.

    Example:
        >>> from avalanche.training.strategies.strategy_wrappers import Naive
        >>> Naive.__module__
        'avalanche.training.strategies'
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module of an older path; None for all others."""
        if not fullname.startswith(_ROOT) or fullname.removeprefix(_ROOT) not in OLDER_PATHS:
            return None
        loader: Any = self
        return ModuleSpec(fullname, loader, is_package=True)  # some have others below them

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """An ordinary module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put the names into the module."""
        names: dict[str, object] = {}
        for source in OLDER_PATHS[module.__name__.removeprefix(_ROOT)]:
            found = import_module(f"avalanche.{source}")
            names |= _public(found)
        vars(module).update(names, __all__=sorted(names))


def install() -> None:
    """Let the import system ask for older paths, after all that there really is."""
    if not any(isinstance(finder, OlderPaths) for finder in sys.meta_path):
        sys.meta_path.append(OlderPaths())


def _public(module: ModuleType) -> dict[str, object]:
    """What a module exports, or, where it does not say, what of this library is in it."""
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__}
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and str(getattr(value, "__module__", "")).startswith("avalanche.")
    }
