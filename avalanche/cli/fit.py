"""Fits a model to a benchmark: sizes that are found out, and what does not go together."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from avalanche.cli.errors import UsageError
from avalanche.cli.request import Choice

__all__ = ["SIZES", "check_fit", "found_out", "try_out"]

_CLASSES, _VALUES, _CHANNELS = "classes", "values", "channels"

SIZES = {
    "num_classes": _CLASSES,
    "n_classes": _CLASSES,
    "nclasses": _CLASSES,
    "input_size": _VALUES,
    "in_features": _VALUES,
    "in_channels": _CHANNELS,
    "input_channels": _CHANNELS,
    "num_channels": _CHANNELS,
    "c": _CHANNELS,
}
"""Arguments of models that the benchmark decides, and what they are of it."""


def found_out(model: Choice, benchmark: Any) -> dict[str, int]:
    """Return the sizes that the model takes and the benchmark decides."""
    wanted = {name: SIZES[name] for name, value in model.options.items()
              if name in SIZES and value is None}  # fmt: skip
    if not wanted:
        return {}
    sample = benchmark.train_stream[0].dataset.eval()[0][0]
    sizes = {
        _CLASSES: 1 + max(max(e.classes_in_this_experience) for e in benchmark.train_stream),
        _VALUES: int(sample.numel()),
        _CHANNELS: int(sample.shape[0]) if sample.dim() == 3 else 1,
    }
    return {name: sizes[kind] for name, kind in wanted.items()}


def check_fit(model: nn.Module, choice: Choice, benchmark: Any, benchmark_choice: Choice) -> None:
    """Refuse a model with a head per task where every experience is of the same task.

    Raises:
        UsageError: naming both, and what to choose instead.
    """
    from avalanche.models import is_multi_task_module

    stream = benchmark.train_stream
    if not is_multi_task_module(model) or len(stream) < 2:
        return
    tasks = {int(t) for e in stream for t in getattr(e, "task_labels", None) or [0]}
    if len(tasks) > 1:
        return
    switch = "return_task_id" in benchmark_choice.options
    remedy = "add --benchmark.return_task_id true, or " if switch else ""
    raise UsageError(
        f"--model={choice.name}: it learns each task apart, by its task label, and all "
        f"{len(stream)} experiences of {benchmark_choice.name} have the label {tasks.pop()}; "
        f"{remedy}choose a model with one head, such as SimpleMLP"
    )


def try_out(model: nn.Module, benchmark: Any) -> None:
    """Let a model answer one sample, which must not change it.

    Raises:
        ValueError: it cannot; the message says why.
    """
    from avalanche.models import avalanche_forward

    experience = benchmark.train_stream[0]
    x = experience.dataset.eval()[0][0]
    tasks = list(getattr(experience, "task_labels", None) or [0])
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            avalanche_forward(model, x[None], torch.tensor([tasks[0]]))
    except RuntimeError as error:  # torch's own words for shapes that do not match
        raise ValueError(f"it cannot take samples of shape {tuple(x.shape)}: {error}") from error
    finally:
        for module, training in modes:
            module.training = training
