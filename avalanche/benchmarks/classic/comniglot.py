"""Omniglot, some characters at a time, or some alphabets at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from torchvision.transforms import Compose, Normalize, ToTensor

from ..datasets.omniglot import OmniglotImages, omniglot_images
from ..scenarios import NCScenario, TransformedScenario, nc_benchmark
from ..scenarios.class_order import class_order, classes_per_experience
from ..utils import AvalancheDataset
from ..utils.sources import ColumnSource
from ..utils.transforms import RearrangePixels, ScalePixels
from .cmnist import PixelsPermutation
from .image_style import prepared
from .moved_pixels import permutations, rotations

__all__ = [
    "PermutedOmniglot",
    "PixelsPermutation",
    "RotatedOmniglot",
    "SplitAlphabetOmniglot",
    "SplitOmniglot",
]

_DRAWERS, _SIDE = 20, 105
_NORMALIZE = Normalize((0.9221,), (0.2681,))
_default_omniglot_train_transform = Compose([ToTensor(), _NORMALIZE])
_default_omniglot_eval_transform = Compose([ToTensor(), _NORMALIZE])


def SplitOmniglot(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_omniglot_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_omniglot_eval_transform,
    dataset_root: str | Path | None = None,
    test_drawers: int = 5,
) -> NCScenario:
    """The 964 characters of Omniglot's background set, some at a time.

    Every character was drawn by 20 people: the drawings of the last ``test_drawers`` of them
    are the test data. The same seed gives the same class order as avalanche-lib 0.6. Difference
    from it: there the test data are the evaluation set, whose characters are others, under the
    same numbers; no model can learn them from the training data.

    Args:
        n_experiences: number of experiences; must divide the number of characters (4 and 241
            divide 964).
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; without one it comes from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise by alphabet and character.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images (PIL, mode ``L``, 105x105); by default they
            become tensors, normalised with mean 0.9221 and standard deviation 0.2681.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the archives of the release, or one archive, see
            :func:`~avalanche.benchmarks.datasets.omniglot.omniglot_images`. Without one the
            background set is downloaded if it is missing.
        test_drawers: how many of the 20 drawers are kept for the test, from 1 to 19.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if the classes can't be divided among the experiences, or ``test_drawers`` is
            out of its range.
    """
    images = omniglot_images(True, dataset_root, download=dataset_root is None)
    train, test = _split_by_drawer(images, test_drawers)
    return nc_benchmark(
        train,
        test,
        n_experiences,
        return_task_id,
        shuffle=shuffle,
        seed=seed,
        fixed_class_order=fixed_class_order,
        class_ids_from_zero_in_each_exp=class_ids_from_zero_in_each_exp,
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def SplitAlphabetOmniglot(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: Sequence[int] | None = None,
    class_ids_from_zero_from_first_exp: bool = False,
    shuffle: bool = True,
    train_transform: Callable[[Any], Any] | None = _default_omniglot_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_omniglot_eval_transform,
    dataset_root: str | Path | None = None,
    test_drawers: int = 5,
) -> NCScenario:
    """The 30 alphabets of Omniglot's background set, some at a time.

    The characters of one alphabet come together. (avalanche-lib 0.6 has a function of this name
    that splits by character.)

    Args:
        n_experiences: number of experiences; must divide the number of alphabets.
        return_task_id: see :func:`SplitOmniglot`, as for the rest.
        seed: of the order of alphabets; without one it comes from torch's global generator.
        fixed_class_order: the order of alphabets, by their position in alphabetical order; may
            leave out alphabets.
        class_ids_from_zero_from_first_exp: whether characters are relabelled 0, 1, ... in order
            of appearance.
        shuffle: whether the order of alphabets is random; otherwise alphabetical.
        train_transform: as there.
        eval_transform: as there.
        dataset_root: as there.
        test_drawers: as there.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if the alphabets can't be divided among the experiences, or ``test_drawers``
            is out of its range.
    """
    images = omniglot_images(True, dataset_root, download=dataset_root is None)
    train, test = _split_by_drawer(images, test_drawers)
    alphabets = images.alphabets
    order = class_order(range(len(alphabets)), shuffle, seed, fixed_class_order)
    counts = classes_per_experience(len(order), n_experiences, None)
    starts = [sum(counts[:i]) for i in range(len(counts) + 1)]
    groups = [order[a:b] for a, b in pairwise(starts)]
    return nc_benchmark(
        train,
        test,
        n_experiences,
        return_task_id,
        fixed_class_order=[label for alphabet in order for label in alphabets[alphabet]],
        per_exp_classes={i: sum(len(alphabets[a]) for a in g) for i, g in enumerate(groups)},
        class_ids_from_zero_from_first_exp=class_ids_from_zero_from_first_exp,
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def PermutedOmniglot(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    train_transform: Callable[[Any], Any] | None = _NORMALIZE,
    eval_transform: Callable[[Any], Any] | None = _NORMALIZE,
    dataset_root: str | Path | None = None,
    test_drawers: int = 5,
) -> TransformedScenario:
    """Omniglot with the pixels in another fixed random order in every experience.

    Every experience has all samples and all 964 characters; the images are stored once.

    Args:
        n_experiences: number of experiences, each with a permutation of its own.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the permutations; without one it comes from torch's global generator.
        train_transform: applied to permuted training images, tensors ``(1, 105, 105)`` in
            [0, 1]; by default normalised with mean 0.9221 and standard deviation 0.2681.
        eval_transform: applied to permuted test images; likewise.
        dataset_root: see :func:`SplitOmniglot`.
        test_drawers: as there.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if ``n_experiences`` is not positive, or ``test_drawers`` is out of its range.
    """
    moved = permutations(n_experiences, seed, _SIDE)
    return _all_of_omniglot(
        moved, return_task_id, train_transform, eval_transform, dataset_root, test_drawers
    )


def RotatedOmniglot(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    rotations_list: Sequence[int] | None = None,
    train_transform: Callable[[Any], Any] | None = _NORMALIZE,
    eval_transform: Callable[[Any], Any] | None = _NORMALIZE,
    dataset_root: str | Path | None = None,
    test_drawers: int = 5,
) -> TransformedScenario:
    """Omniglot rotated by another fixed angle in every experience, by nearest neighbour.

    Every experience has all samples and all 964 characters; the images are stored once. What
    rotates into the image is 0, which is ink.

    Args:
        n_experiences: number of experiences, each with an angle of its own.
        return_task_id: see :func:`PermutedOmniglot`, as for the rest.
        seed: of the angles; without one it comes from torch's global generator.
        rotations_list: the angles in degrees, one per experience, from -180 to 180.
        train_transform: as there.
        eval_transform: as there.
        dataset_root: as there.
        test_drawers: as there.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if there is not one angle per experience, one is out of range, or
            ``test_drawers`` is.
    """
    moved = rotations(n_experiences, seed, rotations_list, _SIDE)
    return _all_of_omniglot(
        moved, return_task_id, train_transform, eval_transform, dataset_root, test_drawers
    )


def _all_of_omniglot(
    moved: Sequence[RearrangePixels],
    return_task_id: bool,
    train_transform: Any,
    eval_transform: Any,
    dataset_root: str | Path | None,
    test_drawers: int,
) -> TransformedScenario:
    images = omniglot_images(True, dataset_root, download=dataset_root is None)
    own = {"train": train_transform, "eval": eval_transform}
    return TransformedScenario(
        *_split_by_drawer(images, test_drawers, as_images=False),
        moved,
        return_task_id,
        # After the pixels have moved: bytes move faster than floats.
        prepare=prepared(own, ScalePixels(255), images.pixels[0]),
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def _split_by_drawer(
    images: OmniglotImages, test_drawers: int, as_images: bool = True
) -> tuple[AvalancheDataset, AvalancheDataset]:
    if not isinstance(test_drawers, int) or not 1 <= test_drawers < _DRAWERS:
        raise ValueError(
            f"test_drawers={test_drawers!r}: expected an int from 1 to {_DRAWERS - 1}, of the "
            f"{_DRAWERS} people who drew each character"
        )
    source = ColumnSource([images.pixels, images.labels], images=as_images)
    in_test = images.drawers > _DRAWERS - test_drawers
    everything = AvalancheDataset([source])
    train, test = (everything.subset(part.nonzero().flatten()) for part in (~in_test, in_test))
    return train, test
