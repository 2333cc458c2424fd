"""Values as comma-separated files."""

import csv
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import IO, Any

from avalanche.evaluation.metric_results import MetricValue
from avalanche.evaluation.metric_utils import stream_type
from avalanche.evaluation.trained import trained_position
from avalanche.logging.base_logger import BaseLogger

__all__ = ["CSVLogger"]

_TRAINING = (
    "training_exp",
    "epoch",
    "training_accuracy",
    "val_accuracy",
    "training_loss",
    "val_loss",
)
_EVALUATION = ("eval_exp", "training_exp", "eval_accuracy", "eval_loss", "forgetting", "stream")
_TIDY = (
    "step",
    "trained_experience",
    "phase",
    "stream",
    "experience",
    "task",
    "metric",
    "value",
)


_HEADERS = {"training_results": _TRAINING, "eval_results": _EVALUATION, "metrics": _TIDY}


class CSVLogger(BaseLogger):
    """Writes three files into a folder.

    - ``training_results.csv``: a row per training epoch. Its validation columns hold what was
      measured on the same experience by an evaluation during training (``eval_every``), after that
      epoch; of several streams (``eval_streams``) on the first.
    - ``eval_results.csv``: a row per evaluated experience, with its stream in the last column.
    - ``metrics.csv``: the tidy table, a row per scalar value.

    The first two need accuracy and loss at epoch and experience granularity, and forgetting per
    experience. A cell whose metric was not computed stays empty.

    The first row of a run replaces files that are there already. A run that goes on from a
    checkpoint adds its rows to them; what was measured after that checkpoint and before the run was
    stopped is then there twice. Rows are on the disk after each evaluated experience, those of an
    epoch when the next one begins or the training is over.

    Args:
        log_folder: folder of the files, made if needed; ``csvlogs`` by default.
        append: keep the rows of files that are there already.
    """

    def __init__(self, log_folder: str | Path | None = None, append: bool = False) -> None:
        self.log_folder = Path("csvlogs" if log_folder is None else log_folder)
        self.log_folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, IO[str]] = {}
        self._mode = "a" if append else "w"
        self._epoch_row: dict[str, Any] | None = None
        self._validated: str | None = None  # the stream in the row's validation cells
        self._training_exp: int | None = None
        self._is_training = False
        self._waiting: list[MetricValue] = []
        if not any(self._path(name).exists() for name in _HEADERS):
            self._open()

    def _path(self, name: str) -> Path:
        return self.log_folder / f"{name}.csv"

    def _open(self) -> None:
        for name, header in _HEADERS.items():
            self._files[name] = self._path(name).open(self._mode, newline="", encoding="utf-8")
            if self._files[name].tell() == 0:
                self._write(name, header)
                self._files[name].flush()
        self._mode = "a"  # should close() be called and the run go on

    def _write(self, name: str, cells: Sequence[Any]) -> None:
        if not self._files:
            self._open()
        csv.writer(self._files[name], lineterminator="\n").writerow(cells)

    def on_checkpoint_resume(self) -> None:
        """Keep the rows of the earlier part of the run."""
        self._mode = "a"

    def _flush(self) -> None:
        MetricValue.resolve(self._waiting)
        for value in self._waiting:
            for row in value.tidy():
                self._write("metrics", [row[column] for column in _TIDY])
        self._waiting = []
        for file in self._files.values():
            file.flush()

    def log_metrics(self, metric_values: Sequence[MetricValue]) -> None:
        """Keep values for ``metrics.csv`` until the next row of the other files."""
        self._waiting.extend(metric_values)

    def print_train_metrics(
        self,
        training_exp: int,
        epoch: int,
        train_acc: float | None,
        val_acc: float | None,
        train_loss: float | None,
        val_loss: float | None,
    ) -> None:
        """Write one row of ``training_results.csv``; None leaves a cell empty."""
        row = [training_exp, epoch, *map(_cell, (train_acc, val_acc, train_loss, val_loss))]
        self._write("training_results", row)

    def print_eval_metrics(
        self,
        eval_exp: int,
        training_exp: int | None,
        eval_acc: float | None,
        eval_loss: float | None,
        forgetting: float | None,
        stream: str | None = None,
    ) -> None:
        """Write one row of ``eval_results.csv``; None leaves a cell empty."""
        row = [eval_exp, training_exp, *map(_cell, (eval_acc, eval_loss, forgetting)), stream]
        self._write("eval_results", row)

    def before_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Evaluations are now validations."""
        self._is_training = True

    def before_training_exp(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Note what is learnt."""
        self._finish_epoch()
        self._training_exp = trained_position(strategy.experience)

    def before_training_epoch(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Write the row of the epoch before; evaluations after it are done."""
        self._finish_epoch()

    def after_training_epoch(
        self, strategy: Any, metric_values: Sequence[MetricValue], **kwargs: Any
    ) -> None:
        """Begin a row; an evaluation may follow and fill its validation cells."""
        self._validated = None
        self._epoch_row = {
            "training_exp": self._training_exp,
            "epoch": strategy.clock.train_exp_epochs,
            "train_acc": _find(metric_values, "Top1_Acc_Epoch"),
            "val_acc": None,
            "train_loss": _find(metric_values, "Loss_Epoch"),
            "val_loss": None,
        }

    def after_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Write the last row."""
        self._finish_epoch()
        self._is_training = False

    def after_eval_exp(
        self, strategy: Any, metric_values: Sequence[MetricValue], **kwargs: Any
    ) -> None:
        """Write a row, or fill the validation cells of the epoch before."""
        evaluated = strategy.experience.current_experience
        stream = stream_type(strategy.experience)
        accuracy = _find(metric_values, "Top1_Acc_Exp")
        loss = _find(metric_values, "Loss_Exp")
        if not self._is_training:
            lost = _find(metric_values, "ExperienceForgetting")
            learnt = self._training_exp
            if learnt is None and strategy.clock.train_exp_counter:  # a run that was resumed
                learnt = strategy.clock.train_exp_counter - 1
            self.print_eval_metrics(evaluated, learnt, accuracy, loss, lost, stream)
        elif (
            self._epoch_row is not None
            and evaluated == self._training_exp
            and self._validated in (None, stream)
        ):
            self._validated = stream
            self._epoch_row.update(val_acc=accuracy, val_loss=loss)
        self._flush_unless_training()

    def after_eval(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Put the rows of the stream on the disk."""
        self._flush_unless_training()

    def _flush_unless_training(self) -> None:
        # Whether the experience is learnt is known only when it is over, or its training goes on.
        if not self._is_training:
            self._flush()

    def _finish_epoch(self) -> None:
        if self._epoch_row is not None:
            self.print_train_metrics(**self._epoch_row)
            self._epoch_row = None
        self._flush()

    def close(self) -> None:
        """Write what is waiting and close the files; a later row opens them again."""
        self._finish_epoch()
        self._is_training = False
        for file in self._files.values():
            file.close()
        self._files = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": {}, "_waiting": []}


def _find(values: Sequence[MetricValue], metric: str) -> float | None:
    for value in values:
        if value.metric == metric and isinstance(value.value, Real):
            return float(value.value)
    return None


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
