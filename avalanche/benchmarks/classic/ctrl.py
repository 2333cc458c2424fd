"""CTrL: streams of tasks made to measure transfer, from the package ctrl-benchmark."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import TensorDataset
from torchvision.transforms import Normalize

from ..datasets.dataset_utils import default_dataset_location
from ..scenarios import ClassificationScenario, dataset_benchmark
from ..utils import TransformGroups
from ..utils.classification_dataset import _make_taskaware_classification_dataset

__all__ = ["STREAMS", "CTrL"]

STREAMS = ("s_plus", "s_minus", "s_in", "s_out", "s_pl", "s_long")
_SPLITS = ("train", "val", "test")


def CTrL(
    stream_name: str,
    save_to_disk: bool = False,
    path: str | Path | None = None,
    seed: int | None = None,
    n_tasks: int | None = None,
) -> ClassificationScenario:
    """The CTrL streams: ``train``, ``val`` and ``test``, with task label i for task i.

    Needs the package ctrl-benchmark, which also downloads the data. Images are normalised with the
    mean and standard deviation of their task.

    Args:
        stream_name: ``s_plus``, ``s_minus``, ``s_in``, ``s_out``, ``s_pl`` or ``s_long``.
        save_to_disk: whether the images are kept in files, mapped into memory as they are needed,
            instead of in memory.
        path: the folder of those files; by default ``default_dataset_location("ctrl")``. A stream
            of another seed overwrites them.
        seed: of the stream.
        n_tasks: how many tasks; all of the stream by default. ``s_long`` has 100.

    Raises:
        ValueError: if ``stream_name`` is unknown or ``n_tasks`` not positive.
        ModuleNotFoundError: if ctrl-benchmark is not installed.

    References:
        Veniat, Denoyer, Ranzato: Efficient Continual Learning with Modular Networks and
        Task-Driven Priors, ICLR 2021.
    """
    if stream_name not in STREAMS:
        raise ValueError(f"stream_name={stream_name!r}: expected one of {', '.join(STREAMS)}")
    if n_tasks is not None and n_tasks < 1:
        raise ValueError(f"n_tasks={n_tasks!r}: expected an int above zero")
    folder = default_dataset_location("ctrl") if path is None else Path(path)
    streams: dict[str, list[Any]] = {split: [] for split in _SPLITS}
    for number, task in enumerate(islice(_tasks(stream_name, seed), n_tasks)):
        mean, std = (torch.as_tensor(task.statistics[key]).tolist() for key in ("mean", "std"))
        normalize = Normalize(mean, std)
        groups = TransformGroups({"train": normalize, "eval": normalize})
        for split, data in zip(_SPLITS, task.datasets, strict=True):
            x, y = _tensors(data)
            if save_to_disk:
                x = _on_disk(x, folder / stream_name / f"{number}_{split}.pt")
            made = _make_taskaware_classification_dataset(
                TensorDataset(x, y), transform_groups=groups, task_labels=number
            )
            streams[split].append(made)
    return dataset_benchmark(
        streams["train"], streams["test"], other_streams_datasets={"val": streams["val"]}
    )


def _tasks(stream_name: str, seed: int | None) -> Iterator[Any]:
    try:
        package = importlib.import_module("ctrl")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the CTrL streams need the package ctrl-benchmark: pip install ctrl-benchmark"
        ) from error
    return iter(package.get_stream(stream_name, seed))


def _tensors(data: Any) -> tuple[Tensor, Tensor]:
    """Images ``(samples, channels, height, width)`` and labels ``(samples,)``."""
    x, y = data.tensors[:2]
    return x, y.reshape(len(y), -1)[:, 0].long()


def _on_disk(values: Tensor, path: Path) -> Tensor:
    """The same values, mapped from a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    torch.save(values.contiguous().clone(), part)
    part.replace(path)
    mapped: Tensor = torch.load(path, mmap=True, weights_only=True)
    return mapped
