"""OpenLORIS-Object: one condition of a robot's surroundings gets harder step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..datasets.openloris import FACTORS, openloris_batches
from ..datasets.openloris import OpenLORIS as OpenLORISDataset
from ..scenarios import ClassificationScenario, dataset_benchmark
from .file_streams import dataset_per_list

__all__ = ["OpenLORIS"]


def OpenLORIS(
    *,
    factor: str = "clutter",
    train_transform: Callable[[Any], Any] | None = None,
    eval_transform: Callable[[Any], Any] | None = None,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """OpenLORIS-Object, one factor at a time.

    Every experience is one training batch of the release, with task label 0; the test stream is
    one experience.

    Args:
        factor: ``clutter``, ``illumination``, ``occlusion``, ``pixel`` (9 experiences each) or
            ``mixture-iros`` (12, of the IROS 2019 competition).
        train_transform: applied to training images. By default samples are PIL images: pass
            ``ToTensor()``, with a ``Resize`` before it, to train on them.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the release; see
            :mod:`avalanche.benchmarks.datasets.openloris`.

    Raises:
        ValueError: if ``factor`` is unknown, or a file is damaged.
        RuntimeError: if files are missing and can't be downloaded.
    """
    if factor not in FACTORS:
        raise ValueError(f"factor={factor!r}: expected one of {', '.join(FACTORS)}")
    root = OpenLORISDataset(root=dataset_root).root
    train, test = openloris_batches(root, factor)
    return dataset_benchmark(
        dataset_per_list(root, train),
        dataset_per_list(root, [test]),
        complete_test_set_only=True,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
