"""Finds what the library offers, by what its packages export: nothing is registered by hand."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from importlib import import_module
from typing import Any

from avalanche.cli.errors import UsageError, nearest
from avalanche.cli.signatures import out_of_reach, plain_text

__all__ = ["KINDS", "SINGULAR", "describe", "find", "lookup"]

SINGULAR = {
    "benchmarks": "benchmark",
    "strategies": "strategy",
    "plugins": "plugin",
    "metrics": "metric",
    "models": "model",
    "optimizers": "optimizer",
}

_CARRIED = ("Clock", "EvaluationPlugin", "PeriodicEval")  # by every strategy
KINDS = ("benchmarks", "strategies", "plugins", "metrics", "models")
"""What `avalanche list` can list."""


def find(kind: str) -> dict[str, Any]:
    """Return everything of one kind that the command line can make, by name, in alphabetical order.

    What needs an argument that only Python can give is left out.

    Args:
        kind: ``"benchmarks"`` (functions of `avalanche.benchmarks.classic`), ``"strategies"``,
            ``"plugins"``, ``"metrics"`` (the helpers ``*_metrics``), ``"models"`` or
            ``"optimizers"`` (those of `torch.optim`).

    Raises:
        UsageError: another kind.

    Example:
        >>> "SplitDigits" in find("benchmarks")
        True
    """
    if kind not in _FINDERS:
        raise UsageError(f"{kind}: not a kind of thing; choose {', '.join(KINDS)}")
    every = _every(kind)
    given = _GIVEN_BY_THE_RUN.get(kind, ())
    return {
        name: every[name]
        for name in sorted(every, key=str.lower)
        if kind == "metrics" or not out_of_reach(every[name], skip=given)
    }


def lookup(kind: str, name: str, option: str | None = None) -> Any:
    """Return the one thing of that name.

    Args:
        kind: of which kind it is, such as ``"strategies"``.
        name: its name.
        option: the option that gave the name; by default the kind's own, ``"strategy"``.

    Raises:
        UsageError: nothing has that name; the message gives the nearest right names.

    Example:
        >>> lookup("strategies", "Reply")
        Traceback (most recent call last):
        avalanche.cli.errors.UsageError: --strategy=Reply: there is no such strategy; did you mean \
Replay? `avalanche list strategies` shows all
    """
    known = find(kind)
    if name in known:
        return known[name]
    singular = SINGULAR[kind]
    option = singular if option is None else option
    if name in _every(kind):
        missing = out_of_reach(_every(kind)[name], skip=_GIVEN_BY_THE_RUN.get(kind, ()))
        raise UsageError(
            f"--{option}={name}: needs {' and '.join(missing)}, which only Python can give"
        )
    close = nearest(name, known)
    listing = f"`avalanche list {kind}` shows all" if kind in KINDS else ""
    if close:
        hint = f"did you mean {' or '.join(close)}? {listing}".rstrip()
    else:
        hint = "; ".join(filter(None, [f"choose {', '.join(known)}", listing]))
    raise UsageError(f"--{option}={name}: there is no such {singular}; {hint}")


def _every(kind: str) -> dict[str, Any]:
    """All that the package exports of a kind, needs aside."""
    package, wanted = _FINDERS[kind]
    module = import_module(package)
    names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    found = {name: getattr(module, name) for name in names}
    return {name: thing for name, thing in found.items() if wanted(name, thing)}


def describe(thing: Any) -> str:
    """Return the first line of a docstring, or nothing where there is none.

    Example:
        >>> describe(describe)
        'Return the first line of a docstring, or nothing where there is none.'
    """
    text = inspect.getdoc(thing) or ""
    return plain_text(text.strip().splitlines()[0]) if text.strip() else ""


def _is_benchmark(name: str, thing: Any) -> bool:
    return inspect.isfunction(thing)


def _is_strategy(name: str, thing: Any) -> bool:
    from avalanche.training.templates.base import BaseTemplate

    return inspect.isclass(thing) and issubclass(thing, BaseTemplate) and name[0].isupper()


def _is_plugin(name: str, thing: Any) -> bool:
    """Whether it does something for a strategy that has it, and which not every one has anyway."""
    from avalanche.core import BasePlugin
    from avalanche.core.events import EVENT_NAMES
    from avalanche.training.templates.checks import has_callback

    if not (inspect.isclass(thing) and issubclass(thing, BasePlugin)):
        return False
    acts = any(has_callback(thing, event) for event in EVENT_NAMES)
    return acts and not inspect.isabstract(thing) and name not in _CARRIED


def _is_metric(name: str, thing: Any) -> bool:
    return inspect.isfunction(thing) and name.endswith("_metrics")


def _is_model(name: str, thing: Any) -> bool:
    from torch.nn import Module

    if inspect.isfunction(thing) and name[0].isupper():  # SlimResNet18
        thing = typing.get_type_hints(thing).get("return")
    if not inspect.isclass(thing) or inspect.isabstract(thing) or name in _PARTS:
        return False
    return issubclass(thing, Module)


def _is_optimizer(name: str, thing: Any) -> bool:
    from torch.optim import Optimizer

    if not inspect.isclass(thing) or name in _SPECIAL_OPTIMIZERS:
        return False
    return issubclass(thing, Optimizer) and thing is not Optimizer


# They need a closure, sparse gradients, a model of matrices only.
_SPECIAL_OPTIMIZERS = {"LBFGS", "SparseAdam", "Muon"}

_GIVEN_BY_THE_RUN = {"strategies": ("model", "optimizer"), "optimizers": ("params",)}


# Modules to build models from, and models of sequences: they cannot learn a benchmark of images.
_PARTS = {
    "CosineIncrementalClassifier",
    "CosineLinear",
    "DynamicModule",
    "FeatureExtractorBackbone",
    "FeatureExtractorModel",
    "Flatten",
    "IncrementalClassifier",
    "LinearAdapter",
    "MLP",
    "MLPAdapter",
    "MTSimpleSequenceClassifier",
    "MultiHeadClassifier",
    "MultiTaskModule",
    "NCMClassifier",
    "PNNColumn",
    "PNNLayer",
    "SimpleSequenceClassifier",
    "TrainEvalModel",
}

_FINDERS: dict[str, tuple[str, Callable[[str, Any], bool]]] = {
    "benchmarks": ("avalanche.benchmarks.classic", _is_benchmark),
    "strategies": ("avalanche.training.supervised", _is_strategy),
    "plugins": ("avalanche.training.plugins", _is_plugin),
    "metrics": ("avalanche.evaluation.metrics", _is_metric),
    "models": ("avalanche.models", _is_model),
    "optimizers": ("torch.optim", _is_optimizer),
}
