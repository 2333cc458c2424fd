"""What was asked for, once everything is read and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Choice", "Request"]

_LOOP = (
    "epochs",
    "batch_size",
    "eval_batch_size",
    "eval_every",
    "peval_mode",
    "experience_size",
    "device",
)


@dataclass(frozen=True)
class Choice:
    """One named thing with its arguments.

    Args:
        name: name of the benchmark, strategy, model or optimizer.
        options: every option with its value; None where it is left to what the thing is used on.
        arguments: those to pass on.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)

    def as_config(self) -> dict[str, Any]:
        """The choice as it stands in a YAML file."""
        return {"name": self.name, **self.options}


@dataclass(frozen=True)
class Request:
    """One experiment: strategies on a benchmark, over seeds.

    Args:
        command: ``"run"`` or ``"compare"``.
        benchmark: the benchmark.
        strategies: the strategies; one for ``run``.
        model: the model.
        optimizer: the optimizer.
        epochs: passes over each experience.
        batch_size: samples of a training batch.
        eval_batch_size: samples of an evaluation batch.
        eval_every: also evaluate every so many epochs during training; -1 never.
        peval_mode: the unit of `eval_every`.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
        seeds: how many seeds.
        seed: the first seed.
        plugins: plugins beside the strategy's own.
        experience_size: samples of a part of an online stream, None for whole experiences.
        out: folder of the run, None for a new one below ``runs``.
        resume: go on in a folder, leaving out what is complete.
        overwrite: replace what the folder holds.
        quiet: print nothing but errors.
        debug: show the whole traceback of an error.
        print_config: print the configuration and do nothing.
    """

    command: str
    benchmark: Choice
    strategies: tuple[Choice, ...]
    model: Choice
    optimizer: Choice
    epochs: int
    batch_size: int
    eval_batch_size: int
    eval_every: int
    peval_mode: str
    device: str
    seeds: int
    seed: int
    plugins: tuple[Choice, ...] = ()
    experience_size: int | None = None
    out: str | None = None
    resume: bool = False
    overwrite: bool = False
    quiet: bool = False
    debug: bool = False
    print_config: bool = False

    def config(self) -> dict[str, Any]:
        """What decides the numbers, as it stands in a YAML file; ``--config`` reads it back."""
        config: dict[str, Any] = {"benchmark": self.benchmark.as_config()}
        if self.command == "run":
            config["strategy"] = self.strategies[0].as_config()
        else:
            config["strategies"] = [choice.name for choice in self.strategies]
            config |= {c.name: dict(c.options) for c in self.strategies if c.options}
        if self.plugins:
            config["plugins"] = [choice.name for choice in self.plugins]
            config |= {c.name: dict(c.options) for c in self.plugins if c.options}
        config["model"] = self.model.as_config()
        config["optimizer"] = self.optimizer.as_config()
        for key in _LOOP:
            config[key] = getattr(self, key)
        return config | {"seeds": self.seeds, "seed": self.seed}

    def option(self, kind: str, strategy: str = "") -> str:
        """How the user writes the group of a kind: ``--strategy``, in a comparison ``--EWC``."""
        if kind == "strategy" and self.command == "compare":
            return f"--{strategy}"
        return f"--{kind}"
