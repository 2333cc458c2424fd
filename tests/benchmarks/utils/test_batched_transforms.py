"""Every entry of the registry: the batched path against the per-sample path of torchvision."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision import transforms as T
from torchvision.datasets import CIFAR10, MNIST
from torchvision.transforms import v2

from avalanche.benchmarks.utils import AvalancheDataset, BatchTransform
from avalanche.benchmarks.utils.batched_transforms import REGISTRY, Step, steps_of
from avalanche.benchmarks.utils.columns import ImageBatch
from avalanche.benchmarks.utils.pipeline import Part, Program
from avalanche.benchmarks.utils.sources import ColumnSource
from avalanche.benchmarks.utils.transform_groups import DefaultTransformGroups

PIXELS = torch.randint(
    0, 256, (9, 3, 12, 10), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
)
FLOATS = torch.randn(9, 3, 12, 10, generator=torch.Generator().manual_seed(2))

ON_IMAGES = {
    "v1.ToTensor": [T.ToTensor()],
    "v2.ToImage": [v2.ToImage()],
    "v1.PILToTensor": [T.PILToTensor()],
    "v2.PILToTensor": [v2.PILToTensor()],
}
ON_TENSORS = {
    "v1.ConvertImageDtype": (PIXELS, [T.ConvertImageDtype(torch.float32)]),
    "v2.ConvertImageDtype": (PIXELS, [v2.ConvertImageDtype(torch.float32)]),
    "v1.ConvertImageDtype(u8)": (FLOATS.sigmoid(), [T.ConvertImageDtype(torch.uint8)]),
    "v2.ToDtype": (PIXELS, [v2.ToDtype(torch.float32, scale=True)]),
    "v2.ToDtype(no scale)": (PIXELS, [v2.ToDtype(torch.float32)]),
    "v2.ToDtype(64)": (PIXELS, [v2.ToDtype(torch.float64, scale=True)]),
    "v1.Normalize": (FLOATS, [T.Normalize((0.1, 0.2, 0.3), (0.7, 1.1, 3.0))]),
    "v2.Normalize": (FLOATS, [v2.Normalize([0.1, 0.2, 0.3], [0.7, 1.1, 3.0])]),
    "v1.Normalize(one)": (FLOATS, [T.Normalize((0.1307,), (0.3081,))]),
    "v1.Normalize(double)": (FLOATS.double(), [T.Normalize((0.1307,), (0.3081,))]),
    "v2.ToImage": (PIXELS, [v2.ToImage()]),
}


def program(transforms):
    return Program([T.Compose(transforms)])


def per_sample(transforms, values):
    out = []
    for value in values:
        for transform in transforms:
            value = transform(value)
        out.append(value)
    return torch.stack([o.as_subclass(torch.Tensor) for o in out])


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("name", ON_IMAGES)
def test_deterministic_entries_on_images_give_the_same_bits(name, grey):
    pixels = PIXELS[:, :1] if grey else PIXELS
    images = ImageBatch(pixels.clone()).to_pil()
    assert images[0].mode == ("L" if grey else "RGB")
    assert np.array_equal(np.asarray(images[2]).reshape(12, 10, -1), pixels[2].permute(1, 2, 0))
    transforms = ON_IMAGES[name]
    assert steps_of(transforms[0])[0].is_batched
    got = program(transforms).batch([ImageBatch(pixels.clone())])[0]
    expected = per_sample(transforms, images)
    assert got.dtype == expected.dtype
    assert torch.equal(got, expected)


@pytest.mark.parametrize("name", ON_TENSORS)
def test_deterministic_entries_on_tensors_give_the_same_bits(name):
    values, transforms = ON_TENSORS[name]
    assert steps_of(transforms[0])[0].is_batched
    got = program(transforms).batch([values.clone()])[0]
    expected = per_sample(transforms, list(values.clone()))
    assert got.dtype == expected.dtype
    assert torch.equal(got, expected)


def test_every_entry_of_the_registry_is_tested_here():
    random = {
        "v1.RandomHorizontalFlip",
        "v2.RandomHorizontalFlip",
        "v1.RandomCrop",
        "v2.RandomCrop",
    }
    special = {"v2.ToTensor"}  # deprecated: making one warns; the same function as v1's
    assert set(REGISTRY) == {n.split("(")[0] for n in [*ON_IMAGES, *ON_TENSORS]} | random | special


@pytest.mark.parametrize("cls", [T.RandomHorizontalFlip, v2.RandomHorizontalFlip])
def test_flips_are_drawn_for_every_sample(cls):
    values = torch.arange(4000.0).view(2000, 1, 1, 2)
    out = program([cls(0.3)]).batch([values.clone()])[0]
    flipped = (out != values).any(-1).flatten()
    assert torch.equal(out[flipped], values[flipped].flip(-1))
    assert stats.binomtest(int(flipped.sum()), 2000, 0.3).pvalue > 1e-4
    runs = int((flipped[1:] != flipped[:-1]).sum())
    assert stats.binomtest(runs, 1999, 2 * 0.3 * 0.7).pvalue > 1e-4
    assert torch.equal(program([cls(0.0)]).batch([values.clone()])[0], values)
    assert torch.equal(program([cls(1.0)]).batch([values.clone()])[0], values.flip(-1))


@pytest.mark.parametrize("cls", [T.RandomCrop, v2.RandomCrop])
@pytest.mark.parametrize("padding", [None, 2, (1, 3), (0, 1, 2, 3)])
def test_crops_are_windows_of_the_padded_image_drawn_for_every_sample(cls, padding):
    size = (4, 5)
    values = torch.arange(1.0, 49.0).view(1, 1, 6, 8).expand(1500, 1, 6, 8)
    padded = torch.nn.functional.pad(
        values[:1], {None: [0] * 4, 2: [2] * 4, (1, 3): [1, 1, 3, 3]}.get(padding, [0, 2, 1, 3])
    )
    windows = {}
    for top in range(padded.shape[2] - 3):
        for left in range(padded.shape[3] - 4):
            windows[tuple(padded[0, 0, top : top + 4, left : left + 5].flatten().tolist())] = 0
    out = program([cls(size, padding=padding)]).batch([values.clone()])[0]
    assert out.shape == (1500, 1, *size)
    for window in out.flatten(1).tolist():
        windows[tuple(window)] += 1
    assert stats.chisquare(list(windows.values())).pvalue > 1e-4


def test_an_unusual_configuration_runs_per_sample():
    for transform in (
        T.RandomCrop(4, pad_if_needed=True),
        T.RandomCrop(4, padding=1, padding_mode="reflect"),
        T.RandomCrop(4, padding=1, fill=(1, 2, 3)),
    ):
        assert not Step(transform).is_batched
        out = program([transform, T.ToTensor()]).batch([ImageBatch(PIXELS.clone())])[0]
        assert out.shape == (9, 3, 4, 4)


def test_subclasses_and_unknown_transforms_run_per_sample():
    class Mine(T.Normalize):
        def forward(self, tensor):
            return tensor * 2

    seen = []

    def spy(image):
        seen.append(image)
        return image

    assert not Step(Mine(0.5, 0.5)).is_batched
    chain = [spy, T.ToTensor(), Mine((0.5,), (0.5,)), T.Normalize((0.5,), (0.5,))]
    out = program(chain).batch([ImageBatch(PIXELS.clone())])[0]
    assert all(isinstance(image, Image.Image) for image in seen)
    expected = ((PIXELS.float() / 255) * 2 - 0.5) / 0.5
    assert torch.allclose(out, expected)


def test_normalize_on_bytes_is_refused_with_a_remedy():
    with pytest.raises(TypeError, match=r"put ToTensor\(\)"):
        program([T.Normalize(0.5, 0.5)]).batch([PIXELS.clone()])


def test_a_batch_transform_of_the_user_runs_once_per_batch():
    class Invert(BatchTransform):
        calls = 0

        def batch(self, values):
            Invert.calls += 1
            return 1 - values

    data = AvalancheDataset(
        torch.utils.data.TensorDataset(FLOATS), transform_groups=DefaultTransformGroups(Invert())
    )
    assert torch.equal(data.batch(range(9))[0], 1 - FLOATS)
    assert Invert.calls == 1
    assert torch.equal(data[2][0], 1 - FLOATS[2])


class TestMemorySets:
    """In-memory torchvision sets, with no files: only the fields that their samples come from."""

    @staticmethod
    def make(cls, data, transform, target_transform=None):
        dataset = cls.__new__(cls)
        dataset.data, dataset.targets = data, [i % 4 for i in range(len(data))]
        if cls is MNIST:
            dataset.targets = torch.tensor(dataset.targets)
        dataset.transform, dataset.target_transform = transform, target_transform
        return dataset

    @pytest.mark.parametrize("kind", ["mnist", "cifar"])
    def test_batches_equal_the_sets_own_samples(self, kind):
        transform = T.Compose([T.ToTensor(), T.Normalize((0.5,), (0.25,))])
        if kind == "mnist":
            dataset = self.make(MNIST, PIXELS[:, 0].clone(), transform, lambda y: y + 10)
        else:
            cifar_data = PIXELS.permute(0, 2, 3, 1).contiguous().numpy()
            dataset = self.make(CIFAR10, cifar_data, transform, lambda y: y + 10)
        data = AvalancheDataset(dataset)
        assert isinstance(data.parts[0].source, ColumnSource)
        x, y = data.batch([4, 0, 8])
        for row, i in enumerate([4, 0, 8]):
            expected, label = dataset[i]
            assert torch.equal(x[row], expected)
            assert torch.equal(data[i][0], expected)
            assert int(y[row]) == int(data[i][1]) == label

    def test_images_without_transform_can_not_be_collated(self):
        data = AvalancheDataset(self.make(MNIST, PIXELS[:, 0].clone(), None))
        assert isinstance(data[0][0], Image.Image)
        with pytest.raises(TypeError, match=r"add torchvision.transforms.ToTensor\(\)"):
            data.batch([0, 1])

    def test_a_subclass_that_reads_differently_stays_per_sample(self):
        class Odd(MNIST):
            def __getitem__(self, index):
                return torch.tensor([index]), 0

            def __len__(self):
                return 9

        data = AvalancheDataset(self.make(Odd, PIXELS[:, 0].clone(), None))
        assert data.batch([3])[0].tolist() == [[3]]

    def test_random_transforms_of_images_stay_images(self):
        transform = T.Compose([T.RandomCrop(8, padding=2), T.RandomHorizontalFlip(), T.ToTensor()])
        data = AvalancheDataset(self.make(MNIST, PIXELS[:, 0].clone(), transform))
        x, _ = data.batch(range(9))
        assert (x.shape, x.dtype) == ((9, 1, 8, 8), torch.float32)


def test_source_and_program_agree_sample_by_sample():
    source = ColumnSource([PIXELS, torch.arange(9)])
    groups = DefaultTransformGroups(
        (T.Compose([T.ToTensor(), T.Normalize(0.5, 0.5)]), lambda y: -y)
    )
    part = Part(source, (groups,))
    x, y = part.fetch(torch.tensor([2, 7]), "train")
    for k, row in enumerate([2, 7]):
        sample = part.sample(row, "train")
        assert torch.equal(sample[0], x[k])
        assert sample[1] == int(y[k]) == -row
