"""Progress of an experiment: bars in a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Protocol

from avalanche.core import SupervisedPlugin

__all__ = ["Bars", "Lines", "Progress", "Pulse", "is_terminal", "make_progress"]


class Progress(Protocol):
    """What an experiment tells about its progress."""

    def __enter__(self) -> Progress:
        """Begin."""

    def __exit__(self, *exception: object) -> None:
        """End; nothing of a bar stays on the screen."""

    def start(self, label: str, epochs: int) -> None:
        """A strategy starts with a seed, to train that many epochs in all."""

    def step(self, what: str, epochs: float) -> None:
        """`epochs` of them are done; `what` goes on now."""

    def finish(self, result: str) -> None:
        """The strategy is done with the seed."""


class Lines:
    """One line when a strategy is done with a seed; the progress of pipes, logs and CI.

    Args:
        trials: how many pairs of strategy and seed there are.
        quiet: not even that.
    """

    def __init__(self, trials: int, quiet: bool = False) -> None:
        self._trials, self._done, self._quiet, self._label = trials, 0, quiet, ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing to take down."""

    def start(self, label: str, epochs: int) -> None:
        """Remember who runs."""
        self._label = label

    def step(self, what: str, epochs: float) -> None:
        """No line for that."""

    def finish(self, result: str) -> None:
        """Write the line."""
        self._done += 1
        if not self._quiet:
            sys.stdout.write(f"[{self._done}/{self._trials}] {self._label}: {result}\n")
            sys.stdout.flush()


class Bars:
    """Two bars: all strategies and seeds, and the one that runs now.

    Args:
        trials: how many pairs of strategy and seed there are.
    """

    def __init__(self, trials: int) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            transient=True,
            expand=True,
        )
        self._all = self._bars.add_task("all runs", total=trials)
        self._one = self._bars.add_task("", total=1, visible=False)
        self._label, self._whole = "", 1

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bars.stop()

    def start(self, label: str, epochs: int) -> None:
        """Set the second bar to zero."""
        self._label, self._whole = label, epochs
        self._bars.reset(self._one, total=epochs, description=label, visible=True)

    def step(self, what: str, epochs: float) -> None:
        """Move the second bar; counted in whole epochs."""
        self._bars.update(self._one, completed=int(epochs), description=f"{self._label}: {what}")

    def finish(self, result: str) -> None:
        """Move the first bar and leave a line with the result above both."""
        self._bars.update(self._one, completed=self._whole)
        self._bars.advance(self._all)
        self._bars.console.print(f"{self._label}: {result}", highlight=False)


class Pulse(SupervisedPlugin, supports_distributed=True):
    """Tells the progress how far training is, at most ten times a second.

    Args:
        progress: who is told.
        experiences: how many trainings there are.
    """

    def __init__(self, progress: Progress, experiences: int) -> None:
        self._progress, self._experiences = progress, experiences
        self._epochs = 0
        self._told = 0.0

    def after_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Tell, unless that was just done."""
        now = time.monotonic()
        if now - self._told > 0.1:
            self._told = now
            self._tell(strategy, (strategy.clock.train_epoch_iterations + 1))

    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """One more epoch."""
        self._epochs += 1
        self._tell(strategy, 0)

    def _tell(self, strategy: Any, iterations: int) -> None:
        part = iterations / max(1, len(strategy.dataloader)) if iterations else 0.0
        place = min(strategy.clock.train_exp_counter + 1, self._experiences)
        what = f"experience {place} of {self._experiences}"
        self._progress.step(
            what if self._experiences > 1 else "all data", self._epochs + min(part, 1.0)
        )


def is_terminal() -> bool:
    """Return whether a person watches: standard output is a terminal, and this is not CI."""
    return sys.stdout.isatty() and not os.environ.get("CI")


def make_progress(trials: int, *, quiet: bool) -> Progress:
    """Return bars for a terminal, lines elsewhere, nothing if `quiet`."""
    return Bars(trials) if is_terminal() and not quiet else Lines(trials, quiet)
