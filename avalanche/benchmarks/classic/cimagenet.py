"""Split ImageNet: 1,000 classes of photographs, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

from ..datasets.imagenet import AvalancheImageNet
from ..scenarios import NCScenario, nc_benchmark

__all__ = ["SplitImageNet"]

_NORMALIZE = Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
_default_train_transform = Compose([Resize(256), CenterCrop(224), ToTensor(), _NORMALIZE])
_default_eval_transform = Compose([Resize(256), CenterCrop(224), ToTensor(), _NORMALIZE])


def SplitImageNet(
    dataset_root: str | Path,
    *,
    n_experiences: int = 10,
    per_exp_classes: Mapping[int, int] | None = None,
    return_task_id: bool = False,
    seed: int | None = 0,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_eval_transform,
    meta_root: str | Path | None = None,
) -> NCScenario:
    """ImageNet (ILSVRC 2012), some classes at a time.

    Images are read from their files when they are asked for: load with ``num_workers``. The
    test stream has the validation images. Nothing is downloaded.

    Args:
        dataset_root: the folder with ``train/<wnid>`` and ``val/<wnid>``, or the challenge's
            archives, see :class:`~avalanche.benchmarks.datasets.imagenet.AvalancheImageNet`.
        n_experiences: number of experiences; must divide the 1,000 classes, but for those that
            ``per_exp_classes`` assigns.
        per_exp_classes: number of classes of some experiences, by experience.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; None takes it from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise by WordNet id.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images (PIL, RGB); by default the shorter side is
            resized to 256, the centre of 224x224 becomes a tensor and is normalised.
        eval_transform: applied to test images; likewise.
        meta_root: the folder with ``meta.bin`` or the devkit archive; ``dataset_root`` by default.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if training and validation images are of different classes, or the classes
            can't be divided among the experiences.
    """
    train = AvalancheImageNet(dataset_root, "train", meta_root)
    test = AvalancheImageNet(dataset_root, "val", meta_root)
    if train.wnids != test.wnids:
        odd = sorted(set(train.wnids) ^ set(test.wnids))
        raise ValueError(
            f"dataset_root={str(dataset_root)!r}: {len(train.wnids)} classes in train, "
            f"{len(test.wnids)} in val, expected the same; only one of them has {odd[:5]}"
        )
    return nc_benchmark(
        train,
        test,
        n_experiences,
        return_task_id,
        shuffle=shuffle,
        seed=seed,
        fixed_class_order=fixed_class_order,
        per_exp_classes=per_exp_classes,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )
