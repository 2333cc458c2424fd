"""Runs strategies over seeds, and writes down every value as it goes."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import torch
from torch import nn

from avalanche.benchmarks.scenarios import split_online_stream
from avalanche.cli import registry
from avalanche.cli.cost import DivergenceGuard, MemoryWatch, SampleCounter, seconds_now
from avalanche.cli.errors import UsageError
from avalanche.cli.fit import check_fit, found_out, try_out
from avalanche.cli.folder import RunFolder
from avalanche.cli.progress import Bars, Progress, Pulse
from avalanche.cli.request import Choice, Request
from avalanche.report.rows import Row
from avalanche.report.summary import COSTS, summarize

__all__ = ["Trial", "build_benchmark", "build_trial", "check", "provenance", "run_all", "run_trial"]


@dataclass
class Trial:
    """One strategy with one seed, ready to train.

    Args:
        choice: the strategy asked for.
        seed: its seed.
        strategy: the strategy itself.
        benchmark: what it learns.
        upper_bound: it is trained on all data at once.
        counter: samples trained so far.
        experience_size: samples of a part of an online stream, None for whole experiences.
    """

    choice: Choice
    seed: int
    strategy: Any
    benchmark: Any
    upper_bound: bool
    counter: SampleCounter
    experience_size: int | None = None

    @property
    def lessons(self) -> Sequence[Any]:
        """What ``train`` is called with, one after the other."""
        stream = self.benchmark.train_stream
        if self.upper_bound:
            return [stream]
        if self.experience_size is None:
            return cast("Sequence[Any]", stream)
        return [
            split_online_stream([experience], self.experience_size, seed=self.seed)
            for experience in stream
        ]


def is_upper_bound(name: str) -> bool:
    """Return whether a strategy sees all data at once, which no continual learner does."""
    from avalanche.training.supervised import JointTraining

    return issubclass(registry.lookup("strategies", name), JointTraining)


def build_benchmark(request: Request, seed: int) -> Any:
    """Build the benchmark; where no ``benchmark.seed`` was given the run's seed orders the classes.

    Raises:
        UsageError: an argument that the benchmark refuses, or data that is not there.
    """
    choice = request.benchmark
    arguments = dict(choice.arguments)
    if "seed" in choice.options and choice.options["seed"] is None:
        arguments["seed"] = seed
    return _make("--benchmark", choice, registry.lookup("benchmarks", choice.name), arguments)


def build_trial(
    request: Request, choice: Choice, seed: int, benchmark: Any, progress: Progress | None = None
) -> Trial:
    """Build model, optimizer and strategy. Draws initial weights from torch's global generator.

    Args:
        request: what was asked for.
        choice: the strategy.
        seed: the seed, as a label; it is not set here.
        benchmark: what is learnt.
        progress: who is told how far training is.

    Raises:
        UsageError: an argument that one of them refuses.
    """
    from avalanche.training.plugins import EvaluationPlugin

    model_type = registry.lookup("models", request.model.name)
    arguments = {**found_out(request.model, benchmark), **request.model.arguments}
    model = _make("--model", request.model, model_type, arguments)
    check_fit(model, request.model, benchmark, request.benchmark)
    _make("--model", request.model, try_out, {"model": model, "benchmark": benchmark})
    optimizer = _make("--optimizer", request.optimizer,
                      registry.lookup("optimizers", request.optimizer.name),
                      {"params": model.parameters(), **request.optimizer.arguments})  # fmt: skip
    counter, upper_bound = SampleCounter(), is_upper_bound(choice.name)
    if upper_bound and request.experience_size is not None:
        raise UsageError(
            f"--experience_size={request.experience_size}: {choice.name} learns all data at once; "
            "leave it out"
        )
    lessons = 1 if upper_bound else len(benchmark.train_stream)
    plugins = [
        _make(f"--{c.name}", c, registry.lookup("plugins", c.name), dict(c.arguments))
        for c in request.plugins
    ]
    pulse = [Pulse(progress, lessons)] if isinstance(progress, Bars) else []
    loop = {
        "train_mb_size": request.batch_size,
        "train_epochs": request.epochs,
        "eval_mb_size": request.eval_batch_size,
        "eval_every": request.eval_every,
        "peval_mode": request.peval_mode,
        "device": device_of(request),
        "plugins": [*plugins, counter, DivergenceGuard(), *pulse],
        "evaluator": EvaluationPlugin(*_metrics(), loggers=None, collect_all=True),
    }
    strategy = _make(
        request.option("strategy", choice.name),
        choice,
        registry.lookup("strategies", choice.name),
        {"model": model, "optimizer": optimizer, "criterion": nn.CrossEntropyLoss(),
         **loop, **choice.arguments},
    )  # fmt: skip
    return Trial(choice, seed, strategy, benchmark, upper_bound, counter, request.experience_size)


def check(request: Request) -> None:
    """Build everything once, so that wrong arguments fail before any training starts.

    Raises:
        UsageError: something cannot be built.
    """
    with _own_randomness(request):
        benchmark = build_benchmark(request, request.seed)
        for choice in request.strategies:
            build_trial(request, choice, request.seed, benchmark)


def run_all(request: Request, folder: RunFolder, progress: Progress) -> None:
    """Train every strategy with every seed that the folder does not have yet.

    Seeds come first, strategies second: a run that is stopped early has something of each.
    """
    seeds = range(request.seed, request.seed + request.seeds)
    done = set(folder.finished)
    for seed in seeds:
        waiting = [c for c in request.strategies if (c.name, seed) not in done]
        if not waiting:
            continue
        benchmark = build_benchmark(request, seed)
        for choice in waiting:
            with _own_randomness(request):
                torch.manual_seed(seed)
                trial = build_trial(request, choice, seed, benchmark, progress)
                epochs = request.epochs * len(trial.lessons)
                progress.start(f"{choice.name}, seed {seed}", epochs)
                rows: list[Row] = []
                for block in run_trial(trial):
                    folder.append(block)
                    rows += block
            folder.finish(choice.name, seed)
            progress.finish(_result(rows))


def run_trial(trial: Trial) -> Iterator[list[Row]]:
    """Train one experience after the other and evaluate the test stream after each.

    Of an online stream, all parts of an experience come between two evaluations, and rows count
    experiences, not parts.

    Yields:
        After each experience, the rows that are new.
    """
    strategy, device = trial.strategy, trial.strategy.device
    test_stream = trial.benchmark.test_stream
    seen = 0
    for number, lesson in enumerate(trial.lessons, start=1):
        samples, aside = trial.counter.samples, trial.counter.evaluation_seconds
        with MemoryWatch(device) as memory:
            start = seconds_now(device)
            strategy.train(lesson, [test_stream] if strategy.eval_every > -1 else None)
            trained = seconds_now(device)
            train_seconds = trained - start - (trial.counter.evaluation_seconds - aside)
            in_training = len(strategy.evaluator.table()) - seen
            strategy.eval(test_stream)
            evaluated = seconds_now(device)
        table = strategy.evaluator.table()
        rows = [Row(strategy=trial.choice.name, seed=trial.seed, **_cells(e)) for e in table[seen:]]
        seen = len(table)
        if trial.experience_size is not None:
            rows = [
                replace(row, trained_experience=number - (place < in_training))
                for place, row in enumerate(rows)
            ]
        costs: dict[str, float | None] = {
            "train_seconds": train_seconds,
            "eval_seconds": evaluated - trained,
            "samples_per_second": (trial.counter.samples - samples) / train_seconds,
            "peak_memory_mib": memory.peak_mib,
            "peak_gpu_memory_mib": memory.peak_gpu_mib,
            "parameters": float(sum(p.numel() for p in strategy.model.parameters())),
        }
        yield rows + [
            Row(trial.choice.name, trial.seed, strategy.clock.train_iterations,
                rows[-1].trained_experience, "cost", "", None, None, COSTS[key], value)
            for key, value in costs.items()
            if value is not None
        ]  # fmt: skip


def provenance(request: Request, command: str) -> dict[str, Any]:
    """Return what a run notes about itself, for whoever wants to repeat it."""
    import numpy as np
    import torchvision

    import avalanche

    benchmark = build_benchmark(request, request.seed)
    return {
        "command": command,
        "created": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        "seeds": list(range(request.seed, request.seed + request.seeds)),
        "device": device_of(request),
        "found_out": {"model": found_out(request.model, benchmark)},
        "versions": {
            "avalanche": avalanche.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "torchvision": str(torchvision.__version__),
            "numpy": np.__version__,
            "platform": f"{sys.platform} {platform.machine()}, {torch.get_num_threads()} threads",
        },
    }


def device_of(request: Request) -> str:
    """Return the device to train on; ``auto`` is CUDA where there is one."""
    if request.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return request.device


def _own_randomness(request: Request) -> AbstractContextManager[None]:
    """Leave torch's global generators as they were, those of the device used included."""
    device = device_of(request)
    return torch.random.fork_rng([] if device == "cpu" else [device])


def _metrics() -> list[Any]:
    from avalanche.evaluation.metrics import (
        accuracy_metrics,
        bwt_metrics,
        forgetting_metrics,
        loss_metrics,
        timing_metrics,
    )

    return [
        accuracy_metrics(epoch=True, experience=True, stream=True, trained_experience=True),
        loss_metrics(epoch=True, experience=True, stream=True),
        forgetting_metrics(experience=True, stream=True),
        bwt_metrics(experience=True, stream=True),
        timing_metrics(epoch=True),
    ]


def _cells(entry: dict[str, Any]) -> dict[str, Any]:
    """The cells of an evaluator's row that a tidy row has, with plain values."""
    return {
        "step": int(entry["step"]),
        "trained_experience": int(entry["trained_experience"] or 0),
        "phase": entry["phase"] or "",
        "stream": entry["stream"] or "",
        "experience": entry["experience"],
        "task": entry["task"],
        "metric": entry["metric"],
        "value": float(entry["value"]),
    }


def _make(group: str, choice: Choice, target: Any, arguments: dict[str, Any]) -> Any:
    """Call a constructor; what it refuses becomes a line that names the option."""
    try:
        return target(**arguments)
    except (TypeError, ValueError, FileNotFoundError, NotADirectoryError) as error:
        reason = _advice_for_options(" ".join(str(error).split()), choice)
        name, equals, rest = reason.partition("=")
        # A part deep inside may call the argument otherwise; its value tells which one it was.
        value = rest.partition(":")[0]
        same = [key for key, given in choice.options.items() if str(given) == value]
        if equals and name in choice.options:
            raise UsageError(f"{group}.{reason}") from error
        if equals and len(same) == 1:
            raise UsageError(f"{group}.{same[0]}={rest}") from error
        who = group if group == f"--{choice.name}" else f"{group} {choice.name}"
        raise UsageError(f"{who}: {reason}") from error


def _advice_for_options(reason: str, choice: Choice) -> str:
    """Leave out the advice to give an argument instead that only Python has here.

    Example:
        >>> _advice_for_options("expected 1 or 2, or per_exp_classes", Choice("SplitDigits"))
        'expected 1 or 2'
    """
    return re.sub(
        r", or ([a-z]+_\w+)$", lambda found: found[0] * (found[1] in choice.options), reason
    )


def _result(rows: Sequence[Row]) -> str:
    summary = summarize(rows)[0]
    accuracy = summary.final_accuracy.text(1, scale=100)
    return f"final accuracy {accuracy}%, trained in {summary.train_seconds.text(1)} s"
