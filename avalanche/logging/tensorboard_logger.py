"""Values for TensorBoard."""

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avalanche.evaluation.metric_results import AlternativeValues, MetricType, TensorImage
from avalanche.logging.base_logger import BaseLogger

__all__ = ["TensorboardLogger"]


class TensorboardLogger(BaseLogger):
    """Writes numbers, pictures and figures for TensorBoard.

    Every value is written when it is emitted, so a metric per iteration waits for the device at
    each iteration. The file is complete after each call of ``train`` or ``eval``, and at the end of
    the program. Look at them with ``tensorboard --logdir <tb_log_dir>``.

    Args:
        tb_log_dir: folder of the event files, made if needed, or a remote address that TensorBoard
            understands, as ``s3://...``.
        filename_suffix: ending of the event files' names.

    Raises:
        ModuleNotFoundError: the package ``tensorboard`` is not installed.
    """

    def __init__(self, tb_log_dir: str | Path = "./tb_data", filename_suffix: str = "") -> None:
        self.tb_log_dir = str(tb_log_dir)
        self.filename_suffix = filename_suffix
        self._open()

    def _open(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "TensorboardLogger needs the package tensorboard: pip install tensorboard"
            ) from error
        if "://" not in self.tb_log_dir:
            Path(self.tb_log_dir).mkdir(parents=True, exist_ok=True)
        self.writer: Any = SummaryWriter(self.tb_log_dir, filename_suffix=self.filename_suffix)
        weakref.finalize(self, self.writer.close)  # at the end of the program too

    def log_single_metric(self, name: str, value: MetricType, x_plot: int) -> None:
        """Write one value in the form that suits its type; text and bytes are left out."""
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(value)
        if isinstance(value, Tensor) and value.numel() != 1:
            finite = value[value.isfinite()]
            if len(finite):  # of nothing there is no histogram
                self.writer.add_histogram(name, finite, global_step=x_plot)
        elif isinstance(value, (float, int, np.number, Tensor)):
            self.writer.add_scalar(name, float(value), global_step=x_plot)
        elif not isinstance(value, (str, bytes)):
            self._log_picture(name, value, x_plot)

    def _log_picture(self, name: str, value: MetricType, x_plot: int) -> None:
        from matplotlib.figure import Figure  # heavy, and most runs log only numbers
        from PIL.Image import Image

        if isinstance(value, AlternativeValues):
            value = value.best_supported_value(Image, TensorImage, Figure, Tensor, float, int)
        if isinstance(value, Image):
            pixels = np.asarray(value.convert("RGB"))
            self.writer.add_image(name, pixels, global_step=x_plot, dataformats="HWC")
        elif isinstance(value, TensorImage):
            self.writer.add_image(name, value.image, global_step=x_plot)
        elif isinstance(value, Figure):
            self.writer.add_figure(name, value, global_step=x_plot, close=False)
        elif isinstance(value, (Tensor, float, int)):
            self.log_single_metric(name, value, x_plot)

    def after_training(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Put what was written on the disk."""
        self.writer.flush()

    def after_eval(self, strategy: Any, metric_values: Any, **kwargs: Any) -> None:
        """Put what was written on the disk."""
        self.writer.flush()

    def close(self) -> None:
        """Write what is waiting and close the event file; a later value opens it again."""
        self.writer.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"tb_log_dir": self.tb_log_dir, "filename_suffix": self.filename_suffix}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()
