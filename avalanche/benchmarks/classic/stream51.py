"""Stream-51: streaming classification from videos, with novel classes to detect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from ..datasets.stream51 import ORDERINGS, Stream51
from ..scenarios import ClassificationScenario, dataset_benchmark
from ..utils.classification_dataset import _make_taskaware_classification_dataset

__all__ = ["CLStream51"]

_normalize = Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
_default_transform = Compose([Resize((224, 224)), ToTensor(), _normalize])
_SAMPLES_PER_EXPERIENCE = 30000  # the paper's interval between two evaluations
_CLASSES_PER_EXPERIENCE = 10

Positions: TypeAlias = list[list[int]]


def CLStream51(
    *,
    scenario: str = "class_instance",
    seed: int | None = 10,
    eval_num: int | None = None,
    bbox_crop: bool = True,
    ratio: float = 1.1,
    download: bool = True,
    train_transform: Callable[[Any], Any] | None = _default_transform,
    eval_transform: Callable[[Any], Any] | None = _default_transform,
    dataset_root: str | Path | None = None,
) -> ClassificationScenario:
    """Stream-51, cut where a learner would be evaluated.

    In the scenarios ``class_iid`` and ``class_instance`` the frames come class by class: an
    experience has ``eval_num`` classes, and the test experience of the same number has the test
    images of all classes seen so far. In ``iid`` and ``instance`` an experience has ``eval_num``
    frames, and the test stream is one experience with the test images of all training classes.

    The stream ``ood`` (out of distribution) has, per test experience, the test images of the
    classes that are still unknown then: those to come, and those that training never has. An
    experience of ``test`` or ``ood`` without any image is left out (the real data has none). All
    task labels are 0.

    Differences from avalanche-lib 0.6: there is an ``ood`` stream, ``test`` has no images of
    novel classes, ``iid`` and ``class_iid`` work, and no experience is empty.

    Args:
        scenario: ``iid``, ``class_iid``, ``instance`` or ``class_instance``.
        seed: of the order of classes, clips and frames; None for another order every time.
        eval_num: frames, or classes, per experience; by default 30000 frames or 10 classes.
        bbox_crop: whether to crop images to the object.
        ratio: how much larger than the object's box the crop is, at least 1.
        download: whether to fetch the files if they are missing.
        train_transform: applied to training images; by default they are resized to 224x224 and
            normalised.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the release; see
            :mod:`avalanche.benchmarks.datasets.stream51`.

    Raises:
        ValueError: if an argument is out of its range, or a file is damaged.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.
    """
    if scenario not in ORDERINGS:
        raise ValueError(f"scenario={scenario!r}: expected one of {', '.join(ORDERINGS)}")
    if ratio < 1:
        raise ValueError(f"ratio={ratio!r}: expected at least 1, the size of the object's box")
    by_class = scenario.startswith("class")
    if eval_num is None:
        eval_num = _CLASSES_PER_EXPERIENCE if by_class else _SAMPLES_PER_EXPERIENCE
    if eval_num < 1:
        raise ValueError(f"eval_num={eval_num!r}: expected an int above zero")
    train, test = (_data(dataset_root, is_train, download, bbox_crop, ratio) for is_train in (1, 0))
    order = _order(train, scenario, seed)
    cuts = _by_classes(order, train.targets, eval_num) if by_class else _by_count(order, eval_num)
    known, novel = _test_positions(cuts, train.targets, test.targets, by_class)
    train_data, test_data = (_make_taskaware_classification_dataset(d) for d in (train, test))
    others = {"ood": [test_data.subset(rows) for rows in novel if rows]}
    return dataset_benchmark(
        [train_data.subset(rows) for rows in cuts],
        [test_data.subset(rows) for rows in known if rows],
        other_streams_datasets={name: data for name, data in others.items() if data},
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def _data(
    root: str | Path | None, train: int, download: bool, bbox_crop: bool, ratio: float
) -> Stream51:
    data = Stream51(root, train=bool(train), download=download)
    data.bbox_crop = bbox_crop
    data.ratio = ratio
    return data


def _order(train: Stream51, scenario: str, seed: int | None) -> list[int]:
    """Positions of the training frames, in the order of the scenario."""
    if seed is None:
        import torch

        seed = int(torch.randint(2**31, ()))
    numbered = [[*sample[:4], position] for position, sample in enumerate(train.samples)]
    return [int(sample[4]) for sample in Stream51.make_dataset(numbered, scenario, seed)]


def _by_count(order: list[int], count: int) -> Positions:
    return [order[start : start + count] for start in range(0, len(order), count)]


def _by_classes(order: list[int], targets: list[int], count: int) -> Positions:
    """Cut before every ``count``-th new class."""
    cuts: Positions = []
    seen: set[int] = set()
    for position in order:
        if targets[position] not in seen:
            if len(seen) % count == 0:
                cuts.append([])
            seen.add(targets[position])
        cuts[-1].append(position)
    return cuts


def _test_positions(
    cuts: Positions, train_targets: list[int], test_targets: list[int], by_class: bool
) -> tuple[Positions, Positions]:
    """Per test experience the test images of known and of unknown classes."""
    steps = cuts if by_class else [[position for cut in cuts for position in cut]]
    known: set[int] = set()
    inside: Positions = []
    outside: Positions = []
    for step in steps:
        known |= {train_targets[position] for position in step}
        inside.append([i for i, label in enumerate(test_targets) if label in known])
        outside.append([i for i, label in enumerate(test_targets) if label not in known])
    return inside, outside
