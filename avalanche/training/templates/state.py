"""State of a strategy: what evaluation must give back, and what a checkpoint holds."""

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.core.own_state import load_own_state, own_state

if TYPE_CHECKING:
    from avalanche.training.templates.base import BaseTemplate
    from avalanche.training.templates.sgd import BaseSGDTemplate

__all__ = ["LoopState", "load_strategy_state", "strategy_state"]

_FIELDS = (
    "experience",
    "is_training",
    "adapted_dataset",
    "dataloader",
    "mbatch",
    "mb_output",
    "loss",
    "current_eval_stream",
)


class LoopState:
    """What an evaluation inside training must put back: loop variables and module modes."""

    def __init__(self, strategy: "BaseTemplate") -> None:
        present = (name for name in _FIELDS if hasattr(strategy, name))
        self._fields = {name: getattr(strategy, name) for name in present}
        self._modes = [(module, module.training) for module in strategy.model.modules()]

    def restore(self, strategy: "BaseTemplate") -> None:
        """Put everything back."""
        for name, value in self._fields.items():
            setattr(strategy, name, value)
        for module, training in self._modes:
            module.training = training


def strategy_state(strategy: "BaseSGDTemplate") -> dict[str, Any]:
    """Model, optimizer, plugins, random state and fields of one's own, as plain values."""
    return {
        "strategy": type(strategy).__name__,
        "model": strategy.model.state_dict(),
        "optimizer": strategy.optimizer.state_dict(),
        "optimizer_kind": type(strategy.optimizer).__name__,
        "optimizer_order": strategy._optimizer_sync.order(strategy.optimizer),
        "updates": strategy.updates.state_dict(),
        **own_state(strategy, strategy._fields_of_the_loop),
        "plugins": [(type(p).__name__, _state_of(p)) for p in strategy.plugins],
        "rng": {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        },
    }


def load_strategy_state(strategy: "BaseSGDTemplate", state: dict[str, Any], benchmark: Any) -> None:
    """Restore what :func:`strategy_state` gave.

    Raises:
        ValueError: the state is of another strategy or other plugins; nothing is changed.
    """
    names = [type(p).__name__ for p in strategy.plugins]
    saved = [name for name, _ in state["plugins"]]
    if state["strategy"] != type(strategy).__name__ or names != saved:
        raise ValueError(
            f"state of {state['strategy']} with plugins {saved} cannot be loaded into "
            f"{type(strategy).__name__} with plugins {names}; build the strategy as it was"
        )
    kind = type(strategy.optimizer).__name__
    if state.get("optimizer_kind", kind) != kind:
        raise ValueError(
            f"state of an optimizer {state['optimizer_kind']} cannot be loaded into {kind}; "
            "build the strategy as it was"
        )
    for plugin, (_, plugin_state) in zip(strategy.plugins, state["plugins"], strict=True):
        if hasattr(plugin, "check_state_dict"):
            plugin.check_state_dict(plugin_state)
    parts = dataset_parts(benchmark)
    context = {"parts": parts, "model": strategy.model}
    # Everything that can be refused is tried on copies first, so that nothing is half loaded.
    for view in _views(state):
        AvalancheDataset.from_state(view, parts)
    copy.deepcopy(strategy.model).load_state_dict(state["model"])
    strategy.model.to(strategy.device).load_state_dict(state["model"])
    strategy.make_optimizer()
    if "optimizer" in state:
        strategy._optimizer_sync.reorder(strategy.optimizer, state["optimizer_order"])
        strategy.optimizer.load_state_dict(state["optimizer"])
    strategy.updates.load_state_dict(state.get("updates", {}))
    load_own_state(strategy, state)
    for plugin, (_, plugin_state) in zip(strategy.plugins, state["plugins"], strict=True):
        if hasattr(plugin, "load_state_dict"):
            plugin.load_state_dict(plugin_state, **context)
    if "rng" in state:
        torch.set_rng_state(state["rng"]["torch"].cpu())
        if state["rng"]["cuda"]:
            torch.cuda.set_rng_state_all([rng.cpu() for rng in state["rng"]["cuda"]])


def dataset_parts(benchmark: Any) -> list[Any]:
    """Every part of every data set of a benchmark, once; views in a state refer to these."""
    if benchmark is None:
        return []
    parts = {
        id(part): part
        for stream in benchmark.streams.values()
        for experience in stream
        for part in experience.dataset.parts
    }
    return list(parts.values())


def _views(state: Any) -> Iterator[dict[str, Any]]:
    """Every reference to stored samples inside a state."""
    if isinstance(state, dict):
        if "fingerprints" in state:
            yield state
        for value in state.values():
            yield from _views(value)
    elif isinstance(state, (list, tuple)):
        for value in state:
            yield from _views(value)


def _state_of(plugin: Any) -> dict[str, Any]:
    get = getattr(plugin, "state_dict", None)
    return dict(get()) if callable(get) else {}
