"""CLEAR: classes of photos that change over ten years, one bucket of time per experience."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.utils.data import TensorDataset

from ..datasets.clear import CLEAR_FEATURE_TYPES, SEED_LIST, _CLEARFeature, _CLEARImage
from ..scenarios import ClassificationScenario, dataset_benchmark
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from .file_streams import dataset_per_list

__all__ = ["CLEAR", "EVALUATION_PROTOCOLS", "CLEARMetric"]

EVALUATION_PROTOCOLS = ("iid", "streaming")


def CLEAR(
    *,
    data_name: str = "clear10",
    evaluation_protocol: str = "streaming",
    feature_type: str | None = None,
    seed: int | None = None,
    train_transform: Callable[[Any], Any] | None = None,
    eval_transform: Callable[[Any], Any] | None = None,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """CLEAR, one bucket of time per experience; experience i has task label i.

    Two protocols of evaluation are in use. ``iid``: every bucket has a training and a test part
    (70/30). ``streaming``: all of a bucket is for training, and a model is tested on the next
    bucket; here the test stream has the same samples as the train stream, so that
    ``test_stream[i + 1]`` tests what was trained on experience i.

    Args:
        data_name: ``clear10``, ``clear100``, ``clear10_neurips2021`` or ``clear100_cvpr2022``.
        evaluation_protocol: ``iid`` or ``streaming``.
        feature_type: which features to give instead of images: ``moco_b0``, ``moco_imagenet``,
            ``byol_imagenet`` or ``imagenet``; None for images.
        seed: which of the five 70/30 splits, 0 to 4; needed for ``iid``, must be None for
            ``streaming``. The releases with a test folder of their own have a single split.
        train_transform: applied to training samples. By default images are PIL images: pass
            ``ToTensor()``, with a ``Resize`` before it, to train on them.
        eval_transform: applied to test samples; likewise.
        dataset_root: the folder with the release; see
            :mod:`avalanche.benchmarks.datasets.clear`. Missing files are downloaded.

    Raises:
        ValueError: if an argument is unknown or does not fit the protocol, or a file is damaged.
        RuntimeError: if files are missing and can't be downloaded.

    References:
        Lin, Shi, Pathak, Ramanan: The CLEAR Benchmark: Continual LEArning on Real-World Imagery,
        NeurIPS Datasets and Benchmarks 2021.
    """
    _check(data_name, evaluation_protocol, feature_type, seed)
    iid = evaluation_protocol == "iid"
    halves = [
        _half(data_name, dataset_root, split if iid else "all", seed, feature_type)
        for split in ("train", "test")
    ]
    return dataset_benchmark(
        halves[0], halves[1], train_transform=train_transform, eval_transform=eval_transform
    )


def _check(data_name: str, protocol: str, feature_type: str | None, seed: int | None) -> None:
    if data_name not in CLEAR_FEATURE_TYPES:
        known = ", ".join(CLEAR_FEATURE_TYPES)
        raise ValueError(f"data_name={data_name!r}: expected one of {known}")
    if protocol not in EVALUATION_PROTOCOLS:
        raise ValueError(
            f"evaluation_protocol={protocol!r}: expected one of {', '.join(EVALUATION_PROTOCOLS)}"
        )
    if protocol == "iid" and seed not in SEED_LIST:
        raise ValueError(
            f"seed={seed!r}: evaluation_protocol='iid' needs a split, one of {list(SEED_LIST)}"
        )
    if protocol == "streaming" and seed is not None:
        raise ValueError(
            f"seed={seed!r}: evaluation_protocol='streaming' does not split the data; leave the "
            "seed out"
        )
    if feature_type is not None and feature_type not in CLEAR_FEATURE_TYPES[data_name]:
        known = ", ".join(CLEAR_FEATURE_TYPES[data_name])
        raise ValueError(f"feature_type={feature_type!r}: expected None or one of {known}")


def _half(
    data_name: str,
    root: str | Path | None,
    split: str,
    seed: int | None,
    feature_type: str | None,
) -> list[Any]:
    """The datasets of all buckets."""
    if feature_type is None:
        images = _CLEARImage(root, data_name=data_name, split=split, seed=seed)
        lists = images.bucket_data()
        return list(dataset_per_list(images.root, lists, range(len(lists))))
    features = _CLEARFeature(
        root, data_name=data_name, split=split, seed=seed, feature_type=feature_type
    )
    return [
        _make_taskaware_classification_dataset(TensorDataset(x, y), task_labels=task)
        for task, (x, y) in enumerate(features.bucket_data())
    ]


class CLEARMetric:
    """The summaries of the CLEAR paper, from a matrix of accuracies.

    ``matrix[i, j]`` is the accuracy on bucket j after training on bucket i.

    Example:
        >>> CLEARMetric().get_metrics([[0.8, 0.6], [0.4, 1.0]])["accuracy"]
        0.7333333333333334
    """

    def get_metrics(self, matrix: npt.ArrayLike) -> dict[str, float]:
        """All five summaries by name."""
        return {
            "in_domain": self.in_domain(matrix),
            "next_domain": self.next_domain(matrix),
            "accuracy": self.accuracy(matrix),
            "forward_transfer": self.forward_transfer(matrix),
            "backward_transfer": self.backward_transfer(matrix),
        }

    def accuracy(self, matrix: npt.ArrayLike) -> float:
        """Mean over the present and the past: the diagonal and what is below it."""
        values = _square(matrix)
        return float(values[np.tril_indices(len(values))].mean())

    def in_domain(self, matrix: npt.ArrayLike) -> float:
        """Mean over the present: the diagonal."""
        return float(_square(matrix).diagonal().mean())

    def next_domain(self, matrix: npt.ArrayLike) -> float:
        """Mean over the next bucket: the diagonal above the main one."""
        return float(_square(matrix).diagonal(1).mean())

    def forward_transfer(self, matrix: npt.ArrayLike) -> float:
        """Mean over the future: all above the diagonal."""
        values = _square(matrix)
        return float(values[np.triu_indices(len(values), 1)].mean())

    def backward_transfer(self, matrix: npt.ArrayLike) -> float:
        """Mean over the past: all below the diagonal."""
        values = _square(matrix)
        return float(values[np.tril_indices(len(values), -1)].mean())


def _square(matrix: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 2:
        raise ValueError(
            f"matrix of shape {values.shape}: expected as many rows as columns, at least two; "
            "evaluate on all buckets after training on each"
        )
    return values
