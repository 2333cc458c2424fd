"""The options of a whole run, which belong to no benchmark, strategy, model or optimizer."""

from __future__ import annotations

from typing import Any, Literal, Optional

from avalanche.cli.defaults import RUN_DEFAULTS
from avalanche.cli.errors import UsageError
from avalanche.cli.signatures import Option

__all__ = ["RUN_OPTIONS", "check_run_options"]

RUN_OPTIONS = (
    Option("epochs", int, RUN_DEFAULTS["epochs"], "passes over each experience"),
    Option("batch_size", int, RUN_DEFAULTS["batch_size"], "samples of a training batch"),
    Option("eval_batch_size", int, RUN_DEFAULTS["eval_batch_size"],
           "samples of an evaluation batch"),
    Option("eval_every", int, -1,
           "also evaluate the test stream every so many epochs of training; -1: never"),
    Option("peval_mode", Literal["epoch", "iteration", "experience"], "epoch",
           "the unit of --eval_every"),
    Option("experience_size", Optional[int], None,  # noqa: UP045 - a value, not an annotation
           "train on an online stream: parts of so many samples, each an experience of its own"),
    Option("device", str, "auto", "auto (cuda where there is one), cpu, cuda, cuda:1"),
    Option("seeds", int, 1, "how many seeds; results are mean and standard deviation over them"),
    Option("seed", int, 0, "the first seed; it decides weights, order of samples and of classes"),
    Option("out", Optional[str], None,  # noqa: UP045 - a value, not an annotation
           "folder for what is written; default: a new one below runs/"),
    Option("resume", bool, False,
           "go on in the folder --out with the same options, or more seeds or strategies"),
    Option("overwrite", bool, False, "replace the run that the folder --out holds"),
    Option("quiet", bool, False, "print nothing but errors"),
    Option("debug", bool, False, "show the whole traceback of an error"),
    Option("print_config", bool, False, "print the configuration as YAML and do nothing"),
)  # fmt: skip

_AT_LEAST = {"epochs": 1, "batch_size": 1, "eval_batch_size": 1, "eval_every": -1, "seeds": 1,
             "seed": 0}  # fmt: skip

_SEEDS = 2**63


def check_run_options(values: dict[str, Any]) -> None:
    """Refuse numbers out of range and devices that are not there.

    Raises:
        UsageError: the first value that cannot be.
    """
    for key, least in _AT_LEAST.items():
        if values[key] < least:
            raise UsageError(f"--{key}={values[key]}: expected {least} or more")
    size = values["experience_size"]
    if size is not None and size < 1:
        raise UsageError(
            f"--experience_size={size}: expected 1 or more, or null for whole experiences"
        )
    if values["seed"] + values["seeds"] > _SEEDS:
        raise UsageError(
            f"--seed={values['seed']}: expected seeds below 2**63, the last of --seeds included"
        )
    _check_device(values["device"])


def _check_device(device: str) -> None:
    import torch

    if device == "auto":
        return
    expected = f"--device={device}: expected auto, cpu, cuda or cuda:1"
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise UsageError(expected) from error
    if device != "cpu" and found.type != "cuda":
        raise UsageError(expected)
    if found.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"--device={device}: no CUDA device is available; use --device cpu")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(f"--device={device}: the last CUDA device is cuda:{count - 1}")
