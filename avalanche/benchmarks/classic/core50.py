"""CORe50: continual object recognition, in the scenarios of the paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import Compose, Normalize, RandomHorizontalFlip, ToTensor

from ..datasets.core50 import BATCHES, N_RUNS, CORe50Dataset, core50_batches
from ..scenarios import ClassificationScenario, dataset_benchmark
from .file_streams import dataset_per_list

__all__ = ["CORe50"]

_normalize = Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
_default_train_transform = Compose([ToTensor(), RandomHorizontalFlip(p=0.5), _normalize])
_default_eval_transform = Compose([ToTensor(), _normalize])


def CORe50(
    *,
    scenario: str = "nicv2_391",
    run: int = 0,
    object_lvl: bool = True,
    mini: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_eval_transform,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """CORe50, in one of its scenarios and orders.

    Every experience is one training batch of the release, with task label 0. The test stream is
    one experience: sessions 3, 7 and 10.

    Args:
        scenario: ``ni`` (8 experiences: new sessions), ``nc`` (9: new classes), ``nic`` (79: both),
            or the finer ``nicv2_79``, ``nicv2_196``, ``nicv2_391``.
        run: which of the ten orders, 0 to 9.
        object_lvl: labels are the 50 objects; otherwise the 10 categories.
        mini: images of 32x32 pixels instead of 128x128.
        train_transform: applied to training images; by default they are mirrored at random and
            normalised.
        eval_transform: applied to test images; by default they are normalised.
        dataset_root: the folder with the release; see :mod:`avalanche.benchmarks.datasets.core50`.
            Missing files are downloaded.

    Returns:
        A benchmark with ``n_classes``; for ``nc`` also ``n_classes_per_exp`` and
        ``classes_order``.

    Raises:
        ValueError: if ``scenario`` or ``run`` is unknown, or a file is damaged.
        RuntimeError: if files are missing and can't be downloaded.

    References:
        Lomonaco, Maltoni: CORe50, CoRL 2017 (ni, nc, nic); Lomonaco, Maltoni, Pellegrini:
        Rehearsal-Free Continual Learning over Small Non-I.I.D. Batches, 2020 (nicv2).
    """
    if scenario not in BATCHES:
        raise ValueError(f"scenario={scenario!r}: expected one of {', '.join(BATCHES)}")
    if run not in range(N_RUNS):
        raise ValueError(f"run={run!r}: expected an int from 0 to {N_RUNS - 1}")
    root = CORe50Dataset(root=dataset_root, mini=mini).root
    train, test = core50_batches(root, scenario, run, object_lvl, mini)
    benchmark = dataset_benchmark(
        dataset_per_list(root, train),
        dataset_per_list(root, [test]),
        complete_test_set_only=True,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
    return _with_class_order(benchmark, train) if scenario == "nc" else benchmark


def _with_class_order(
    benchmark: ClassificationScenario, train: Sequence[Sequence[tuple[str, int]]]
) -> ClassificationScenario:
    """Note which classes come when; no other scenario of CORe50 has a class order."""
    classes = [sorted({label for _, label in batch}) for batch in train]
    extra: Any = benchmark
    extra.n_classes_per_exp = [len(found) for found in classes]
    extra.classes_order = [label for found in classes for label in found]
    return benchmark
