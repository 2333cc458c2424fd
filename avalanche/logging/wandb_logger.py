"""Values for Weights & Biases."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from avalanche.core.events import no_event
from avalanche.evaluation.metric_names import MetricKey
from avalanche.evaluation.metric_results import (
    AlternativeValues,
    MetricType,
    MetricValue,
    TensorImage,
)
from avalanche.evaluation.wandb_package import load_wandb
from avalanche.logging.base_logger import BaseLogger

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["WandBLogger"]


class WandBLogger(BaseLogger):
    """Writes numbers, pictures, charts and models to a run of Weights & Biases.

    Needs the extra ``wandb``. Without an account or a network choose the offline mode, by
    ``params={"mode": "offline"}`` or the environment variable ``WANDB_MODE=offline``: the run is
    then written below ``dir``, nothing is asked, and ``wandb sync`` can upload it later.

    Every value is written when it is emitted, at the step ``x_plot``, so a metric per iteration
    waits for the device at each iteration. ``TrainingExperience`` counts the experiences learnt.

    A logger that is pickled goes on with the same run.

    Args:
        project_name: project of the run.
        run_name: name of the run.
        log_artifacts: store the models that the metric
            :class:`~avalanche.evaluation.metrics.WeightCheckpoint` emits, as artifacts
            ``Model_0``, ``Model_1``, ... Without it they are left out.
        path: folder of the models' files, made if needed.
        uri: address of the models in an outside store, such as ``s3://bucket/path``; artifacts then
            refer to it.
        sync_tfboard: also take what is written to TensorBoard.
        save_code: whether the run keeps the main script.
        config: settings of the experiment to show with the run.
        dir: folder of the run's files; the working directory by default.
        params: further arguments of ``wandb.init``, which win over those above. With an ``id``,
            here or as ``WANDB_RUN_ID``, a run of that name goes on.

    Raises:
        ModuleNotFoundError: the extra ``wandb`` is not installed.
        TypeError: ``params`` is no mapping.
    """

    def __init__(
        self,
        project_name: str = "Avalanche",
        run_name: str = "Test",
        log_artifacts: bool = False,
        path: str | os.PathLike[str] = "Checkpoints",
        uri: str | None = None,
        sync_tfboard: bool = False,
        save_code: bool = True,
        config: Mapping[str, Any] | str | None = None,
        dir: str | os.PathLike[str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        if params is not None and not isinstance(params, Mapping):
            raise TypeError(
                f"params={params!r}: expected a mapping with arguments of wandb.init, "
                "such as {'mode': 'offline'}"
            )
        self.project_name = project_name
        self.run_name = run_name
        self.log_artifacts = log_artifacts
        self.path = path
        self.uri = uri
        self.sync_tfboard = sync_tfboard
        self.save_code = save_code
        self.config = config
        self.dir = dir
        self.params = dict(params or {})
        self.run_id: str | None = None
        self.init_kwargs: dict[str, Any] = {}
        self.import_wandb()
        self.args_parse()
        self.before_run()

    def import_wandb(self) -> None:
        """Load the package.

        Raises:
            ModuleNotFoundError: the extra ``wandb`` is not installed.
        """
        self.wandb = load_wandb("WandBLogger")

    def args_parse(self) -> None:
        """Put together what ``wandb.init`` gets, in :attr:`init_kwargs`."""
        self.init_kwargs = {
            "project": self.project_name,
            "name": self.run_name,
            "sync_tensorboard": self.sync_tfboard,
            "save_code": self.save_code,
            "config": self.config,
            "dir": None if self.dir is None else os.fspath(self.dir),
            **self.params,
        }

    @no_event
    def before_run(self) -> None:
        """Begin the run, or go on with it where its id is known."""
        arguments = dict(self.init_kwargs)
        run_id = self.run_id or arguments.get("id") or os.environ.get("WANDB_RUN_ID")
        if run_id is not None:
            arguments["id"] = run_id
            arguments.setdefault("resume", "allow")
        self.run: Any = self.wandb.init(**arguments)
        self.run_id = self.run.id

    def log_single_metric(self, name: str, value: MetricType, x_plot: int) -> None:
        """Write one value in the form that suits its type; what has none is left out."""
        if name.startswith("WeightCheckpoint"):
            if self.log_artifacts:
                self._log_model(name, value)
            return
        shown = self._as_wandb(value)
        if shown is not None:
            self._log({name: shown}, x_plot)

    def _log(self, values: dict[str, Any], step: int) -> None:
        self._open_run().log(values, step=step)

    def _open_run(self) -> Any:
        if self.run is None:  # close() was called and the run went on
            self.before_run()
        return self.run

    def _as_wandb(self, value: MetricType) -> Any:
        """The value as ``wandb.log`` takes it; None if it can't be shown."""
        if isinstance(value, Tensor):
            value = value.detach().cpu()
            value = (value.double() if value.is_floating_point() else value).numpy()  # bf16 too
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.size == 1):
            value = value.item()
        if isinstance(value, (bool, bytes)):
            return None
        if isinstance(value, (int, float, str)):
            return value
        if isinstance(value, np.ndarray):
            numbers = value[np.isfinite(value)]  # a matrix may have cells without a value
            return self.wandb.Histogram(numbers) if numbers.size else None
        return self._as_picture(value)

    def _as_picture(self, value: MetricType) -> Any:
        from matplotlib.figure import Figure  # heavy, and most runs log only numbers
        from PIL.Image import Image

        chart = self.wandb.plot.CustomChart
        if isinstance(value, AlternativeValues):
            shown = value.best_supported_value(
                chart, Image, TensorImage, Figure, Tensor, float, int
            )
            return None if shown is None else self._as_wandb(shown)
        if isinstance(value, TensorImage):
            return self.wandb.Image(np.asarray(value).transpose(1, 2, 0))
        if isinstance(value, Figure):
            value = _drawn(value)  # wandb itself would need pyplot
        if isinstance(value, Image):
            return self.wandb.Image(value)
        return value if isinstance(value, chart) else None

    def _log_model(self, name: str, weights: bytes) -> None:
        experience = MetricKey.parse(name).experience
        artifact_name = f"Model_{0 if experience is None else experience}"
        artifact = self.wandb.Artifact(artifact_name, type="model")
        if self.uri is not None:
            artifact.add_reference(self.uri, name=artifact_name)
        folder = Path(self.path)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{artifact_name}.pth"
        file.write_bytes(weights)
        artifact.add_file(str(file))
        self._open_run().log_artifact(artifact)

    def after_training_exp(
        self, strategy: Any, metric_values: Sequence[MetricValue], **kwargs: Any
    ) -> None:
        """Count the experience; what was emitted here is written already."""
        learnt = strategy.clock.train_exp_counter + 1
        self._log({"TrainingExperience": learnt}, strategy.clock.train_iterations)

    def close(self) -> None:
        """Finish the run; a value logged later goes on with it."""
        if self.run is not None:
            self.run.finish()
            self.run = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "wandb": None, "run": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.import_wandb()
        self.before_run()


def _drawn(figure: "Figure") -> Any:
    """A figure as a picture of PIL."""
    from PIL import Image

    file = io.BytesIO()
    figure.savefig(file, format="png")
    return Image.open(file)
