"""The MNIST family on the real files, against torchvision's own reading of them."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import transforms as T
from torchvision.datasets import MNIST
from torchvision.transforms.functional import rotate

from avalanche.benchmarks import PermutedMNIST, RotatedMNIST, SplitMNIST
from avalanche.benchmarks.classic.cmnist import PixelsPermutation
from avalanche.benchmarks.utils.data_loader import TaskBalancedDataLoader

ROOT = Path(__file__).parents[3].parent / "shared" / "data"
needs_mnist = pytest.mark.skipif(
    not (ROOT / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file(),
    reason="MNIST's files are not in ../shared/data",
)
NORMALIZE = T.Compose([T.ToTensor(), T.Normalize((0.1307,), (0.3081,))])


@pytest.fixture(scope="module")
def reference():
    return MNIST(str(ROOT), train=False, transform=NORMALIZE)


@needs_mnist
def test_split_mnist_gives_the_classes_and_images_of_torchvision(reference):
    benchmark = SplitMNIST(5, seed=1, dataset_root=str(ROOT))
    assert benchmark.classes_order == [5, 6, 1, 2, 0, 8, 9, 3, 7, 4]
    assert [len(e.dataset) for e in benchmark.train_stream] == [11339, 12700, 11774, 12080, 12107]
    experience = benchmark.test_stream[1]
    rows = torch.cat([(reference.targets == c).nonzero().flatten() for c in (1, 2)])
    assert experience.dataset.targets == reference.targets[rows].tolist()
    for position in (0, 500, 2166):
        image, label, task = experience.dataset[position]
        expected, expected_label = reference[int(rows[position])]
        assert torch.equal(image, expected)
        assert (label, task) == (expected_label, 0)
    batch = experience.dataset.batch(torch.arange(40))
    assert torch.equal(batch[0], torch.stack([reference[int(i)][0] for i in rows[:40]]))
    assert torch.equal(batch[1], reference.targets[rows[:40]])


@needs_mnist
def test_a_pil_style_transform_on_tensors_does_what_was_meant():
    benchmark = SplitMNIST(
        n_experiences=5,
        seed=1,
        return_task_id=False,
        fixed_class_order=[5, 0, 9, 1, 7, 6, 4, 3, 2, 8],
        train_transform=T.ToTensor(),
        eval_transform=T.ToTensor(),
        dataset_root=str(ROOT),
    )
    data = benchmark.train_stream[0].dataset
    assert benchmark.train_stream[0].classes_in_this_experience == [5, 0]
    batch = data.batch([0, 1, 2])[0]
    assert (batch.dtype, float(batch.max())) == (torch.float32, 1.0)
    assert torch.equal(batch[1], data[1][0])


OF_IMAGES = {
    "another mode": T.Compose([T.Lambda(lambda image: image.convert("RGB")), T.ToTensor()]),
    "bytes": T.Compose([T.PILToTensor(), T.ConvertImageDtype(torch.float64)]),
    "three channels": T.Compose(
        [T.Grayscale(3), T.ToTensor(), T.Normalize((0.5,) * 3, (0.5,) * 3)]
    ),
    "larger": T.Compose([T.Resize(32), T.ToTensor()]),
}


@needs_mnist
@pytest.mark.parametrize("name", OF_IMAGES)
@pytest.mark.parametrize("make", [SplitMNIST, PermutedMNIST, RotatedMNIST])
def test_transforms_that_were_written_for_images_get_them(name, make):
    transform = OF_IMAGES[name]
    options = {"seed": 0, "dataset_root": str(ROOT)}
    plain = make(1, train_transform=None, eval_transform=None, **options)
    before = torch.get_rng_state()
    both = make(1, train_transform=transform, eval_transform=transform, **options)
    train_only = make(1, train_transform=transform, eval_transform=None, **options)
    assert torch.equal(torch.get_rng_state(), before)
    images = plain.train_stream[0].dataset
    for benchmark in (both, train_only):
        data = benchmark.train_stream[0].dataset
        for i in (0, 500):
            expected = transform(T.ToPILImage()((images[i][0] * 255).round().to(torch.uint8)))
            torch.testing.assert_close(data[i][0], expected, rtol=0, atol=0.02)
            assert torch.equal(data.batch([i])[0][0], data[i][0])
    unchanged = train_only.test_stream[0].dataset
    assert torch.equal(unchanged.batch([3])[0], plain.test_stream[0].dataset.batch([3])[0])


@needs_mnist
@pytest.mark.parametrize(
    "transform",
    [T.Normalize((0.1,), (0.3,)), T.ToTensor(), T.Lambda(lambda x: x.flatten()), T.Resize(14)],
)
def test_transforms_of_tensors_get_tensors(transform):
    data = SplitMNIST(5, seed=0, train_transform=transform, dataset_root=str(ROOT))
    assert "ToImage" not in repr(data.train_stream[0].dataset.parts[0].stages)
    assert isinstance(data.train_stream[0].dataset[0][0], torch.Tensor)


@needs_mnist
def test_permutations_come_from_the_seed_and_share_the_images(reference):
    benchmark = PermutedMNIST(3, seed=3, dataset_root=str(ROOT))
    random = np.random.RandomState(3)
    for experience in benchmark.test_stream:
        permutation = torch.from_numpy(random.permutation(784))
        for position in (0, 77):
            raw = reference[position][0]
            expected = raw.flatten()[permutation].view(1, 28, 28)
            assert torch.equal(experience.dataset[position][0], expected)
            assert torch.equal(experience.dataset.batch([position])[0][0], expected)
    train = [e.dataset for e in benchmark.train_stream]
    assert len({id(d.parts[0].source) for d in train}) == 1
    assert (benchmark.n_classes, benchmark.task_labels) == (10, [[0], [0], [0]])
    joined = train[0].subset([0, 1]) + train[2].subset([5])
    x, _, t = joined.batch([2, 0, 1])
    for row, (data, i) in zip(x, [(train[2], 5), (train[0], 0), (train[0], 1)], strict=True):
        assert torch.equal(row, data[i][0])
    assert t.tolist() == [0, 0, 0]


@needs_mnist
def test_rotation_equals_torchvisions_rotation_of_every_image():
    plain = {"train_transform": None, "eval_transform": None, "dataset_root": str(ROOT)}
    images = SplitMNIST(1, shuffle=False, **plain).original_test_dataset
    benchmark = RotatedMNIST(4, rotations_list=[30, -45, 180, 90], return_task_id=True, **plain)
    for experience, angle in zip(benchmark.test_stream, [30, -45, 180, 90], strict=True):
        x, _, t = experience.dataset.batch(range(25))
        expected = torch.stack([rotate(images[i][0], float(angle)) for i in range(25)])
        assert torch.equal(x, expected)
        assert set(t.tolist()) == {experience.current_experience}
        assert torch.equal(experience.dataset[3][0], expected[3])


@needs_mnist
def test_angles_come_from_the_seed():
    benchmark = RotatedMNIST(2, seed=3, dataset_root=str(ROOT))
    random = np.random.RandomState(3)
    labels = [repr(e.dataset.parts[0].stages[0]["train"]) for e in benchmark.train_stream]
    for label in labels:
        assert f"rotated by {random.randint(-180, 181)}," in label


@needs_mnist
def test_a_loader_gives_every_sample_once():
    data = SplitMNIST(5, seed=1, dataset_root=str(ROOT)).test_stream[0].dataset
    seen = [
        (y, float(x.sum()))
        for b in TaskBalancedDataLoader(data, batch_size=100, shuffle=True)
        for x, y in zip(b[0], b[1].tolist(), strict=True)
    ]
    expected = [(y, float(x.sum())) for x, y, _ in data]
    assert sorted(seen) == sorted(expected)


@pytest.mark.parametrize("make", [SplitMNIST, PermutedMNIST, RotatedMNIST])
def test_a_folder_without_the_files_is_an_error_of_one_line(make, tmp_path):
    with pytest.raises(FileNotFoundError, match="dataset_root=.*train-images-idx3-ubyte") as caught:
        make(2, dataset_root=str(tmp_path))
    assert "\n" not in str(caught.value)


def test_odd_arguments_are_refused():
    with pytest.raises(ValueError, match="n_experiences=0"):
        PermutedMNIST(0)
    with pytest.raises(ValueError, match=r"rotations_list=\[10\]: expected 2 angles"):
        RotatedMNIST(2, rotations_list=[10])
    with pytest.raises(ValueError, match="from -180 to 180"):
        RotatedMNIST(1, rotations_list=[200])


def test_pixels_permutation_of_images_and_tensors():
    order = torch.randperm(36, generator=torch.Generator().manual_seed(0))
    permute = PixelsPermutation(order.tolist())
    pixels = torch.arange(36, dtype=torch.uint8).view(1, 6, 6)
    permuted = permute(pixels)
    assert torch.equal(permuted.flatten(), order.to(torch.uint8))
    image = permute(T.ToPILImage()(pixels))
    assert np.array_equal(np.asarray(image), permuted[0].numpy())
    assert torch.equal(permute.batch(pixels.expand(3, 1, 6, 6))[2], permuted)
    assert torch.equal(pickle.loads(pickle.dumps(permute))(pixels), permuted)
    assert repr(permute) == repr(PixelsPermutation(order))
    with pytest.raises(ValueError, match="each of the positions 0 to 2 once"):
        PixelsPermutation([0, 1, 1])
    with pytest.raises(ValueError, match="36 positions, images of 9 values"):
        permute(torch.zeros(1, 3, 3))


@needs_mnist
def test_no_generator_is_seeded_by_building_a_benchmark(monkeypatch):
    seeds = []
    monkeypatch.setattr(torch, "manual_seed", seeds.append)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    own = torch.Generator().manual_seed(3)
    for make in (SplitMNIST, PermutedMNIST, RotatedMNIST):
        make(2, seed=0, dataset_root=str(ROOT))
    assert seeds == []
    data = SplitMNIST(5, seed=0, train_transform=Draws(own), dataset_root=str(ROOT))
    assert torch.equal(own.get_state(), torch.Generator().manual_seed(3).get_state())
    assert data.train_stream[0].dataset[0][0].shape == (1, 28, 28)


class Draws:
    """A transform with a generator of its own."""

    def __init__(self, generator):
        self.generator = generator

    def __call__(self, image):
        return image + torch.rand(1, generator=self.generator)
