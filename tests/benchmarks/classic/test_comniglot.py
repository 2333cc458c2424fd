"""Omniglot by character and by alphabet."""

from pathlib import Path

import pytest
import torch
from torchvision.transforms import Compose, Lambda, ToTensor

from avalanche.benchmarks import SplitOmniglot
from avalanche.benchmarks.classic.comniglot import SplitAlphabetOmniglot

SMALL = Path(__file__).parents[3].parent / "shared/data/omniglot/images_background_small1.zip"
needs_omniglot = pytest.mark.skipif(
    not SMALL.is_file(), reason="Omniglot's archives are not in ../shared/data"
)


@pytest.fixture
def root(tmp_path, write_omniglot):
    alphabets = {"Greek": 3, "Bengali": 1, "Latin": 2, "Korean": 2}
    write_omniglot(tmp_path / "images_background.zip", alphabets)
    return tmp_path


def test_training_and_test_drawings_are_by_other_people(root):
    benchmark = SplitOmniglot(4, seed=1, eval_transform=None, dataset_root=root)
    assert [len(e.dataset) for e in benchmark.train_stream] == [30] * 4
    assert [len(e.dataset) for e in benchmark.test_stream] == [10] * 4
    assert benchmark.test_stream[0].classes_in_this_experience == benchmark.classes_order[:2]
    image = benchmark.test_stream[0].dataset[0][0]
    black = sum(1 for value in image.tobytes() if value == 0)
    assert black == 17  # the drawing of person 16, as the file was written
    few = SplitOmniglot(4, dataset_root=root, test_drawers=1)
    assert [len(e.dataset) for e in few.test_stream] == [2] * 4


@needs_omniglot
def test_the_class_order_is_that_of_avalanche_lib():
    benchmark = SplitOmniglot(4, seed=1, dataset_root=SMALL)
    recorded = [53, 60, 102, 125, 95, 59, 117, 2, 87, 25]  # from avalanche-lib 0.6.0
    assert benchmark.classes_order[:10] == recorded
    images = benchmark.train_stream[0].dataset.batch(torch.arange(200))[0]
    assert images.shape == (200, 1, 105, 105)
    assert abs(float(images.mean())) < 0.1
    assert abs(float(images.std()) - 1) < 0.1


def test_alphabets_come_whole(root):
    benchmark = SplitAlphabetOmniglot(4, seed=5, dataset_root=root)
    alphabets = [[0], [1, 2, 3], [4, 5], [6, 7]]  # Bengali, Greek, Korean, Latin
    order = torch.randperm(4, generator=torch.Generator().manual_seed(5)).tolist()
    expected = [set(alphabets[i]) for i in order]
    assert benchmark.original_classes_in_exp == expected
    pairs = SplitAlphabetOmniglot(
        2,
        fixed_class_order=[3, 0, 1, 2],
        class_ids_from_zero_from_first_exp=True,
        return_task_id=True,
        dataset_root=root,
    )
    assert pairs.original_classes_in_exp == [{6, 7, 0}, {1, 2, 3, 4, 5}]
    assert pairs.classes_order == list(range(8))
    assert [e.task_label for e in pairs.test_stream] == [0, 1]


@needs_omniglot
def test_the_real_alphabets_of_the_small_set():
    benchmark = SplitAlphabetOmniglot(5, shuffle=False, dataset_root=SMALL)
    assert benchmark.n_classes_per_exp == [24, 22, 24, 40, 26]


def test_mistakes_are_named(root):
    for drawers in (0, 20, 2.5):
        with pytest.raises(ValueError, match=f"test_drawers={drawers}: expected an int from 1"):
            SplitOmniglot(4, dataset_root=root, test_drawers=drawers)
    with pytest.raises(ValueError, match="n_experiences=3"):
        SplitOmniglot(3, dataset_root=root)
    with pytest.raises(ValueError, match="n_experiences=3"):
        SplitAlphabetOmniglot(3, dataset_root=root)


def test_permuted_and_rotated_images_are_the_stored_ones_moved(root):
    from torchvision.transforms.functional import rotate

    from avalanche.benchmarks.classic import PermutedOmniglot, RotatedOmniglot

    options = {"train_transform": None, "eval_transform": None, "dataset_root": root}
    plain = RotatedOmniglot(1, rotations_list=[0], **options).train_stream[0].dataset
    images, labels, _ = plain.batch(torch.arange(len(plain)))
    assert images.shape == (8 * 15, 1, 105, 105)
    assert 0 <= float(images.min()) < float(images.max()) == 1
    turned = RotatedOmniglot(2, rotations_list=[0, 30], **options).train_stream[1].dataset
    expected = torch.stack([rotate(image, 30.0) for image in images])
    torch.testing.assert_close(turned.batch(torch.arange(len(turned)))[0], expected)

    rgb = Compose([Lambda(lambda image: image.convert("RGB")), ToTensor()])
    of_images = PermutedOmniglot(1, seed=4, train_transform=rgb, dataset_root=root)
    assert of_images.train_stream[0].dataset[0][0].shape == (3, 105, 105)

    permuted = PermutedOmniglot(2, seed=4, return_task_id=True, **options)
    (first, y, t), (second, _, _) = (
        e.dataset.batch(torch.arange(len(plain))) for e in permuted.train_stream
    )
    assert not torch.equal(first, second)
    assert torch.equal(first.flatten(1).sort(1).values, images.flatten(1).sort(1).values)
    assert torch.equal(y, labels)
    assert set(t.tolist()) == {0}
    assert permuted.n_classes == 8
    with pytest.raises(ValueError, match="n_experiences=0"):
        PermutedOmniglot(0, dataset_root=root)
