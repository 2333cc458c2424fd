"""Text on the standard output, with a progress bar per epoch and per evaluated experience."""

import atexit
import time
import weakref
from typing import TYPE_CHECKING, Any

from avalanche.logging.text_logging import TextLogger

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["InteractiveLogger"]

_REDRAW_EVERY_S = 0.2


class InteractiveLogger(TextLogger):
    """A :class:`~avalanche.logging.TextLogger` on the standard output, with progress bars.

    Where the output is not a terminal there are no bars, only the text. A bar is one line that is
    written again in place: no thread, no hidden cursor, no redirected stream, so an exception or
    Ctrl-C leaves nothing to repair. What is left of a bar then is an unfinished line, which
    :meth:`close`, the next run, or the end of the program completes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bars: list[_Bar] = []
        self._closes_at_exit = False

    def listens(self, event: str) -> bool:
        """Iterations matter only where there is a terminal to draw on."""
        if event in ("after_training_iteration", "after_eval_iteration"):
            return self._is_terminal()
        return True

    def _is_terminal(self) -> bool:
        return self.file.isatty()

    def _write(self, line: str) -> None:
        if self._bars:
            self._bars[-1].clear()
        super()._write(line)

    def _begin(self, title: str, strategy: Any) -> None:
        if not self._is_terminal():
            return
        if self._bars:
            self._bars[-1].clear()
        if not self._closes_at_exit:  # after an exception that nobody caught
            atexit.register(_close, weakref.ref(self))
            self._closes_at_exit = True
        self._bars.append(_Bar(self, title, _length(strategy.dataloader)))

    def _advance(self) -> None:
        if self._bars:
            self._bars[-1].advance()

    def _end(self) -> None:
        if self._bars:
            self._bars[-1].finish()
            self._bars.pop()

    def before_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the phase."""
        self.close()  # of a run that was interrupted
        super().before_training(strategy, metric_values, **kwargs)

    def before_training_epoch(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Begin a bar."""
        self._begin(f"Epoch {strategy.clock.train_exp_epochs}", strategy)

    def after_training_iteration(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Move the bar."""
        self._advance()

    def after_training_epoch(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """End the bar, report the epoch."""
        self._end()
        super().after_training_epoch(strategy, metric_values, **kwargs)

    def after_training_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Drop the bar of an epoch that was stopped before it began."""
        self.close()

    def before_eval_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the experience, begin a bar."""
        super().before_eval_exp(strategy, metric_values, **kwargs)
        self._begin("Eval", strategy)

    def after_eval_iteration(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Move the bar."""
        self._advance()

    def after_eval_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """End the bar, report the experience."""
        self._end()
        super().after_eval_exp(strategy, metric_values, **kwargs)

    def close(self) -> None:
        """Complete the lines of bars that were interrupted."""
        while self._bars:
            self._bars.pop().abandon()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_bars": [], "_closes_at_exit": False}


def _close(reference: "weakref.ref[InteractiveLogger]") -> None:
    logger = reference()
    if logger is not None:
        logger.close()


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:  # a loader over a stream without an end
        return None


class _Bar:
    """One line of progress, drawn by rich, written by us."""

    def __init__(self, logger: InteractiveLogger, title: str, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._logger = logger
        self._console = Console(file=logger.file)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            auto_refresh=False,
        )
        self._task: TaskID = self._progress.add_task(title, total=total)
        self._done = 0
        self._next = time.monotonic() + _REDRAW_EVERY_S
        self._shown = False

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() >= self._next:
            self._draw()

    def _draw(self) -> None:
        self._progress.update(self._task, completed=self._done)
        with self._console.capture() as capture:
            self._console.print(self._progress.get_renderable(), end="")
        file = self._logger.file
        file.write("\r" + capture.get().rstrip("\n"))
        file.flush()
        self._shown = True
        self._next = time.monotonic() + _REDRAW_EVERY_S

    def clear(self) -> None:
        if self._shown:
            self._logger.file.write("\r\x1b[2K")
            self._shown = False

    def finish(self) -> None:
        self._draw()
        self.abandon()

    def abandon(self) -> None:
        if self._shown:
            self._logger.file.write("\n")
            self._logger.file.flush()
            self._shown = False
