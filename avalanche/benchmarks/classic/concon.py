"""ConCon: benchmarks whose confounders change from task to task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torchvision.transforms import Compose, Normalize, ToTensor

from ..datasets.concon import N_TASKS, ConConDataset
from ..scenarios import ClassificationScenario, dataset_benchmark
from ..utils.classification_dataset import _make_taskaware_classification_dataset
from ..utils.utils import concat_datasets

__all__ = ["ConConDisjoint", "ConConStrict", "ConConUnconfounded", "build_concon_scenario"]

Transform = Callable[[Any], Any] | None

_normalize = Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])
_default_transform = Compose([ToTensor(), _normalize])


def build_concon_scenario(
    list_train_dataset: Sequence[Any],
    list_test_dataset: Sequence[Any],
    seed: int | None = None,
    train_transform: Transform = None,
    eval_transform: Transform = None,
    shuffle_order: bool = False,
) -> ClassificationScenario:
    """A benchmark with one experience per pair of training and test data.

    Args:
        list_train_dataset: training data of every task.
        list_test_dataset: test data of every task.
        seed: of the order of the tasks; without one it comes from torch's global generator.
        train_transform: applied to training images.
        eval_transform: applied to test images.
        shuffle_order: whether the order of the tasks is random.
    """
    order = list(range(len(list_train_dataset)))
    if shuffle_order:
        chosen = int(torch.randint(2**31, ())) if seed is None else int(seed)
        generator = torch.Generator().manual_seed(chosen)
        order = torch.randperm(len(order), generator=generator).tolist()
    return dataset_benchmark(
        [list_train_dataset[i] for i in order],
        [list_test_dataset[i] for i in order],
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def ConConDisjoint(
    n_experiences: int,
    *,
    seed: int | None = None,
    shuffle_order: bool = False,
    train_transform: Transform = _default_transform,
    eval_transform: Transform = _default_transform,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """ConCon, each task with a confounder that the others do not have.

    There are two classes in every experience; all task labels are 0.

    Args:
        n_experiences: 3 for one task per experience, 1 for all of them together.
        seed: of the order of the tasks; without one it comes from torch's global generator.
        shuffle_order: whether the order of the tasks is random.
        train_transform: applied to training images; by default they are normalised to [-1, 1].
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the release; see :mod:`avalanche.benchmarks.datasets.concon`.

    Raises:
        ValueError: if ``n_experiences`` is neither 1 nor 3.
        RuntimeError: if files are missing.
    """
    train, test = _tasks("disjoint", n_experiences, dataset_root)
    return build_concon_scenario(train, test, seed, train_transform, eval_transform, shuffle_order)


def ConConStrict(
    n_experiences: int,
    *,
    seed: int | None = None,
    shuffle_order: bool = False,
    train_transform: Transform = _default_transform,
    eval_transform: Transform = _default_transform,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """ConCon, each task with its own confounder, while those of the others appear at random.

    Args:
        n_experiences: 3 for one task per experience, 1 for all of them together.
        seed: see :func:`ConConDisjoint`, as for the rest.
        shuffle_order: as there.
        train_transform: as there.
        eval_transform: as there.
        dataset_root: as there.

    Raises:
        ValueError: if ``n_experiences`` is neither 1 nor 3.
        RuntimeError: if files are missing.
    """
    train, test = _tasks("strict", n_experiences, dataset_root)
    return build_concon_scenario(train, test, seed, train_transform, eval_transform, shuffle_order)


def ConConUnconfounded(
    *,
    train_transform: Transform = _default_transform,
    eval_transform: Transform = _default_transform,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """ConCon without a confounder: one experience, the reference for the other two.

    Args:
        train_transform: see :func:`ConConDisjoint`, as for the rest.
        eval_transform: as there.
        dataset_root: as there.

    Raises:
        RuntimeError: if files are missing.
    """
    train, test = (
        [ConConDataset("unconfounded", 0, dataset_root, is_train)] for is_train in (True, False)
    )
    return build_concon_scenario(train, test, None, train_transform, eval_transform)


def _tasks(
    variant: str, n_experiences: int, root: str | Path | None
) -> tuple[list[Any], list[Any]]:
    if n_experiences not in (1, N_TASKS):
        raise ValueError(
            f"n_experiences={n_experiences!r}: expected {N_TASKS}, one per task, or 1 for all"
        )
    halves = []
    for is_train in (True, False):
        made: list[Any] = [
            _make_taskaware_classification_dataset(ConConDataset(variant, task, root, is_train))
            for task in range(N_TASKS)
        ]
        halves.append(made if n_experiences == N_TASKS else [concat_datasets(made)])
    return halves[0], halves[1]
