"""Values as text, to a file or to the standard output."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from torch import Tensor

from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricType,
    MetricValue,
    TensorImage,
)
from avalanche.evaluation.metric_utils import phase_and_task, stream_type
from avalanche.logging.base_logger import BaseLogger

__all__ = ["TextLogger"]


class TextLogger(BaseLogger):
    r"""Writes values as lines of text at the end of each epoch, experience and stream.

    Only the last value of each name since the last report is written, so a value per iteration
    does not flood the text. Pictures and the bytes of models are left out.

    A logger that is pickled remembers its file's path and goes on at its end.

    Args:
        file: an open text file; the standard output if None.

    Example:
        >>> from io import StringIO
        >>> text = StringIO()
        >>> logger = TextLogger(text)
        >>> logger.log_single_metric("Loss_Stream/eval_phase/test_stream", 0.5, x_plot=10)
        >>> logger.print_current_metrics()
        >>> text.getvalue()
        '\tLoss_Stream/eval_phase/test_stream = 0.5000\n'
    """

    def __init__(self, file: TextIO | None = None) -> None:
        # A standard stream is looked up at every write: notebooks and tests replace them.
        self._std: str | None = None
        if file is None or file is sys.__stdout__:
            self._std = "stdout"
        elif file is sys.__stderr__:
            self._std = "stderr"
        self._file = file
        self.metric_vals: dict[str, MetricValue] = {}

    @property
    def file(self) -> TextIO:
        """Where the text goes."""
        if self._std is not None:
            stream: TextIO = getattr(sys, self._std)
            return stream
        assert self._file is not None
        return self._file

    def log_single_metric(self, name: str, value: MetricType, x_plot: int) -> None:
        """Keep a value for the next report."""
        self.metric_vals[name] = MetricValue(None, name, value, x_plot)

    def log_metrics(self, metric_values: Sequence[MetricValue]) -> None:
        """Keep values for the next report; they are converted only then."""
        for value in metric_values:
            self.metric_vals[value.name] = value

    def print_current_metrics(self) -> None:
        """Write the values kept, sorted by name."""
        MetricValue.resolve([*self.metric_vals.values()])
        for name in sorted(self.metric_vals):
            value = self.metric_vals[name].value
            items = value.items() if isinstance(value, dict) else [(None, value)]
            for key, item in items:
                text = _as_text(item)
                if text is not None:
                    self._write(f"\t{name if key is None else f'{name}/{key}'} = {text}")

    def _write(self, line: str) -> None:
        file = self.file
        file.write(line + "\n")
        file.flush()

    def _report(self) -> None:
        self.print_current_metrics()
        self.metric_vals = {}

    def before_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the phase."""
        self._write("-- >> Start of training phase << --")

    def before_eval(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the phase."""
        self._write("-- >> Start of eval phase << --")

    def before_training_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the experience."""
        self._write(f"-- Starting training on {_place(strategy)} --")

    def before_eval_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Announce the experience."""
        self._write(f"-- Starting eval on {_place(strategy)} --")

    def after_training_epoch(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Report the epoch."""
        self._write(f"Epoch {strategy.clock.train_exp_epochs} ended.")
        self._report()

    def after_eval_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Report the experience."""
        self._write(f"> Eval on {_place(strategy)} ended.")
        self._report()

    def after_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Close the phase, with what was emitted since its last epoch."""
        self._write("-- >> End of training phase << --")
        self._report()

    def after_eval(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Close the phase and report the stream."""
        self._write("-- >> End of eval phase << --")
        self._report()

    def close(self) -> None:
        """Drop what was not reported: it is of a run that was interrupted."""
        self.metric_vals = {}

    def on_checkpoint_resume(self) -> None:
        """Mark in the text that a run goes on."""
        self._write("[Resuming from checkpoint...]")

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_file"] = None
        state["metric_vals"] = {}
        if self._file is sys.stdout:
            state["_std"] = "stdout"
        elif self._file is sys.stderr:
            state["_std"] = "stderr"
        elif self._std is None:
            name = getattr(self._file, "name", None)
            if not isinstance(name, str):
                raise TypeError(
                    f"file={self._file!r}: a TextLogger can be pickled only if its file has a path "
                    "on the disk or is a standard stream"
                )
            state["_path"] = str(Path(name).resolve())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        path = state.pop("_path", None)
        self.__dict__.update(state)
        if path is not None:
            self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 (kept open)


def _place(strategy: Any) -> str:
    experience = strategy.experience
    _, task = phase_and_task(strategy)
    of_task = "" if task is None else f" (Task {task})"
    number = experience.current_experience
    return f"experience {number}{of_task} from {stream_type(experience)} stream"


_PICTURES = ("matplotlib", "PIL", "wandb")  # packages, not imported for this


def _as_text(value: MetricType) -> str | None:
    """None for what is no text: pictures and the bytes of a model."""
    if isinstance(value, AlternativeValues):
        value = value.best_supported_value(Tensor, np.ndarray, float, int, str)
        if value is None:
            return None
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, (Tensor, np.ndarray)):
        return f"\n{value}"
    if isinstance(value, (TensorImage, LazyValue, bytes)):
        return None
    return None if type(value).__module__.split(".")[0] in _PICTURES else str(value)
