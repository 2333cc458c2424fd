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

    The small experiences of an online stream share one bar and one report with all others that
    were cut from the same experience.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bars: list[_Bar] = []
        self._closes_at_exit = False
        self._announced = False
        self._online: int | None = None  # the experience whose pieces are being learnt

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

    def _begin(self, title: str, total: int | None) -> None:
        if not self._is_terminal():
            return
        if self._bars:
            self._bars[-1].clear()
        if not self._closes_at_exit:  # after an exception that nobody caught
            atexit.register(_close, weakref.ref(self))
            self._closes_at_exit = True
        self._bars.append(_Bar(self, title, total))

    def _advance(self) -> None:
        if self._bars:
            self._bars[-1].advance()

    def _end(self) -> None:
        if self._bars:
            self._bars[-1].finish()
            self._bars.pop()

    def before_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """The phase is announced with its first experience, which may be one more piece."""
        if self._online is None:
            self._abandon_bars()  # of a run that was interrupted
            self._announced = False

    def _announce(self, strategy: Any, metric_values: Any) -> None:
        if not self._announced:
            super().before_training(strategy, metric_values)
            self._announced = True

    def before_training_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the experience; of pieces, the one that they were cut from, with a bar."""
        origin = getattr(strategy.experience, "origin_experience", None)
        position = None if origin is None else int(origin.current_experience)
        if position is not None and position == self._online:
            return
        self._leave_online()
        self._announce(strategy, metric_values)
        if origin is None:
            super().before_training_exp(strategy, metric_values, **kwargs)
            return
        self._online = position
        self._write(f"-- Starting training on experience {position} of an online stream --")
        self._begin(f"Experience {position}", strategy.experience.sub_stream_length)

    def _leave_online(self) -> None:
        """End the bar of pieces and report what was emitted meanwhile."""
        if self._online is not None:
            self._end()
            self._write(f"> Training on experience {self._online} ended.")
            self._online = None
            self._report()

    def before_training_epoch(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Begin a bar, unless it is a piece's epoch."""
        if self._online is None:
            self._begin(f"Epoch {strategy.clock.train_exp_epochs}", _length(strategy.dataloader))

    def after_training_iteration(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Move the bar of the epoch."""
        if self._online is None:
            self._advance()

    def after_training_epoch(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """End the bar, report the epoch."""
        if self._online is None:
            self._end()
            super().after_training_epoch(strategy, metric_values, **kwargs)

    def after_training_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Move the bar of pieces; drop that of an epoch that was stopped before it began."""
        if self._online is None:
            self._abandon_bars()
            return
        self._advance()
        if strategy.experience.is_last_subexp:
            self._leave_online()

    def after_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Close the phase, unless more pieces are to come."""
        if self._online is None:
            self._announce(strategy, metric_values)
            super().after_training(strategy, metric_values, **kwargs)

    def before_eval_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the experience, begin a bar."""
        super().before_eval_exp(strategy, metric_values, **kwargs)
        self._begin("Eval", _length(strategy.dataloader))

    def after_eval_iteration(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Move the bar."""
        self._advance()

    def after_eval_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """End the bar, report the experience."""
        self._end()
        super().after_eval_exp(strategy, metric_values, **kwargs)

    def close(self) -> None:
        """Complete the lines of bars that were interrupted, and drop what was not reported."""
        super().close()
        self._abandon_bars()

    def _abandon_bars(self) -> None:
        while self._bars:
            self._bars.pop().abandon()
        self._online = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_bars": [], "_closes_at_exit": False, "_online": None}


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
