"""Every entry of the registry: the batched path against the per-sample path of torchvision."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision import transforms as T
from torchvision.datasets import CIFAR10, MNIST
from torchvision.transforms import functional as F
from torchvision.transforms import v2

from avalanche.benchmarks.utils import AvalancheDataset, BatchTransform
from avalanche.benchmarks.utils.batched_random import adjust, rotate
from avalanche.benchmarks.utils.batched_transforms import PER_SAMPLE, REGISTRY, Step, steps_of
from avalanche.benchmarks.utils.columns import ImageBatch, pack_images
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
    "v1.CenterCrop": [T.CenterCrop(7), T.PILToTensor()],
    "v2.CenterCrop": [v2.CenterCrop((5, 30)), v2.ToImage()],
    "v1.Pad": [T.Pad((1, 2), fill=9), T.PILToTensor()],
    "v1.Pad(reflect)": [T.Pad((1, 2, 3, 4), padding_mode="reflect"), T.PILToTensor()],
    "v2.Pad": [v2.Pad([3, 1, 2, 0], fill=200), v2.ToImage()],
    "v2.Pad(edge)": [v2.Pad(2, padding_mode="edge"), v2.ToImage()],
    "v2.Pad(symmetric)": [v2.Pad(2, padding_mode="symmetric"), v2.ToImage()],
    "v1.Grayscale": [T.Grayscale(), T.PILToTensor()],
    "v1.Grayscale(3)": [T.Grayscale(3), T.ToTensor(), T.Normalize(0.5, 0.5)],
    "v2.Grayscale": [v2.Grayscale(3), v2.ToImage()],
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
    "v1.Resize": (PIXELS, [T.Resize((6, 15))]),
    "v1.Resize(float)": (FLOATS, [T.Resize(24)]),
    "v1.Resize(bicubic)": (FLOATS, [T.Resize(7, interpolation=T.InterpolationMode.BICUBIC)]),
    "v1.Resize(plain)": (PIXELS, [T.Resize(5, antialias=False)]),
    "v2.Resize": (PIXELS, [v2.Resize((6, 15))]),
    "v2.Resize(nearest)": (FLOATS, [v2.Resize(20, v2.InterpolationMode.NEAREST_EXACT)]),
    "v1.CenterCrop": (PIXELS, [T.CenterCrop(20)]),
    "v2.CenterCrop": (FLOATS, [v2.CenterCrop(5), v2.Normalize([0.5] * 3, [0.5] * 3)]),
    "v1.Pad": (FLOATS, [T.Pad((1, 2), fill=0.5)]),
    "v1.Pad(symmetric)": (PIXELS, [T.Pad(2, padding_mode="symmetric")]),
    "v2.Pad": (PIXELS, [v2.Pad(2, padding_mode="reflect")]),
    "v1.Grayscale": (PIXELS, [T.Grayscale()]),
    "v1.Grayscale(3)": (FLOATS, [T.Grayscale(3), T.Normalize((0.1, 0.2, 0.3), (1, 2, 3))]),
    "v2.Grayscale": (FLOATS, [v2.Grayscale(3), v2.Normalize([0.1] * 3, [0.2] * 3)]),
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
        "v1.RandomVerticalFlip",
        "v2.RandomVerticalFlip",
        "v1.RandomErasing",
        "v2.RandomErasing",
        "v1.RandomRotation",
        "v2.RandomRotation",
        "v1.ColorJitter",
        "v2.ColorJitter",
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


@pytest.mark.parametrize("cls", [T.RandomVerticalFlip, v2.RandomVerticalFlip])
def test_vertical_flips_are_drawn_for_every_sample(cls):
    values = torch.arange(4000.0).view(2000, 1, 2, 1)
    out = program([cls(0.4)]).batch([values.clone()])[0]
    flipped = (out != values).any(-2).flatten()
    assert torch.equal(out[flipped], values[flipped].flip(-2))
    assert stats.binomtest(int(flipped.sum()), 2000, 0.4).pvalue > 1e-4
    pixels = PIXELS.clone()
    images = program([cls(1.0), T.PILToTensor()]).batch([ImageBatch(pixels)])[0]
    assert torch.equal(images, PIXELS.flip(-2))


def boxes_of(out):
    """Top, left, height and width of the box that differs from zero, per image."""
    found = []
    for mask in (out != 0).any(1):
        rows, cols = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        if len(rows):
            box = mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
            assert box.all()
            found.append((int(rows[0]), int(cols[0]), *box.shape))
    return torch.tensor(found).double()


@pytest.mark.parametrize("cls", [T.RandomErasing, v2.RandomErasing])
def test_erased_boxes_have_the_distribution_of_the_original(cls):
    transform = cls(0.7, scale=(0.05, 0.3), ratio=(0.4, 2.5), value=1)
    zeros = torch.zeros(1500, 3, 16, 20)
    batched = boxes_of(program([transform]).batch([zeros.clone()])[0])
    single = boxes_of(per_sample([transform], list(zeros.clone())))
    assert stats.binomtest(len(batched), 1500, 0.7).pvalue > 1e-4
    for column in range(4):
        assert stats.ks_2samp(batched[:, column], single[:, column]).pvalue > 1e-4
    follows = np.corrcoef(batched[1:, 0], batched[:-1, 0])[0, 1]
    assert abs(follows) < 0.15
    channels = program([cls(1.0, value=(1.0, 2.0, 3.0))]).batch([torch.zeros(4, 3, 16, 20)])[0]
    assert channels.amax((0, 2, 3)).tolist() == [1, 2, 3]
    noise = program([cls(1.0, value="random", scale=(0.3, 0.33))])
    drawn = noise.batch([torch.zeros(200, 3, 16, 20)])[0]
    assert stats.kstest(drawn[drawn != 0].double(), "norm").pvalue > 1e-4


@pytest.mark.parametrize("values", [FLOATS, PIXELS, FLOATS.double()], ids=["f32", "u8", "f64"])
@pytest.mark.parametrize("mode", [T.InterpolationMode.NEAREST, T.InterpolationMode.BILINEAR])
@pytest.mark.parametrize("fill", [0.0, 3.0])
def test_images_are_turned_as_the_original_does(values, mode, fill):
    drawn = torch.Generator().manual_seed(4)
    for function in (F.rotate, v2.functional.rotate):
        for _ in range(5):
            angles = torch.empty(len(values)).uniform_(-180, 180, generator=drawn)
            pairs = zip(values, angles.tolist(), strict=True)
            expected = torch.stack([function(x, a, mode, fill=[fill] * 3) for x, a in pairs])
            got = rotate(values, angles, mode.value, fill)
            assert got.dtype == expected.dtype
            exact = mode is T.InterpolationMode.NEAREST or values is PIXELS
            assert torch.allclose(got, expected, rtol=0, atol=0 if exact else 1e-5)


@pytest.mark.parametrize("cls", [T.RandomRotation, v2.RandomRotation])
def test_angles_are_drawn_for_every_sample(cls):
    ramp = torch.linspace(-1, 1, 33).expand(1, 1, 33, 33)  # turned by a, it rises by cos a
    values = ramp.expand(800, 1, 33, 33)
    for degrees in (60, (10, 30)):
        transform = cls(degrees, T.InterpolationMode.BILINEAR)
        batched = program([transform]).batch([values.clone()])[0]
        single = per_sample([transform], list(values.clone()))
        slopes = [(o[:, 0, 16, 24] - o[:, 0, 16, 8]).double().numpy() for o in (batched, single)]
        assert stats.ks_2samp(*slopes).pvalue > 1e-4
        assert abs(np.corrcoef(slopes[0][1:], slopes[0][:-1])[0, 1]) < 0.15


def test_colours_are_adjusted_as_the_original_does():
    images = torch.rand(6, 3, 5, 4, generator=torch.Generator().manual_seed(3))
    factors = torch.tensor([0.0, 0.3, 0.9, 1.0, 1.4, 3.0])
    functions = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation]
    for operation, function in enumerate(functions):
        got = adjust(operation, images.clone(), factors.view(-1, 1, 1, 1))
        expected = [function(x, float(f)) for x, f in zip(images, factors, strict=True)]
        assert torch.allclose(got, torch.stack(expected), atol=1e-6)


@pytest.mark.parametrize("cls", [T.ColorJitter, v2.ColorJitter])
def test_colours_are_drawn_for_every_sample(cls):
    images = torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(3)).expand(800, 3, 4, 4)
    for options in ({"brightness": (0.2, 1.0)}, {"contrast": 0.5, "saturation": 0.5}):
        transform = cls(**options)
        batched = program([transform]).batch([images.clone()])[0]
        single = per_sample([transform], list(images.clone()))
        assert len(batched.flatten(1).unique(dim=0)) == 800
        for pixel in (0, 13, 40):
            both = batched.flatten(1)[:, pixel], single.flatten(1)[:, pixel]
            assert stats.ks_2samp(*(v.double().numpy() for v in both)).pvalue > 1e-4
    assert torch.equal(program([cls()]).batch([images.clone()])[0], images)
    grey = program([cls(brightness=0.5)]).batch([torch.rand(4, 1, 5, 5)])[0]
    assert grey.shape == (4, 1, 5, 5)


def test_what_runs_per_sample_gives_the_same_pixels_and_says_why():
    assert {"RandomRotation", "RandomResizedCrop", "Lambda"} <= set(PER_SAMPLE)
    images = ImageBatch(PIXELS.clone()).to_pil()
    for chain in (
        [T.Resize(6), T.ToTensor()],
        [v2.Resize(6), T.PILToTensor()],
        [T.Lambda(lambda image: image.rotate(90)), T.CenterCrop(5), T.ToTensor()],
        [T.Grayscale(), T.Resize(5), T.ToTensor()],
    ):
        got = program(chain).batch([ImageBatch(PIXELS.clone())])[0]
        assert torch.equal(got, per_sample(chain, images))
    for cls in (T, v2):
        for transform in (
            cls.RandomRotation(30, expand=True),
            cls.RandomRotation(30, center=(1, 2)),
            cls.RandomRotation(30, fill=(1, 2, 3)),
            cls.RandomResizedCrop(6),
            cls.ColorJitter(hue=0.1),
            cls.Lambda(lambda x: x),
        ):
            assert not Step(transform).is_batched
        out = program([cls.RandomResizedCrop(6)]).batch([FLOATS.clone()])[0]
        assert out.shape == (9, 3, 6, 6)


def test_lists_of_images_of_one_size_become_batches_again():
    images = ImageBatch(PIXELS.clone()).to_pil()
    packed = pack_images(images)
    assert torch.equal(packed.pixels, PIXELS)
    assert pack_images([*images, images[0].resize((3, 3))]) is None
    assert pack_images([images[0].convert("P")]) is None
    assert pack_images([]) is None
    assert torch.equal(program([T.PILToTensor()]).batch([images])[0], PIXELS)


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
