"""What is refused before any training starts, each with the remedy."""

import difflib
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn

from avalanche.core.events import EVENT_NAMES, check_event_names, implements, keyword_names
from avalanche.core.plugins import BasePlugin
from avalanche.core.whole_numbers import whole_number
from avalanche.models.dynamic_modules import IncrementalClassifier, MultiHeadClassifier
from avalanche.training.plugins.evaluation import EvaluationPlugin
from avalanche.training.skeletons.adapters import as_plugin

__all__ = [
    "REQUIRED",
    "check_arguments",
    "check_count",
    "check_criterion",
    "check_device",
    "check_given",
    "check_hooks",
    "check_keyword",
    "check_plugin",
    "check_plugins",
    "check_stream",
    "make_evaluator",
]


class _Required:
    """No default, where Python asks for one since ``criterion`` before it has one."""

    def __repr__(self) -> str:
        return "<required>"


REQUIRED: Any = _Required()


def check_given(strategy: str, **arguments: Any) -> None:
    """Refuse a call that leaves out arguments whose default is :data:`REQUIRED`.

    Raises:
        TypeError: with the names of those that are missing.
    """
    missing = [name for name, value in arguments.items() if value is REQUIRED]
    if missing:
        raise TypeError(
            f"{strategy} has no default for {' and '.join(missing)}: give "
            f"{', '.join(f'{name}=...' for name in missing)}"
        )


def check_arguments(strategy: type, given: Iterable[str]) -> None:
    """Refuse arguments by name that no constructor of a strategy takes.

    Raises:
        TypeError: with the nearest names.
    """
    own = [vars(base)["__init__"] for base in strategy.__mro__ if "__init__" in vars(base)]
    known = {name for init in own if init is not object.__init__ for name in keyword_names(init)}
    for name in given:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(sorted(known))}"
        )
        raise TypeError(f"{strategy.__name__} has no argument {name!r}; {hint}")


_LOSSES_OF_EVERY_UNIT = (
    *(nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss, nn.MSELoss, nn.L1Loss),
    *(nn.SmoothL1Loss, nn.HuberLoss),
)


def check_criterion(criterion: Any, model: nn.Module) -> None:
    """Refuse what is no criterion, and one that cannot stand masked units.

    Raises:
        TypeError: a class, or nothing that can be called.
        ValueError: label smoothing, or a loss of every unit, on a head that masks with ``-inf``.
    """
    if isinstance(criterion, type) or not callable(criterion):
        raise TypeError(
            f"criterion={criterion!r}: expected a function or an instance that is called with "
            "outputs and targets; pass torch.nn.CrossEntropyLoss(), with the brackets"
        )
    if getattr(criterion, "label_smoothing", 0):
        why = f"label_smoothing={criterion.label_smoothing} gives every unit some probability"
    elif type(criterion) in _LOSSES_OF_EVERY_UNIT:  # a subclass may know what a mask is
        why = f"{type(criterion).__name__} looks at every unit"
    else:
        return
    for name, module in model.named_modules():
        heads = (IncrementalClassifier, MultiHeadClassifier)
        if isinstance(module, heads) and module.masking and module.mask_value == float("-inf"):
            raise ValueError(
                f"criterion: {why}, and {name or 'the model'} masks untrained units with -inf: the "
                "loss would be infinite; build the head with mask_value=-1000 or masking=False"
            )


_OF_TRAIN = {"eval_streams": "eval_streams (of train)"}  # arguments that come by no other way


def check_keyword(name: str, known: set[str]) -> None:
    """Refuse a keyword argument of ``train`` or ``eval`` that nothing takes."""
    if name not in known:
        near = difflib.get_close_matches(name, known | _OF_TRAIN.keys(), n=3, cutoff=0.6)
        near = [_OF_TRAIN.get(n, n) for n in near]
        hint = (
            f"did you mean {' or '.join(near)}?" if near else "known: " + ", ".join(sorted(known))
        )
        raise TypeError(
            f"unknown keyword argument {name!r}: no loader and no plugin takes it; {hint}"
        )


def check_plugins(plugins: Any) -> list[Any]:
    """The plugins as a list of its own, those in the style of flows wrapped.

    Raises:
        TypeError: a plugin that is not in a list.
    """
    if plugins is None:
        return []
    if isinstance(plugins, BasePlugin) or not isinstance(plugins, Iterable):
        raise TypeError(f"plugins={plugins!r}: expected a list of plugins; write plugins=[...]")
    return [as_plugin(plugin) for plugin in plugins]


def check_plugin(plugin: Any, table: Sequence[str]) -> None:
    """Refuse what could never act, and warn of callbacks that this loop does not fire.

    Raises:
        TypeError: a class instead of an instance, or no callback of any event.
        ValueError: a method that looks like an event and is none.
    """
    if isinstance(plugin, type):
        raise TypeError(
            f"plugins: {plugin.__name__} is a class; pass an instance, {plugin.__name__}(...)"
        )
    check_event_names(plugin)
    if not any(has_callback(plugin, event) for event in EVENT_NAMES):
        raise TypeError(
            f"plugins: {plugin!r} implements no event, so it would never be called; derive it "
            "from SupervisedPlugin and override callbacks such as after_training_exp"
        )
    foreign = sorted(n for n in EVENT_NAMES - set(table) if implements(plugin, n))
    if foreign:
        warnings.warn(
            f"{type(plugin).__name__}: {', '.join(foreign)} will never be called, "
            "since this strategy does not fire that event",
            stacklevel=5,
        )


def has_callback(plugin: Any, event: str) -> bool:
    """Whether the plugin has a method for an event, listening to it or not."""
    method = getattr(plugin, event, None)
    return callable(method) and not getattr(method, "__is_noop__", False)


def check_hooks(strategy: type, table: Sequence[str]) -> None:
    """Refuse a method of a strategy that looks like a hook and is none.

    Raises:
        ValueError: naming the method and the nearest hooks.
    """
    hooks = [f"_{event}" for event in table]
    for name in dir(strategy):
        if not name.startswith("_") or name.startswith("__") or name in hooks:
            continue
        near = difflib.get_close_matches(name, hooks, n=2, cutoff=0.9)
        if near and not getattr(getattr(strategy, name), "__is_hook__", False):
            raise ValueError(
                f"{strategy.__name__}.{name}: no hook has this name, so it would never be called; "
                f"did you mean {' or '.join(near)}?"
            )


def check_stream(experiences: Any) -> None:
    """Refuse what is neither an experience nor a stream of them.

    Raises:
        TypeError: naming what was given and what to give.
    """
    if hasattr(experiences, "train_stream"):
        raise TypeError(
            f"experiences={type(experiences).__name__}: a benchmark holds several streams; "
            "pass one, benchmark.train_stream or benchmark.test_stream"
        )
    if hasattr(experiences, "__getitem__") and hasattr(experiences, "targets"):
        raise TypeError(
            f"experiences={type(experiences).__name__}: a data set is no experience; make a "
            "benchmark of it, nc_benchmark(train, test, n_experiences, task_labels=False)"
        )
    if not hasattr(experiences, "dataset") and not isinstance(experiences, Iterable):
        raise TypeError(
            f"experiences={experiences!r}: expected an experience or a stream of experiences"
        )


def check_count(name: str, value: int) -> int:
    """Refuse what is no whole number of at least 1."""
    count = whole_number(value, 1)
    if count is None:
        raise ValueError(f"{name}={value!r}: expected a whole number of at least 1")
    return count


def check_device(device: str | int | torch.device | None) -> torch.device:
    """The device that an argument means; None is the CPU.

    Raises:
        ValueError: no device has this name, or this machine has none of it.

    Example:
        >>> check_device("cpu")
        device(type='cpu')
    """
    try:
        found = torch.device("cpu" if device is None else device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r}: expected 'cpu', 'cuda', 'cuda:1' or another device of torch; use "
            "device='cuda' for a GPU"
        ) from error
    given = f"device={device if isinstance(device, int) else str(device)!r}"
    if found.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise ValueError(f"{given}: no CUDA device is available; use device='cpu'")
        if (found.index or 0) >= count:
            raise ValueError(f"{given}: the last CUDA device is cuda:{count - 1}; use that")
    if found.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"{given}: no MPS device is available; use device='cpu'")
    return found


def make_evaluator(
    evaluator: EvaluationPlugin | Callable[[], EvaluationPlugin] | None,
) -> EvaluationPlugin:
    """The evaluator that an argument means.

    Raises:
        TypeError: neither an evaluator nor a function that makes one.
    """
    if evaluator is None:
        return EvaluationPlugin()
    if not isinstance(evaluator, EvaluationPlugin) and not callable(evaluator):
        raise TypeError(
            f"evaluator={evaluator!r}: expected an EvaluationPlugin; write "
            "EvaluationPlugin(accuracy_metrics(epoch=True), loggers=[...])"
        )
    made = evaluator if isinstance(evaluator, EvaluationPlugin) else evaluator()
    if not isinstance(made, EvaluationPlugin):
        raise TypeError(
            f"evaluator={evaluator!r}: expected an EvaluationPlugin, a function that returns one, "
            "or None"
        )
    return made
