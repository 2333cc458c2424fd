"""The MNIST family: split by class, with permuted pixels, rotated."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import TensorDataset
from torchvision.transforms import Compose, Normalize

from ..datasets.mnist import mnist_dataset
from ..scenarios import NCScenario, TransformedScenario, nc_benchmark
from ..utils import AvalancheDataset
from ..utils.transforms import BatchTransform, RearrangePixels, ScalePixels
from .image_style import prepared
from .moved_pixels import permutations, rotations

__all__ = ["PermutedMNIST", "PixelsPermutation", "RotatedMNIST", "SplitMNIST"]

_SIDE = 28  # pixels
_SCALE = ScalePixels(255)
_default_mnist_train_transform = Compose([Normalize((0.1307,), (0.3081,))])
_default_mnist_eval_transform = Compose([Normalize((0.1307,), (0.3081,))])


class PixelsPermutation(BatchTransform):
    """A fixed permutation of the pixels of an image.

    Args:
        index_permutation: value k of the result is value ``index_permutation[k]`` of the image,
            counted row by row (and channel by channel).

    Raises:
        ValueError: if it is no permutation.

    Example:
        >>> PixelsPermutation([2, 0, 1])(torch.tensor([[[5, 6, 7]]])).tolist()
        [[[7, 5, 6]]]
    """

    def __init__(self, index_permutation: Sequence[int]) -> None:
        self.permutation = torch.as_tensor(index_permutation, dtype=torch.int64)
        expected = torch.arange(self.permutation.numel())
        if not torch.equal(self.permutation.sort().values, expected):
            raise ValueError(
                f"index_permutation: expected each of the positions 0 to {len(expected) - 1} once"
            )

    def batch(self, values: Tensor) -> Tensor:
        flat = values.flatten(1)
        if flat.shape[1] != len(self.permutation):
            raise ValueError(
                f"index_permutation of {len(self.permutation)} positions, images of "
                f"{flat.shape[1]} values: expected as many; pass one position per value"
            )
        return flat[:, self.permutation].view(values.shape)

    def __call__(self, value: Any) -> Any:
        """Permute one image; a PIL image gives a PIL image."""
        if isinstance(value, Tensor):
            return super().__call__(value)
        from torchvision.transforms.functional import pil_to_tensor, to_pil_image

        return to_pil_image(super().__call__(pil_to_tensor(value)))

    def __repr__(self) -> str:
        crc = zlib.crc32(self.permutation.numpy().tobytes())
        return f"PixelsPermutation({len(self.permutation)} values, crc={crc:08x})"


def SplitMNIST(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    fixed_class_order: list[int] | None = None,
    shuffle: bool = True,
    class_ids_from_zero_in_each_exp: bool = False,
    class_ids_from_zero_from_first_exp: bool = False,
    train_transform: Callable[[Any], Any] | None = _default_mnist_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_mnist_eval_transform,
    dataset_root: str | None = None,
) -> NCScenario:
    """MNIST, some classes at a time.

    Samples are float images ``(1, 28, 28)``, scaled to [0, 1] before the transforms, with their
    label and task label. A transform that was written for images of PIL gets one, mode ``L``.
    The files are downloaded if they are missing and no ``dataset_root`` is given.

    Args:
        n_experiences: number of experiences; must divide the 10 classes.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the class order; without one it comes from torch's global generator.
        fixed_class_order: the class order itself; may leave out classes.
        shuffle: whether the class order is random; otherwise ascending.
        class_ids_from_zero_in_each_exp: whether labels start again at 0 in every experience.
        class_ids_from_zero_from_first_exp: whether classes are relabelled 0, 1, ... in order of
            appearance.
        train_transform: applied to training images; by default they are normalised with mean
            0.1307 and standard deviation 0.3081.
        eval_transform: applied to test images; likewise.
        dataset_root: the folder with the original IDX files, or a folder above it (such as the
            one that holds ``MNIST/raw``).

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if the classes can't be divided among the experiences.
    """
    sources = _mnist(True, dataset_root), _mnist(False, dataset_root)
    own = {"train": train_transform, "eval": eval_transform}
    groups = prepared(own, _SCALE, sources[0].tensors[0][0])
    train, test = (AvalancheDataset(s, frozen_transform_groups=groups) for s in sources)
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


def PermutedMNIST(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    train_transform: Callable[[Any], Any] | None = _default_mnist_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_mnist_eval_transform,
    dataset_root: str | None = None,
) -> TransformedScenario:
    """MNIST with the pixels in another fixed random order in every experience.

    Every experience has all samples and all 10 classes; the images are stored once. The same
    seed gives the same permutations as avalanche-lib 0.6. Differences from it: ``n_classes`` is
    10, not 10 times the number of experiences, and samples keep the order of the data.

    Args:
        n_experiences: number of experiences, each with a permutation of its own.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the permutations; without one it comes from torch's global generator.
        train_transform: applied to permuted training images; by default they are normalised.
        eval_transform: applied to permuted test images; likewise.
        dataset_root: the folder with the original IDX files, or a folder above it.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if ``n_experiences`` is not positive.
    """
    return _all_of_mnist(
        permutations(n_experiences, seed, _SIDE),
        *(return_task_id, train_transform, eval_transform, dataset_root),
    )


def RotatedMNIST(
    n_experiences: int,
    *,
    return_task_id: bool = False,
    seed: int | None = None,
    rotations_list: Sequence[int] | None = None,
    train_transform: Callable[[Any], Any] | None = _default_mnist_train_transform,
    eval_transform: Callable[[Any], Any] | None = _default_mnist_eval_transform,
    dataset_root: str | None = None,
) -> TransformedScenario:
    """MNIST rotated by another fixed angle in every experience.

    Every experience has all samples and all 10 classes; the images are stored once. Rotation is
    by nearest neighbour around the centre, as torchvision's ``rotate`` does it. The same seed
    gives the same angles as avalanche-lib 0.6. Differences from it: ``n_classes`` is 10, not 10
    times the number of experiences, and samples keep the order of the data (there: by class).

    Args:
        n_experiences: number of experiences, each with an angle of its own.
        return_task_id: whether experience i has task label i; otherwise all samples have 0.
        seed: of the angles; without one it comes from torch's global generator.
        rotations_list: the angles in degrees, one per experience, from -180 to 180.
        train_transform: applied to rotated training images; by default they are normalised.
        eval_transform: applied to rotated test images; likewise.
        dataset_root: the folder with the original IDX files, or a folder above it.

    Returns:
        A benchmark with ``train_stream`` and ``test_stream``.

    Raises:
        FileNotFoundError: if ``dataset_root`` does not have the files.
        ValueError: if there is not one angle per experience, or one is out of range.
    """
    return _all_of_mnist(
        rotations(n_experiences, seed, rotations_list, _SIDE),
        *(return_task_id, train_transform, eval_transform, dataset_root),
    )


def _all_of_mnist(
    transforms: Sequence[RearrangePixels],
    return_task_id: bool,
    train_transform: Any,
    eval_transform: Any,
    dataset_root: str | None,
) -> TransformedScenario:
    train, test = _mnist(True, dataset_root), _mnist(False, dataset_root)
    own = {"train": train_transform, "eval": eval_transform}
    return TransformedScenario(
        train,
        test,
        transforms,
        return_task_id,
        # After the pixels have moved: bytes move faster than floats.
        prepare=prepared(own, _SCALE, train.tensors[0][0]),
        train_transform=train_transform,
        eval_transform=eval_transform,
    )


def _mnist(train: bool, dataset_root: str | None) -> TensorDataset:
    return mnist_dataset(train, dataset_root, download=dataset_root is None)
