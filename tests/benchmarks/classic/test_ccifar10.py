"""Split CIFAR-10 on files in the real format."""

from pathlib import Path

import pytest
import torch
from torchvision import transforms as T

from avalanche.benchmarks import SplitCIFAR10
from avalanche.benchmarks.utils.data_loader import TaskBalancedDataLoader

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
NORMALIZE = T.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))


@pytest.fixture
def root(tmp_path, write_cifar):
    write_cifar(tmp_path, 10)
    return tmp_path


def test_the_class_order_is_that_of_avalanche_lib(root):
    order = [6, 0, 3, 7, 8, 5, 1, 9, 2, 4]  # recorded from avalanche-lib 0.6.0
    assert SplitCIFAR10(5, seed=3, dataset_root=root).classes_order == order
    half = SplitCIFAR10(6, first_exp_with_half_classes=True, seed=3, dataset_root=root)
    assert (half.classes_order, half.n_classes_per_exp) == (order, [5, 1, 1, 1, 1, 1])


def test_test_samples_are_the_normalised_images(tmp_path, write_cifar):
    pixels, labels = write_cifar(tmp_path, 10)[False]
    data = SplitCIFAR10(5, shuffle=False, dataset_root=tmp_path).test_stream[2].dataset
    rows = [i for c in (4, 5) for i, label in enumerate(labels) if label == c]
    assert data.targets == [int(labels[i]) for i in rows]
    expected = NORMALIZE(torch.tensor(pixels[rows].reshape(-1, 3, 32, 32)).float() / 255)
    assert torch.allclose(data.batch(range(len(rows)))[0], expected, atol=1e-6)


def test_training_samples_are_augmented_one_by_one(root):
    data = SplitCIFAR10(5, shuffle=False, dataset_root=root).train_stream[0].dataset
    batch = data.batch([0] * 16)[0]
    assert batch.shape == (16, 3, 32, 32)
    assert len(batch.unique(dim=0)) > 4
    assert data.eval().batch([0] * 3)[0].unique(dim=0).shape[0] == 1


@pytest.mark.skipif(
    not (SHARED / "cifar10" / "train-00000-of-00001.parquet").is_file(),
    reason="CIFAR-10's Parquet files are not in ../shared/data",
)
@pytest.mark.slow
def test_the_real_images_are_normalised():
    pytest.importorskip("pyarrow")
    benchmark = SplitCIFAR10(5, seed=0, return_task_id=True, dataset_root=SHARED)
    assert [len(e.dataset) for e in benchmark.train_stream] == [10_000] * 5
    assert [len(e.dataset) for e in benchmark.test_stream] == [2000] * 5
    data = benchmark.train_stream[1].dataset.eval()
    loader = TaskBalancedDataLoader(data, batch_size=512, shuffle=True)
    images, labels, tasks = next(iter(loader))
    assert abs(float(images.mean())) < 0.2
    assert 0.8 < float(images.std()) < 1.5
    assert set(labels.tolist()) == set(benchmark.train_stream[1].classes_in_this_experience)
    assert set(tasks.tolist()) == {1}
